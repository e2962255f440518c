// SPDX-License-Identifier: Apache-2.0
//
// Whatever a client sends within the rules, and however the network cuts it: the backend gets
// exactly the payload, the client exactly the pongs.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/property/session/pieces.h"
#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

/// What a client sends behind its request, and what it must lead to.
struct Script {
  struct Ping {
    size_t end = 0;  ///< of its frame in the stream
    std::string payload;
  };
  std::string stream;
  std::string payload;
  uint64_t messages = 0;
  std::vector<Ping> pings;
  std::vector<ServerFrame> close;  ///< the echo, if the client closes
};

class ScriptMaker {
 public:
  explicit ScriptMaker(ws::StreamMaker& maker) : maker_(maker) {}

  Script Make() {
    Script script;
    for (size_t i = maker_.Below(6); i > 0; --i) AddMessage(&script);
    if (maker_.Below(2) == 0) {
      const auto code = static_cast<uint16_t>(3000 + maker_.Below(2000));
      const std::string reason = Text(maker_.Below(30));
      script.stream += Close(code, reason);
      script.close.push_back(CloseFrame(code, reason));
    }
    return script;
  }

 private:
  std::string Text(size_t characters) {
    const ws::Bytes text = maker_.Text(characters);
    return {text.begin(), text.end()};
  }

  void AddMessage(Script* script) {
    constexpr size_t kSizes[] = {0, 1, 5, 60, 125, 126, 127, 3000, 65535, 65536, 150000};
    const bool text = maker_.Below(2) == 0;
    const std::string message = Text(kSizes[maker_.Below(std::size(kSizes))]);
    const size_t fragments = 1 + maker_.Below(4);
    size_t sent = 0;
    for (size_t i = 0; i < fragments; ++i) {
      AddControls(script);
      const bool last = i + 1 == fragments;
      const size_t next = last ? message.size() : sent + maker_.Below(message.size() - sent + 1);
      const int opcode = i > 0 ? 0 : text ? kTextOpcode : kBinaryOpcode;
      script->stream += ClientFrame(static_cast<uint8_t>(opcode | (last ? 0x80 : 0)),
                                    std::string_view(message).substr(sent, next - sent));
      sent = next;
    }
    AddControls(script);
    script->payload += message;
    ++script->messages;
  }

  void AddControls(Script* script) {
    if (maker_.Below(3) != 0) return;
    for (size_t i = maker_.Below(4) * maker_.Below(4); i > 0; --i) {
      const std::string payload(maker_.Below(126), 'p');
      if (maker_.Below(4) == 0) {
        script->stream += Pong(payload);
        continue;
      }
      script->stream += Ping(payload);
      script->pings.push_back({script->stream.size(), payload});
    }
  }

  ws::StreamMaker& maker_;
};

/// The pongs for the pings whose last byte came in one receive: those behind the last overflow of
/// a 512-byte cell.
void AddPongs(const Script& script, size_t from, size_t to, std::vector<ServerFrame>* pongs) {
  size_t cell_bytes = 0;
  size_t first = pongs->size();
  for (const Script::Ping& ping : script.pings) {
    if (ping.end <= from || ping.end > to) continue;
    const size_t bytes = 2 + ping.payload.size();
    if (cell_bytes + bytes > 512) {
      pongs->erase(pongs->begin() + static_cast<ptrdiff_t>(first), pongs->end());
      cell_bytes = 0;
    }
    cell_bytes += bytes;
    pongs->push_back({kPongOpcode, ping.payload});
  }
}

/// Feeds request and script; returns the pongs that must have come.
std::vector<ServerFrame> Play(const Script& script, Network& network, Harness& harness) {
  const std::string stream = std::string(kRequest) + script.stream;
  std::vector<ServerFrame> pongs;
  size_t at = 0;
  while (at < stream.size()) {
    const bool open = harness.state() == State::kOpen;
    const size_t left = stream.size() - at;
    const Receive receive = open ? network.Next(left) : Receive{network.NextSmall(left)};
    harness.Feed(kClient, std::string_view(stream).substr(at, receive.bytes), receive.buffer_class);
    if (harness.state() == State::kDialing) harness.Dialed();
    const size_t before = at < kRequest.size() ? 0 : at - kRequest.size();
    at += receive.bytes;
    if (at > kRequest.size()) AddPongs(script, before, at - kRequest.size(), &pongs);
  }
  return pongs;
}

TEST(ClientFrames, GiveTheBackendTheirPayloadAndTheClientItsPongs) {
  Harness harness;
  size_t skipped = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    ws::StreamMaker maker(seed);
    const Script script = ScriptMaker(maker).Make();
    Network network(maker, kRequest.size() + script.stream.size());
    harness.Accept();
    std::vector<ServerFrame> expected = Play(script, network, harness);
    skipped += script.pings.size() - expected.size();
    expected.insert(expected.end(), script.close.begin(), script.close.end());

    ASSERT_EQ(harness.state(), script.close.empty() ? State::kOpen : State::kClosing);
    ASSERT_TRUE(harness.ToBackend() == script.payload) << "the payload is another";
    const size_t head_bytes = harness.ToClient().find("\r\n\r\n") + 4;
    ASSERT_EQ(ServerFrames(std::string_view(harness.ToClient()).substr(head_bytes)), expected);
    ASSERT_EQ(harness.session().messages_in(), script.messages);
    ASSERT_EQ(harness.leased(base::BufferClass::kCell), 0U);
    ASSERT_EQ(harness.leased(base::BufferClass::kChunk), 0U);
  }
  EXPECT_EQ(harness.counters().pings_skipped.value(), skipped);
  EXPECT_GT(skipped, 30U) << "hardly ever do the pongs overflow";
}

}  // namespace
}  // namespace ringway::session
