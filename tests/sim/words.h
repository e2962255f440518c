// SPDX-License-Identifier: Apache-2.0
//
// Operations as a person reads them, in traces and failures.
#pragma once

#include <cstdint>
#include <string>

namespace ringway::sim {

/// What completes under these bits: "receive of link 5 (life 9)".
std::string InWords(uint64_t user_data);

/// "receive" of IORING_OP_RECV; of one that this kernel does not know its number.
std::string OpcodeInWords(uint8_t opcode);

/// "ECONNRESET" of -104, else the number.
std::string ResultInWords(int result);

}  // namespace ringway::sim
