// SPDX-License-Identifier: Apache-2.0
//
// UTF-8 validation of ASCII and of mixed text beside memcpy of the same bytes.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ws/utf8.h"

namespace ringway::ws {
namespace {

/// May end inside a character: a piece of a text, as far as the validator is concerned.
std::vector<uint8_t> Repeat(std::string_view text, size_t bytes) {
  std::vector<uint8_t> repeated;
  while (repeated.size() < bytes) repeated.insert(repeated.end(), text.begin(), text.end());
  repeated.resize(bytes);
  return repeated;
}

void Validate(benchmark::State& state, std::string_view text) {
  const std::vector<uint8_t> bytes = Repeat(text, static_cast<size_t>(state.range(0)));
  Utf8Validator validator;
  for (auto _ : state) {
    validator.Reset();
    bool valid = validator.Push(bytes);
    benchmark::DoNotOptimize(valid);
    if (!valid) return state.SkipWithError("the text is not valid");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void ValidateAscii(benchmark::State& state) { Validate(state, "{\"price\": 10.25, \"side\": 1} "); }
void ValidateMixed(benchmark::State& state) { Validate(state, "naïve café, 한국어 😀 ok; "); }

void MemcpySame(benchmark::State& state) {
  const std::vector<uint8_t> in = Repeat("x", static_cast<size_t>(state.range(0)));
  std::vector<uint8_t> out(in.size());
  for (auto _ : state) {
    std::memcpy(out.data(), in.data(), in.size());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void Sizes(benchmark::internal::Benchmark* bench) {
  for (const int64_t bytes : {8, 16, 32, 48, 64, 125, 256, 1024, 16384, 65536}) bench->Arg(bytes);
}

BENCHMARK(ValidateAscii)->Apply(Sizes);
BENCHMARK(ValidateMixed)->Apply(Sizes);
BENCHMARK(MemcpySame)->Apply(Sizes);

}  // namespace
}  // namespace ringway::ws
