// SPDX-License-Identifier: Apache-2.0
//
// Which route a request gets: every rule of precedence, and every spelling of a host.
#include "gateway/route/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ringway::route {
namespace {

struct Pattern {
  std::string host;
  std::string path;
  uint32_t listener_index = 0;
};

/// Routes are named as their patterns: "host/path", "/path" for any host.
Table MakeTable(const std::vector<Pattern>& patterns, config::Mode mode = config::Mode::kTcp) {
  auto config = std::make_shared<config::Config>();
  config->listeners.resize(2);
  config->backends.resize(1);
  for (const Pattern& pattern : patterns) {
    config::Route route{.name = pattern.host + pattern.path,
                        .index = static_cast<uint32_t>(config->routes.size()),
                        .listener_index = pattern.listener_index,
                        .host = pattern.host,
                        .path = pattern.path,
                        .mode = mode};
    if (route.path.ends_with("/*")) {
      route.path.pop_back();
      route.path_match = config::PathMatch::kPrefix;
    }
    config->routes.push_back(std::move(route));
  }
  return Table(std::move(config));
}

std::string Found(const Table& table, std::string_view host, std::string_view path) {
  const config::Route* route = table.Find(0, host, path);
  return route == nullptr ? "none" : route->name;
}

TEST(Table, MatchesExactPathsExactly) {
  const Table table = MakeTable({{"", "/echo"}});
  EXPECT_EQ(Found(table, "h", "/echo"), "/echo");
  for (const std::string_view path : {"/", "", "/echo/", "/ech", "/echo2", "/Echo", "/%65cho"}) {
    EXPECT_EQ(Found(table, "h", path), "none") << path;
  }
}

/// The route whose folder the path names, where the patterns are of mode static.
std::string FolderOf(const std::vector<Pattern>& patterns, std::string_view path) {
  const Table table = MakeTable(patterns, config::Mode::kStatic);
  const config::Route* route = table.FindFolder(0, "h", path);
  return route == nullptr ? "none" : route->name;
}

TEST(Table, FindsTheFolderWhosePathLacksItsSlash) {
  EXPECT_EQ(FolderOf({{"", "/*"}, {"", "/spa/*"}}, "/spa"), "/spa/*");
  EXPECT_EQ(FolderOf({{"", "/spa/*"}}, "/spa"), "/spa/*");
  EXPECT_EQ(FolderOf({{"h", "/spa/*"}}, "/spa"), "h/spa/*");
  for (const std::string_view path : {"/spa/", "/spa/x", "/sp", "/spa2", "/"}) {
    EXPECT_EQ(FolderOf({{"", "/*"}, {"", "/spa/*"}}, path), "none") << path;
  }
  EXPECT_EQ(FolderOf({{"", "/spa"}, {"", "/spa/*"}}, "/spa"), "none") << "an exact path is better";
  EXPECT_EQ(FolderOf({{"h", "/*"}, {"", "/spa/*"}}, "/spa"), "none") << "a host is better";
  EXPECT_EQ(MakeTable({{"", "/spa/*"}}).FindFolder(0, "h", "/spa"), nullptr) << "no files there";
}

TEST(Table, MatchesPrefixesFromTheirSlash) {
  const Table table = MakeTable({{"", "/x/*"}});
  for (const std::string_view path : {"/x/", "/x/y", "/x/y/z", "/x/../y", "/x//"}) {
    EXPECT_EQ(Found(table, "h", path), "/x/*") << path;
  }
  for (const std::string_view path : {"/x", "/xy", "/", "", "x/"}) {
    EXPECT_EQ(Found(table, "h", path), "none") << path;
  }
}

TEST(Table, MatchesEverythingWithTheShortestPrefix) {
  const Table table = MakeTable({{"", "/*"}});
  for (const std::string_view path : {"/", "/a", "/a/b"}) {
    EXPECT_EQ(Found(table, "h", path), "/*") << path;
  }
  EXPECT_EQ(Found(table, "h", "*"), "none");
}

TEST(Table, PrefersHostThenExactThenLongerPrefixInAnyOrderOfTheText) {
  std::vector<Pattern> patterns = {{"", "/*"},    {"", "/x/*"},    {"", "/x/y/*"}, {"", "/x/y/z"},
                                   {"a.b", "/*"}, {"a.b", "/x/*"}, {"a.b", "/x/y"}};
  for (size_t i = 0; i < patterns.size(); ++i) {
    std::rotate(patterns.begin(), patterns.begin() + 1, patterns.end());
    const Table table = MakeTable(patterns);
    EXPECT_EQ(Found(table, "h", "/x/y/z"), "/x/y/z");
    EXPECT_EQ(Found(table, "h", "/x/y/w"), "/x/y/*");
    EXPECT_EQ(Found(table, "h", "/x/y"), "/x/*");
    EXPECT_EQ(Found(table, "h", "/x"), "/*");
    EXPECT_EQ(Found(table, "a.b", "/x/y"), "a.b/x/y");
    EXPECT_EQ(Found(table, "a.b", "/x/y/z"), "a.b/x/*") << "a host goes before a longer path";
    EXPECT_EQ(Found(table, "a.b", "/q"), "a.b/*");
  }
}

TEST(Table, FallsBackToRoutesForAnyHost) {
  const Table table = MakeTable({{"a.b", "/x"}, {"", "/y"}});
  EXPECT_EQ(Found(table, "a.b", "/y"), "/y");
  EXPECT_EQ(Found(table, "c.d", "/x"), "none");
  EXPECT_EQ(Found(table, "", "/x"), "none");
  EXPECT_EQ(Found(table, "", "/y"), "/y");
}

TEST(Table, ComparesHostsWithoutCasePortAndTrailingDot) {
  const Table table = MakeTable({{"a.example", "/"}, {"[::1]", "/"}, {"127.0.0.1", "/"}});
  for (const std::string_view host :
       {"a.example", "A.Example", "a.example:8080", "a.example.", "A.EXAMPLE.:80", "a.example:"}) {
    EXPECT_EQ(Found(table, host, "/"), "a.example/") << host;
  }
  EXPECT_EQ(Found(table, "[::1]", "/"), "[::1]/");
  EXPECT_EQ(Found(table, "[::1]:8080", "/"), "[::1]/");
  EXPECT_EQ(Found(table, "127.0.0.1:1", "/"), "127.0.0.1/");
  for (const std::string_view host :
       {"example", "a.example..", "b.a.example", "a.exampl", "::1", "[::2]", "[::1", ":80", "."}) {
    EXPECT_EQ(Found(table, host, "/"), "none") << host;
  }
}

TEST(Table, KeepsListenersApart) {
  const Table table = MakeTable({{"", "/zero", 0}, {"", "/one", 1}});
  EXPECT_NE(table.Find(0, "h", "/zero"), nullptr);
  EXPECT_EQ(table.Find(1, "h", "/zero"), nullptr);
  EXPECT_EQ(table.Find(1, "h", "/one"), &table.config().routes[1]);
  EXPECT_EQ(table.Find(2, "h", "/one"), nullptr);
}

}  // namespace
}  // namespace ringway::route
