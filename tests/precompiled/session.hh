// SPDX-License-Identifier: Apache-2.0
//
// What nearly every test of sessions includes; as gtest.hh, which says more.
#include "tests/precompiled/gtest.hh"
#include "tests/unit/session/harness.h"
