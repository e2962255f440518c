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
  const char* origin_form;
  const char* path;
  const char* query;
};

TEST(Target, IsReadInOriginFormAndInAbsoluteFormOfItsHost) {
  for (const TargetCase& one : {
           TargetCase{"/", "/", "/", ""},
           TargetCase{"/a?b", "/a?b", "/a", "b"},
           TargetCase{"/?", "/?", "/", ""},
           TargetCase{"//x/y", "//x/y", "//x/y", ""},
           TargetCase{"/%2e%2e/a|\"", "/%2e%2e/a|\"", "/%2e%2e/a|\"", ""},
           TargetCase{"http://host:80/a?b", "/a?b", "/a", "b"},
           TargetCase{"HTTPS://HOST:80/", "/", "/", ""},
           TargetCase{"http://host:80", "/", "/", ""},
       }) {
    Target target;
    const Refusal* why = ReadTarget(one.sent, "host:80", &target);
    ASSERT_EQ(why, nullptr) << one.sent << ": " << why->reason;
    EXPECT_EQ(target.origin_form, one.origin_form) << one.sent;
    EXPECT_EQ(target.path, one.path) << one.sent;
    EXPECT_EQ(target.query, one.query) << one.sent;
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
           BadTargetCase{"http://host:80?a", &kTargetForm},
           BadTargetCase{"http://host/", &kTargetNotOfHost},
           BadTargetCase{"http://u@host:80/", &kTargetNotOfHost},
           BadTargetCase{"http:///", &kTargetNotOfHost},
           BadTargetCase{"http://", &kTargetNotOfHost},
           BadTargetCase{"/a#b", &kTargetFragment},
           BadTargetCase{"http://host:80#b", &kTargetFragment},
       }) {
    Target target;
    EXPECT_EQ(ReadTarget(one.sent, "host:80", &target), one.expected) << one.sent;
  }
}

}  // namespace
}  // namespace ringway::http
