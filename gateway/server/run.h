// SPDX-License-Identifier: Apache-2.0
//
// The program.
#pragma once

namespace ringway::server {

/// Runs `ringway` with its command line. Returns the exit code: 0 done, 1 it could not be done (the
/// reason is on stderr), 2 the command line is wrong.
int Run(int argc, char** argv);

}  // namespace ringway::server
