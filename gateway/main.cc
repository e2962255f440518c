// SPDX-License-Identifier: Apache-2.0
//
// The program `ringway`. Everything is in the server room.
#include "gateway/server/run.h"

int main(int argc, char** argv) { return ringway::server::Run(argc, argv); }
