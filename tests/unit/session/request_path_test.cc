// SPDX-License-Identifier: Apache-2.0
//
// Paths mean one thing: which of the forms that a client may write are matched in normal form, and
// which are refused because somebody behind the gateway might find another route by them.
#include "gateway/session/request_path.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/http/path.h"
#include "gateway/http/path_refusals.h"

namespace ringway::session {
namespace {

/// Prefix routes of any host.
route::Table TableOf(const std::vector<std::string>& folders) {
  auto config = std::make_shared<config::Config>();
  config->listeners.resize(1);
  config->backends.resize(1);
  for (const std::string& folder : folders) {
    config->routes.push_back({.name = folder,
                              .index = static_cast<uint32_t>(config->routes.size()),
                              .path = folder,
                              .path_match = config::PathMatch::kPrefix});
  }
  return route::Table(std::move(config));
}

/// "route path" in normal form, or the reason of the refusal.
std::string Read(const route::Table& table, std::string_view sent) {
  http::RequestHead head{.path = sent, .host = "h"};
  PathBytes bytes;
  const http::Refusal* why = NormalizePath(&head, &bytes);
  if (why == nullptr) why = CheckReadings(table, 0, head, sent);
  if (why != nullptr) return std::string(why->reason);
  const config::Route* const route = table.Find(0, head.host, head.path);
  return (route == nullptr ? "none" : route->name) + " " + std::string(head.path);
}

struct FormCase {
  std::string_view sent;
  std::string_view read;
};

void ExpectEach(const route::Table& table, const std::vector<FormCase>& cases) {
  for (const FormCase& one : cases) EXPECT_EQ(Read(table, one.sent), one.read) << one.sent;
}

TEST(RequestPath, IsMatchedInNormalForm) {
  ExpectEach(TableOf({"/", "/admin/"}), {
                                            {"/admin/x", "/admin/ /admin/x"},
                                            {"/%61dmin/x", "/admin/ /admin/x"},
                                            {"/./admin/x", "/admin/ /admin/x"},
                                            {"/x/../admin/x", "/admin/ /admin/x"},
                                            {"/x/%2e%2e/admin/x", "/admin/ /admin/x"},
                                            {"/admin/../x", "/ /x"},
                                            {"/Admin/x", "/ /Admin/x"},
                                            {"/admin%20/x", "/ /admin%20/x"},
                                        });
}

TEST(RequestPath, IsRefusedWhereOthersFindAnotherRoute) {
  ExpectEach(TableOf({"/", "/admin/"}),
             {
                 {"//admin/x", http::kPathEmptySegment.reason},
                 {"/a//../admin/x", http::kPathEmptySegment.reason},
                 {"/admin//../x", http::kPathEmptySegment.reason},
                 {"/admin%2fx", http::kPathEncodedSlash.reason},
                 {"/x%2F..%2Fadmin/x", http::kPathEncodedSlash.reason},
                 {"/admin;a=b/x", http::kPathParameters.reason},
                 {"/x/..;/admin/x", http::kPathParameters.reason},
                 {"/admin/..;/x", http::kPathParameters.reason},
                 {"/admin%5cx", http::kPathEncodedBackslash.reason},
                 {"/x%5C..%5Cadmin%5Cx", http::kPathEncodedBackslash.reason},
                 {"/%2561dmin/x", http::kPathEncodedTwice.reason},
                 {"/x/%252e%252e/admin/x", http::kPathEncodedTwice.reason},
                 {"/admin%252fx", http::kPathEncodedTwice.reason},
                 {"/admin%3bx/y", http::kPathEncodedParameters.reason},
                 {"/x/%25%32%65%25%32%65/admin/x", http::kPathEncodedTwice.reason},
                 {"/x/%252%65%252%65/admin/x", http::kPathEncodedTwice.reason},
             });
}

TEST(RequestPath, IsRefusedWhereAnEscapeHidesAByteOfARoute) {
  ExpectEach(TableOf({"/", "/@private/"}), {
                                               {"/@private/x", "/@private/ /@private/x"},
                                               {"/%40private/x", http::kPathEncodedReserved.reason},
                                               {"/a%40b", "/ /a%40b"},
                                           });
}

TEST(RequestPath, IsRefusedWhereOnlyOneReadingFindsARoute) {
  ExpectEach(TableOf({"/admin/"}), {
                                       {"//admin/x", http::kPathEmptySegment.reason},
                                       {"/admin/..%2fx", http::kPathEncodedSlash.reason},
                                       {"/other//x", "none /other//x"},
                                   });
}

TEST(RequestPath, PassesWhereEverybodyFindsTheSameRoute) {
  ExpectEach(TableOf({"/api/", "/files/", "/proxy/"}),
             {
                 {"/api/v4/projects/group%2Fproject/issues",
                  "/api/ /api/v4/projects/group%2Fproject/issues"},
                 {"/api/queues/%2f/name", "/api/ /api/queues/%2f/name"},
                 {"/api/@scope%2fname", "/api/ /api/@scope%2fname"},
                 {"/proxy/https://example.com/a", "/proxy/ /proxy/https://example.com/a"},
                 {"/files/a;v=1/b,c", "/files/ /files/a;v=1/b,c"},
                 {"/files/100%25.txt", "/files/ /files/100%25.txt"},
                 {"/files/100%2541", "/files/ /files/100%2541"},
                 {"/files/a%5Cb", "/files/ /files/a%5Cb"},
                 {"/files/%e4%bd%a0;%3b", "/files/ /files/%e4%bd%a0;%3b"},
                 {"/files//a", "/files/ /files//a"},
             });
}

TEST(RequestPath, IsRefusedWhereItHasNoMeaning) {
  ExpectEach(TableOf({"/"}), {
                                 {"/%", http::kPathEscapeMalformed.reason},
                                 {"/a%zz", http::kPathEscapeMalformed.reason},
                                 {"/a%00", http::kPathNul.reason},
                                 {"/a\\b", http::kPathBackslash.reason},
                             });
}

TEST(RequestPath, IsTooLongAbove4096BytesWhereItHasSuchForms) {
  const route::Table table = TableOf({"/"});
  const std::string longest = "/;" + std::string(http::kAmbiguousPathBytesMax - 2, 'a');
  EXPECT_EQ(Read(table, longest), "/ " + longest);
  EXPECT_EQ(Read(table, longest + "a"), http::kAmbiguousPathTooLong.reason);
  const std::string ordinary = "/%20" + std::string(8000, 'a');
  EXPECT_EQ(Read(table, ordinary), "/ " + ordinary);
}

}  // namespace
}  // namespace ringway::session
