// SPDX-License-Identifier: Apache-2.0
//
// The frame reader, scenario by scenario and refusal by refusal. That cutting the stream changes
// nothing is tested in tests/property/ws.
#include "gateway/ws/frame_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/property/ws/stream_maker.h"

namespace ringway::ws {
namespace {

Bytes Stream(const std::vector<FrameSpec>& frames) {
  Bytes stream;
  for (const FrameSpec& frame : frames) AppendFrame(&stream, frame);
  return stream;
}

struct RefusalRow {
  const char* reason;
  CloseCode code;
  Bytes stream;
  ReaderRules rules = {};
};

void ExpectRefusal(const RefusalRow& row) {
  const Transcript transcript = Read(row.stream, row.rules);
  EXPECT_EQ(transcript.refusal_reason, row.reason);
  EXPECT_EQ(transcript.refusal, static_cast<uint16_t>(row.code)) << row.reason;
}

TEST(FrameReader, RefusesWhatTheHeaderShows) {
  const RefusalRow rows[] = {
      {"frame is not masked", CloseCode::kProtocolError, {0x81, 0x00}},
      {"frame has a reserved bit set", CloseCode::kProtocolError, Stream({{0xc1, {'a'}}})},
      {"frame has a reserved opcode", CloseCode::kProtocolError, Stream({{0x85, {'a'}}})},
      {"frame length is not in its shortest form",
       CloseCode::kProtocolError,
       {0x82, 0xfe, 0, 9, 1, 2, 3, 4}},
      {"frame length has its top bit set", CloseCode::kProtocolError, {0x82, 0xff, 0x80}},
      {"control frame is longer than 125 bytes", CloseCode::kProtocolError,
       Stream({{0x89, Bytes(126)}})},
      {"control frame is fragmented", CloseCode::kProtocolError, Stream({{0x09, {'a'}}})},
  };
  for (const RefusalRow& row : rows) ExpectRefusal(row);
}

TEST(FrameReader, RefusesFramesOutOfSequence) {
  const char* const inside = "new message inside a fragmented one";
  const char* const without = "continuation without a message";
  const RefusalRow rows[] = {
      {without, CloseCode::kProtocolError, Stream({{0x80, {'a'}}})},
      {without, CloseCode::kProtocolError, Stream({{0x81, {'a'}}, {0x00, {'b'}}})},
      {without, CloseCode::kProtocolError, Stream({{0x01, {'a'}}, {0x80, {'b'}}, {0x80, {'c'}}})},
      {without, CloseCode::kProtocolError, {0x80}},
      {inside, CloseCode::kProtocolError, Stream({{0x01, {'a'}}, {0x81, {'b'}}})},
      {inside, CloseCode::kProtocolError, Stream({{0x02, {}}, {0x02, {'b'}}})},
  };
  for (const RefusalRow& row : rows) ExpectRefusal(row);
}

TEST(FrameReader, RefusesTextThatIsNotUtf8) {
  const char* const reason = "text is not valid UTF-8";
  const Bytes euro = BytesOf("€");
  const RefusalRow rows[] = {
      {reason, CloseCode::kInvalidPayload, Stream({{0x81, {'a', 0xff}}})},
      {reason, CloseCode::kInvalidPayload, Stream({{0x81, {euro[0], euro[1]}}})},
      {reason, CloseCode::kInvalidPayload, Stream({{0x01, {euro[0]}}, {0x80, {'b'}}})},
      {reason, CloseCode::kInvalidPayload, Stream({{0x01, {euro[0]}}, {0x80, {}}})},
      {reason, CloseCode::kInvalidPayload, Stream({{0x81, Bytes(500, 0x80)}})},
  };
  for (const RefusalRow& row : rows) ExpectRefusal(row);
}

TEST(FrameReader, RefusesMoreThanTheLimitsBeforeAnyPayload) {
  const ReaderRules rules{.frame_bytes_max = 100, .message_bytes_max = 150};
  Bytes header_only = Stream({{0x82, Bytes(101)}});
  header_only.resize(6);
  const RefusalRow rows[] = {
      {"frame is larger than allowed", CloseCode::kTooBig, header_only, rules},
      {"message is larger than allowed", CloseCode::kTooBig,
       Stream({{0x02, Bytes(100)}, {0x80, Bytes(51)}}), rules},
      {"message is larger than allowed",
       CloseCode::kTooBig,
       Stream({{0x82, Bytes(90)}}),
       {.frame_bytes_max = 100, .message_bytes_max = 80}},
  };
  for (const RefusalRow& row : rows) ExpectRefusal(row);
  const Bytes at_limit = Stream({{0x02, Bytes(100)}, {0x80, Bytes(50)}, {0x82, Bytes(100)}});
  EXPECT_EQ(Read(at_limit, rules).heard.size(), 2u);
}

TEST(FrameReader, RefusesABadClose) {
  const RefusalRow rows[] = {
      {"close payload is one byte", CloseCode::kProtocolError, Stream({{0x88, {3}}})},
      {"close code is not allowed", CloseCode::kProtocolError, Stream({{0x88, {3, 0xed}}})},
      {"close reason is not UTF-8", CloseCode::kInvalidPayload,
       Stream({{0x88, {3, 0xe8, 0xc0, 0xaf}}})},
  };
  for (const RefusalRow& row : rows) ExpectRefusal(row);
}

TEST(FrameReader, ControlFramesComeBetweenTheFragmentsOfAMessage) {
  const Bytes stream = Stream({{0x01, BytesOf("Hel")},
                               {0x89, BytesOf("ping")},
                               {0x00, BytesOf("lo")},
                               {0x8a, {}},
                               {0x80, BytesOf("!")},
                               {0x88, {3, 0xe8}}});
  const std::vector<Heard> expected = {{Opcode::kPing, BytesOf("ping"), 3},
                                       {Opcode::kPong, {}, 5},
                                       {Opcode::kText, BytesOf("Hello!"), 0},
                                       {Opcode::kClose, {3, 0xe8}, 0}};
  const Transcript transcript = Read(stream, {});
  EXPECT_EQ(transcript.heard, expected);
  EXPECT_EQ(transcript.refusal, 0);
}

TEST(FrameReader, PayloadsOfSeveralFramesJoinToOneRunInTheirBuffer) {
  Bytes buffer =
      Stream({{0x82, BytesOf("one,")}, {0x02, BytesOf("two,")}, {0x80, Bytes(200, 'x')}});
  FrameReader reader;
  std::span<uint8_t> input(buffer);
  uint8_t* out = buffer.data();
  while (!input.empty()) {
    const ReadEvent event = reader.Next(input, out, {});
    ASSERT_EQ(event.step, ReadStep::kPayload);
    EXPECT_EQ(event.payload.data(), out);
    out += event.payload.size();
    input = input.subspan(event.consumed);
  }
  EXPECT_EQ(std::string(buffer.data(), out), "one,two," + std::string(200, 'x'));
}

TEST(FrameReader, AHeaderAloneIsConsumedAndItsPayloadStreams) {
  Bytes stream = Stream({{0x82, Bytes(1000, 'y')}});
  FrameReader reader;
  ReadEvent event = reader.Next({stream.data(), 8}, stream.data(), {});
  EXPECT_EQ(event.step, ReadStep::kPayload);
  EXPECT_EQ(event.consumed, 8u);
  EXPECT_TRUE(event.payload.empty());
  EXPECT_FALSE(event.message_end);
  EXPECT_TRUE(reader.InMessage());
  EXPECT_EQ(reader.Next({}, stream.data(), {}).step, ReadStep::kNeedMore);
  event = reader.Next({stream.data() + 8, 999}, stream.data(), {});
  EXPECT_EQ(event.payload.size(), 999u);
  EXPECT_FALSE(event.message_end);
  event = reader.Next({stream.data() + 1007, 1}, stream.data(), {});
  EXPECT_TRUE(event.message_end);
  EXPECT_FALSE(reader.InMessage());
}

TEST(FrameReader, EmptyMessagesYieldAnEmptyPayloadAndTheirEnd) {
  for (const uint8_t first : {uint8_t{0x81}, uint8_t{0x82}}) {
    Bytes stream = Stream({{first, {}}});
    FrameReader reader;
    const ReadEvent event = reader.Next(stream, stream.data(), {});
    EXPECT_EQ(event.step, ReadStep::kPayload);
    EXPECT_EQ(event.consumed, 6u);
    EXPECT_TRUE(event.payload.empty());
    EXPECT_TRUE(event.message_end);
  }
}

TEST(FrameReader, AControlFrameWaitsUntilItIsWhole) {
  Bytes stream = Stream({{0x89, Bytes(125, 'p')}});
  ASSERT_EQ(stream.size(), kHeldBytesMax + 1);
  FrameReader reader;
  for (size_t bytes = 0; bytes < stream.size(); ++bytes) {
    const ReadEvent event = reader.Next({stream.data(), bytes}, stream.data(), {});
    ASSERT_EQ(event.step, ReadStep::kNeedMore) << bytes;
    ASSERT_EQ(event.consumed, 0u) << bytes;
  }
  EXPECT_EQ(reader.Next(stream, stream.data(), {}).step, ReadStep::kPing);
}

TEST(FrameReader, InvalidTextIsRefusedInTheMiddleOfItsFrame) {
  Bytes stream = Stream({{0x81, BytesOf("fine so far \xf4\x90 and much more to come")}});
  FrameReader reader;
  // 6 bytes of header, 12 of text, the lead byte: valid so far.
  ASSERT_EQ(reader.Next({stream.data(), 19}, stream.data(), {}).step, ReadStep::kPayload);
  const ReadEvent event = reader.Next({stream.data() + 19, 1}, stream.data(), {});
  EXPECT_EQ(event.step, ReadStep::kRefused);
  EXPECT_EQ(event.refusal, CloseCode::kInvalidPayload);
}

TEST(FrameReader, TextIsNotCheckedWhereTheRulesSaySo) {
  const ReaderRules rules{.utf8_check = Utf8Check::kSkip};
  EXPECT_EQ(Read(Stream({{0x81, {0xff}}}), rules).refusal, 0);
  EXPECT_EQ(Read(Stream({{0x01, {0xff}}, {0x80, {0xfe}}}), rules).refusal, 0);
}

TEST(FrameReader, AnExtensionsBitIsReportedAndItsPayloadIsNotTakenForText) {
  const ReaderRules rules{.allowed_rsv_mask = kRsv1};
  Bytes stream = Stream({{0x41, {0xff}}, {0x80, {0xfe}}, {0x81, {'a'}}});
  FrameReader reader;
  ReadEvent event = reader.Next(stream, stream.data(), rules);
  EXPECT_EQ(event.message_rsv, kRsv1);
  event = reader.Next(std::span<uint8_t>(stream).subspan(7), stream.data(), rules);
  EXPECT_EQ(event.step, ReadStep::kPayload);
  EXPECT_EQ(event.message_rsv, kRsv1);
  event = reader.Next(std::span<uint8_t>(stream).subspan(14), stream.data(), rules);
  EXPECT_EQ(event.message_rsv, 0);
}

}  // namespace
}  // namespace ringway::ws
