// SPDX-License-Identifier: Apache-2.0
//
// Printing with the virtual time.
#include "tests/sim/verdict.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace ringway::sim {

void Verdict::Fail(const char* format, ...) {
  if (failed()) return;
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  failure_ = text;
  // What is wrong may be bytes that no terminal and no log should see.
  std::ranges::replace_if(
      failure_, [](char c) { return c < ' ' || c > '~'; }, '?');
  RINGWAY_TRACE(*this, "FAILED: %s", failure_.c_str());
}

void Verdict::Trace(const char* format, ...) {
  std::printf("%12.6f ms  ", static_cast<double>(clock_->now_ns) / 1e6);
  va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  va_end(arguments);
  std::printf("\n");
}

}  // namespace ringway::sim
