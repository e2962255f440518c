// SPDX-License-Identifier: Apache-2.0
//
// The hot path of the gateway: a receive buffer full of short client frames, read to its end.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "gateway/ws/frame_reader.h"
#include "gateway/ws/mask.h"

namespace ringway::ws {
namespace {

constexpr uint32_t kMask = 0x5a17c3e9;

/// A buffer of the size of a small receive buffer, filled with whole frames of one size.
struct FilledBuffer {
  std::vector<uint8_t> bytes;
  int64_t frames = 0;
};

FilledBuffer FillWithFrames(Opcode opcode, size_t payload_bytes) {
  FilledBuffer filled;
  const size_t frame_bytes = ServerHeaderBytes(payload_bytes) + 4 + payload_bytes;
  filled.frames = static_cast<int64_t>(std::max<size_t>(1, 4096 / frame_bytes));
  filled.bytes.resize(filled.frames * frame_bytes);
  const std::vector<uint8_t> payload(payload_bytes, 'x');
  for (uint8_t* at = filled.bytes.data(); at != filled.bytes.data() + filled.bytes.size();) {
    at += BuildClientFrameHeader(opcode, payload_bytes, kMask, {at, kClientHeaderBytesMax});
    Unmask(at, payload.data(), payload_bytes, kMask);
    at += payload_bytes;
  }
  return filled;
}

enum class Output { kJoined, kAside };

/// kAside writes the payloads to a second buffer, so that the input stays masked and each round
/// reads the same frames. kJoined is what the gateway does, and pays for a fresh copy each round.
void ReadFrames(benchmark::State& state, Opcode opcode, Output output) {
  const size_t payload_bytes = static_cast<size_t>(state.range(0));
  const FilledBuffer filled = FillWithFrames(opcode, payload_bytes);
  std::vector<uint8_t> input = filled.bytes;
  std::vector<uint8_t> aside(input.size());
  const ReaderRules rules{.frame_bytes_max = 1 << 20, .message_bytes_max = 1 << 20};
  FrameReader reader;
  for (auto _ : state) {
    if (output == Output::kJoined) {
      std::copy(filled.bytes.begin(), filled.bytes.end(), input.begin());
    }
    std::span<uint8_t> left(input);
    uint8_t* out = output == Output::kJoined ? input.data() : aside.data();
    while (!left.empty()) {
      const ReadEvent event = reader.Next(left, out, rules);
      if (event.step != ReadStep::kPayload) return state.SkipWithError("a frame was refused");
      out += event.payload.size();
      left = left.subspan(event.consumed);
    }
    benchmark::ClobberMemory();
  }
  const int64_t frames = state.iterations() * filled.frames;
  state.SetItemsProcessed(frames);
  state.SetBytesProcessed(frames * static_cast<int64_t>(payload_bytes));
}

void ReadBinaryFrames(benchmark::State& state) {
  ReadFrames(state, Opcode::kBinary, Output::kAside);
}
void ReadTextFrames(benchmark::State& state) { ReadFrames(state, Opcode::kText, Output::kAside); }
void JoinBinaryFrames(benchmark::State& state) {
  ReadFrames(state, Opcode::kBinary, Output::kJoined);
}
BENCHMARK(ReadBinaryFrames)->Arg(8)->Arg(64)->Arg(125)->Arg(1024);
BENCHMARK(ReadTextFrames)->Arg(8)->Arg(64)->Arg(125)->Arg(1024);
BENCHMARK(JoinBinaryFrames)->Arg(64);

void ParseHeaders(benchmark::State& state) {
  const FilledBuffer filled = FillWithFrames(Opcode::kBinary, 64);
  FrameHeader header;
  for (auto _ : state) {
    std::span<const uint8_t> left(filled.bytes);
    while (!left.empty()) {
      if (ParseFrameHeader(left, 0, &header) != HeaderResult::kWhole) std::abort();
      benchmark::DoNotOptimize(header);
      left = left.subspan(header.header_bytes + header.payload_bytes);
    }
  }
  state.SetItemsProcessed(state.iterations() * filled.frames);
}
BENCHMARK(ParseHeaders);

void BuildHeaders(benchmark::State& state) {
  uint8_t buffer[kServerHeaderBytesMax + 1] = {};
  const uint64_t payload_bytes = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        BuildFrameHeaderBefore(Opcode::kBinary, payload_bytes, buffer + kServerHeaderBytesMax));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BuildHeaders)->Arg(64)->Arg(1024)->Arg(1 << 20);

}  // namespace
}  // namespace ringway::ws
