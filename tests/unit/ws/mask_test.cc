// SPDX-License-Identifier: Apache-2.0
//
// The mask by example; every length and alignment is tested against the slow form in
// tests/property/ws.
#include "gateway/ws/mask.h"

#include <gtest/gtest.h>

#include <string>

namespace ringway::ws {
namespace {

uint32_t MaskOf(std::string_view bytes) {
  uint32_t mask = 0;
  std::memcpy(&mask, bytes.data(), sizeof(mask));
  return mask;
}

TEST(Unmask, TakesTheMaskOffTheExampleOfTheStandard) {
  // RFC 6455 5.7: a single-frame masked text message that contains "Hello".
  uint8_t payload[] = {0x7f, 0x9f, 0x4d, 0x51, 0x58};
  Unmask(payload, payload, sizeof(payload), MaskOf("\x37\xfa\x21\x3d"));
  EXPECT_EQ(std::string(payload, payload + sizeof(payload)), "Hello");
}

TEST(Unmask, ReturnsTheMaskTurnedToTheNextByte) {
  uint8_t bytes[7] = {};
  EXPECT_EQ(Unmask(bytes, bytes, 0, MaskOf("abcd")), MaskOf("abcd"));
  EXPECT_EQ(Unmask(bytes, bytes, 1, MaskOf("abcd")), MaskOf("bcda"));
  EXPECT_EQ(Unmask(bytes, bytes, 4, MaskOf("abcd")), MaskOf("abcd"));
  EXPECT_EQ(Unmask(bytes, bytes, 7, MaskOf("abcd")), MaskOf("dabc"));
}

TEST(Unmask, ShiftsThePayloadOntoItsHeader) {
  std::string buffer = "HEADER" + std::string(90, 'x');
  uint8_t* const out = reinterpret_cast<uint8_t*>(buffer.data());
  Unmask(out, out + 6, 90, 0);
  EXPECT_EQ(buffer, std::string(90, 'x') + "xxxxxx");
}

}  // namespace
}  // namespace ringway::ws
