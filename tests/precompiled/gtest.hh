// SPDX-License-Identifier: Apache-2.0
//
// What nearly every test includes, compiled once a program: parsing it is most of a small test's
// build. Each test still includes what it uses. Includes only, so it needs no guard; and GCC wants
// none in what it compiles by itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
