// SPDX-License-Identifier: Apache-2.0
//
// Forms of the Host field and of the request target.
#include "gateway/http/target.h"

#include <gtest/gtest.h>

#include "gateway/http/refusals.h"

namespace ringway::http {
namespace {

TEST(Host, MayBeANameAnAddressAndHaveAPort) {
  for (const char* host : {"h", "example.com", "EXAMPLE.com.", "under_score", "h:80", "h:", "h:0",
                           "h:65535", "127.0.0.1:8080", "[::1]", "[::1]:443", "[::ffff:10.0.0.1]",
                           "a%20b", "%41", "a!$&'()*+,;=~"})
    EXPECT_TRUE(IsHost(host)) << host;
}

TEST(Host, IsNothingElse) {
  for (const char* host : {"",
                           ":80",
                           "h:65536",
                           "h:99999999999999999999",
                           "h:8a",
                           "h:80:80",
                           "h: 80",
                           "a b",
                           "u@h",
                           "h/",
                           "h?",
                           "h#",
                           "http://h",
                           "a%2",
                           "a%zz",
                           "%",
                           "[::1",
                           "::1",
                           "[]",
                           "[:]",
                           "[::1]80",
                           "[g::1]",
                           "[fe80::1%25eth0]",
                           "h\\",
                           "\xc3\xa4"})
    EXPECT_FALSE(IsHost(host)) << host;
}

struct TargetCase {
  const char* sent;
  const char* host;
  const char* path;
  const char* query;
  bool has_query;
};

TEST(Target, IsReadInOriginFormAndInAbsoluteForm) {
  for (const TargetCase& one : {
           TargetCase{"/", "", "/", "", false},
           TargetCase{"/a?b", "", "/a", "b", true},
           TargetCase{"/?", "", "/", "", true},
           TargetCase{"/a?b?c", "", "/a", "b?c", true},
           TargetCase{"//x/y", "", "//x/y", "", false},
           TargetCase{"/%2e%2e/a|\"", "", "/%2e%2e/a|\"", "", false},
           TargetCase{"http://host:80/a?b", "host:80", "/a", "b", true},
           TargetCase{"HTTPS://HOST/", "HOST", "/", "", false},
           TargetCase{"ws://host/a", "host", "/a", "", false},
           TargetCase{"wss://[::1]:443/a", "[::1]:443", "/a", "", false},
           TargetCase{"http://host:80", "host:80", "/", "", false},
           TargetCase{"http://host?a", "host", "/", "a", true},
           TargetCase{"http://host:80//x", "host:80", "//x", "", false},
       }) {
    Target target;
    const Refusal* why = ReadTarget(one.sent, &target);
    ASSERT_EQ(why, nullptr) << one.sent << ": " << why->reason;
    EXPECT_EQ(target.host, one.host) << one.sent;
    EXPECT_EQ(target.path, one.path) << one.sent;
    EXPECT_EQ(target.query, one.query) << one.sent;
    EXPECT_EQ(target.has_query, one.has_query) << one.sent;
  }
}

struct BadTargetCase {
  const char* sent;
  const Refusal* expected;
};

TEST(Target, IsRefusedInEveryOtherForm) {
  for (const BadTargetCase& one : {
           BadTargetCase{"*", &kTargetForm},
           BadTargetCase{"host:80", &kTargetForm},
           BadTargetCase{"a/b", &kTargetForm},
           BadTargetCase{"?a", &kTargetForm},
           BadTargetCase{"ftp://host:80/", &kTargetForm},
           BadTargetCase{"http:/host:80/", &kTargetForm},
           BadTargetCase{"http://u@host:80/", &kTargetHostMalformed},
           BadTargetCase{"http://host:x/", &kTargetHostMalformed},
           BadTargetCase{"http:///", &kTargetHostMalformed},
           BadTargetCase{"http://", &kTargetHostMalformed},
           BadTargetCase{"http://?a", &kTargetHostMalformed},
           BadTargetCase{"/a#b", &kTargetFragment},
           BadTargetCase{"/a?b#c", &kTargetFragment},
           BadTargetCase{"http://host:80#b", &kTargetFragment},
       }) {
    Target target;
    EXPECT_EQ(ReadTarget(one.sent, &target), one.expected) << one.sent;
  }
}

}  // namespace
}  // namespace ringway::http
