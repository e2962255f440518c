// SPDX-License-Identifier: Apache-2.0
//
// A path that the kernel could never open, or that no client may see, is refused here and not at
// the first request. What is on the disk is not looked at.
#include "gateway/config/read_static.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "gateway/config/text.h"

namespace ringway::config {
namespace {

/// PATH_MAX without its NUL, and NAME_MAX.
constexpr size_t kPathBytesMax = 4095;
constexpr size_t kNameBytesMax = 255;
/// The head of an answer has to fit into its buffer, so what a route adds to it is bounded.
constexpr size_t kCacheControlBytesMax = 128;

constexpr std::string_view kRootExpected = R"(the absolute path of a folder, such as "/srv/www")";
constexpr std::string_view kIndexExpected = R"(a file name such as "index.html")";
constexpr std::string_view kFallbackExpected =
    R"(the path of a file below the root, such as "index.html")";
constexpr std::string_view kCacheControlExpected =
    R"(1 to 128 visible characters of ASCII, such as "public, max-age=3600")";

/// What is wrong with it as one name in a folder; empty: nothing. Also what http/file_path.h hides.
std::string_view NameMistake(std::string_view name) {
  if (name.empty()) return "a name is not empty";
  if (name.front() == '.') return R"(what begins with "." is never served)";
  if (name.size() > kNameBytesMax) return "a name has at most 255 bytes";
  return "";
}

std::string_view PathMistake(std::string_view path) {
  if (path.size() > kPathBytesMax) return "a path has at most 4095 bytes";
  return path.find('\0') != std::string_view::npos ? "a path holds no NUL" : "";
}

std::string_view RootMistake(std::string_view root) {
  if (!root.starts_with('/')) return R"(a root begins with "/")";
  return PathMistake(root);
}

std::string_view IndexMistake(std::string_view index) {
  if (index.find('/') != std::string_view::npos) return R"(a name has no "/")";
  const std::string_view mistake = PathMistake(index);
  return mistake.empty() ? NameMistake(index) : mistake;
}

std::string_view FallbackMistake(std::string_view fallback) {
  if (fallback.starts_with('/')) return R"(it begins at the root, leave the first "/" out)";
  std::string_view mistake = PathMistake(fallback);
  for (size_t begin = 0; mistake.empty() && begin <= fallback.size();) {
    const size_t end = std::min(fallback.find('/', begin), fallback.size());
    mistake = NameMistake(fallback.substr(begin, end - begin));
    begin = end + 1;
  }
  return mistake;
}

/// RFC 9110 5.5, without bytes beyond ASCII.
std::string_view CacheControlMistake(std::string_view text) {
  if (text.empty()) return "leave it out for none";
  if (text.size() > kCacheControlBytesMax) return "it is longer";
  if (text.front() == ' ' || text.back() == ' ') return "spaces stand only between others";
  const bool visible =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return visible ? "" : "it holds another character";
}

struct TextKey {
  std::string_view key;
  std::string_view expected;
  std::string_view (*mistake)(std::string_view text);
};
constexpr TextKey kRoot = {"root", kRootExpected, RootMistake};
constexpr TextKey kIndex = {"index", kIndexExpected, IndexMistake};
constexpr TextKey kFallback = {"fallback", kFallbackExpected, FallbackMistake};
constexpr TextKey kCacheControl = {"cache_control", kCacheControlExpected, CacheControlMistake};
constexpr std::string_view kPrecompressed = "precompressed";

void ReadInto(std::string& field, Section& section, const TextKey& key, Presence presence) {
  const auto text = section.ReadText(key.key, presence, key.expected);
  if (!text) return;
  const std::string_view mistake = key.mistake(text->text);
  if (mistake.empty()) {
    field = text->text;
    return;
  }
  section.complaints().Add(text->place, Cat(key.key, " is ", Quoted(text->text), "; expected ",
                                            key.expected, "; ", mistake));
}

}  // namespace

void ReadStaticKeys(Section& section, Presence root, StaticFiles& files) {
  ReadInto(files.root, section, kRoot, root);
  while (files.root.size() > 1 && files.root.ends_with('/')) files.root.pop_back();
  ReadInto(files.index, section, kIndex, Presence::kOptional);
  ReadInto(files.fallback, section, kFallback, Presence::kOptional);
  ReadInto(files.cache_control, section, kCacheControl, Presence::kOptional);
  files.precompressed = section.ReadTruth(kPrecompressed).value_or(files.precompressed);
}

void RefuseStaticKeys(Section& section) {
  for (const std::string_view key :
       {kRoot.key, kIndex.key, kFallback.key, kCacheControl.key, kPrecompressed}) {
    section.RefuseKey(key, "mode \"static\"", "this route answers with no files");
  }
}

}  // namespace ringway::config
