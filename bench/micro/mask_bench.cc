// SPDX-License-Identifier: Apache-2.0
//
// Unmasking beside memcpy, which moves the same bytes and does nothing to them.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "gateway/ws/mask.h"

namespace ringway::ws {
namespace {

constexpr size_t kClientHeaderBytes = 6;

void UnmaskInPlace(benchmark::State& state) {
  std::vector<uint8_t> bytes(static_cast<size_t>(state.range(0)), 'x');
  uint32_t mask = 0x5a17c3e9;
  for (auto _ : state) {
    mask = Unmask(bytes.data(), bytes.data(), bytes.size(), mask);
    benchmark::ClobberMemory();
  }
  benchmark::DoNotOptimize(mask);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

/// As the reader does it: onto the frame's own header.
void UnmaskShifted(benchmark::State& state) {
  const size_t payload_bytes = static_cast<size_t>(state.range(0));
  std::vector<uint8_t> bytes(kClientHeaderBytes + payload_bytes, 'x');
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        Unmask(bytes.data(), bytes.data() + kClientHeaderBytes, payload_bytes, 0x5a17c3e9));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void UnmaskAside(benchmark::State& state) {
  const std::vector<uint8_t> in(static_cast<size_t>(state.range(0)), 'x');
  std::vector<uint8_t> out(in.size());
  for (auto _ : state) {
    benchmark::DoNotOptimize(Unmask(out.data(), in.data(), in.size(), 0x5a17c3e9));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void MemcpyAside(benchmark::State& state) {
  const std::vector<uint8_t> in(static_cast<size_t>(state.range(0)), 'x');
  std::vector<uint8_t> out(in.size());
  for (auto _ : state) {
    std::memcpy(out.data(), in.data(), in.size());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void Sizes(benchmark::internal::Benchmark* bench) {
  for (const int64_t bytes :
       {6, 16, 32, 64, 90, 125, 128, 192, 256, 512, 1024, 4096, 16384, 65536}) {
    bench->Arg(bytes);
  }
}

BENCHMARK(UnmaskInPlace)->Apply(Sizes);
BENCHMARK(UnmaskShifted)->Apply(Sizes);
BENCHMARK(UnmaskAside)->Apply(Sizes);
BENCHMARK(MemcpyAside)->Apply(Sizes);

}  // namespace
}  // namespace ringway::ws
