// SPDX-License-Identifier: Apache-2.0
//
// The keys of a route that have a grammar of their own (host, path, subprotocols, origins), and
// those that only one of the modes knows.
#include "gateway/config/read_route.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "gateway/config/address.h"
#include "gateway/config/origin.h"
#include "gateway/config/read_static.h"
#include "gateway/config/text.h"
#include "gateway/config/vocabulary.h"

namespace ringway::config {
namespace {

constexpr std::string_view kPathExpected =
    R"(a path such as "/echo", or "/x/*" for all that is below "/x/")";
constexpr size_t kPathBytesMax = 1024;

/// RFC 9110 5.6.2.
bool IsToken(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return absl::ascii_isalnum(c) || kMarks.find(c) != std::string_view::npos;
  });
}

constexpr std::string_view kUnreservedMarks = "-._~";
constexpr std::string_view kReservedMarks = "/\\;!$&'()*+,:=@";
constexpr std::string_view kReadDifferently =
    "\"//\", \";\" and escapes of reserved bytes are read differently by others, so no request "
    "would "
    "get through: write the byte itself, or leave it out";

/// Why no request's path is ever this one in normal form (RFC 3986 6.2.2); empty if one may be.
std::string_view NormalFormMistake(std::string_view path) {
  if (path.find('\\') != std::string_view::npos) return "a backslash is written as \"%5C\"";
  for (size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    const std::string_view digits = path.substr(at + 1, 2);
    std::string value;
    if (digits.size() < 2 || !absl::ascii_isxdigit(digits[0]) || !absl::ascii_isxdigit(digits[1])) {
      return "\"%\" stands before two hexadecimal digits (itself it is %25)";
    }
    value = absl::HexStringToBytes({digits.data(), digits.size()});
    if (absl::ascii_isalnum(value[0]) ||
        kUnreservedMarks.find(value[0]) != std::string_view::npos) {
      return "requests are matched with letters, digits and \"-._~\" decoded: write them so";
    }
    if (kReservedMarks.find(value[0]) != std::string_view::npos) return kReadDifferently;
  }
  if (path.find("//") != std::string_view::npos || path.find(';') != std::string_view::npos) {
    return kReadDifferently;
  }
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") {
      return "requests are matched with \".\" and \"..\" segments removed: write it without";
    }
    path.remove_prefix(segment.size());
  }
  return "";
}

/// Why `path` (without the "*" of a prefix) can never be asked for; empty if it can.
std::string_view PathMistake(std::string_view path) {
  if (path.empty() || path.front() != '/') return R"(a path begins with "/")";
  if (path.size() > kPathBytesMax) return "a path has at most 1024 bytes";
  if (path.find('*') != std::string_view::npos) return R"("*" stands only at the end, after "/")";
  if (path.find_first_of("?#") != std::string_view::npos) {
    return "the query and the fragment of a URL are no part of its path";
  }
  const bool printable =
      std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!printable) return "clients send such bytes percent-encoded (a space is %20)";
  return NormalFormMistake(path);
}

void ReadPath(Section& section, RouteDraft& draft) {
  const auto pattern = section.ReadText("path", Presence::kRequired, kPathExpected);
  if (!pattern) return;
  std::string_view path = pattern->text;
  const bool is_prefix = path.ends_with("/*");
  if (is_prefix) path.remove_suffix(1);
  const std::string_view mistake = PathMistake(path);
  if (!mistake.empty()) {
    section.complaints().Add(pattern->place, Cat("path is ", Quoted(pattern->text), "; expected ",
                                                 kPathExpected, "; ", mistake));
    return;
  }
  draft.path = *pattern;
  draft.route.path = path;
  draft.route.path_match = is_prefix ? PathMatch::kPrefix : PathMatch::kExact;
}

/// nullopt after a complaint: then nothing can be said about what the route shadows.
std::optional<std::string> ReadHost(Section& section) {
  const bool is_absent = section.Find("host") == nullptr;
  const auto text =
      section.ReadText("host", Presence::kOptional, "a host name such as \"example.com\"");
  if (!text) return is_absent ? std::optional<std::string>("") : std::nullopt;
  auto host = ParseRouteHost(text->text);
  if (host.ok()) return *std::move(host);
  section.complaints().Add(text->place,
                           Cat("host is ", Quoted(text->text), "; ", host.status().message()));
  return std::nullopt;
}

std::vector<std::string> ReadSubprotocols(Section& section) {
  const auto texts =
      section.ReadTexts("subprotocols", Presence::kOptional, {0, kSubprotocolsPerRouteMax},
                        "a list such as [\"binary\"]");
  std::vector<std::string> tokens;
  if (!texts) return tokens;
  for (const PlacedText& text : *texts) {
    if (IsToken(text.text)) {
      tokens.push_back(text.text);
    } else {
      section.complaints().Add(text.place,
                               Cat("subprotocol ", Quoted(text.text),
                                   " is no token; expected letters, digits and !#$%&'*+-.^_`|~"));
    }
  }
  return tokens;
}

std::string OriginHint(std::string_view text) {
  if (text.find("://") == std::string_view::npos) {
    const std::string with_scheme = Cat("https://", text);
    return ParseOrigin(with_scheme) ? Cat("; did you mean ", Quoted(with_scheme), "?") : "";
  }
  const size_t path = text.find('/', text.find("://") + 3);
  if (path == std::string_view::npos || !ParseOrigin(text.substr(0, path))) return "";
  return Cat("; an origin has no path, did you mean ", Quoted(text.substr(0, path)), "?");
}

std::vector<std::string> ReadOrigins(Section& section) {
  const auto texts = section.ReadTexts("origins", Presence::kOptional, {1, kOriginsPerRouteMax},
                                       "a list such as [\"https://example.com\"] or [\"*\"]");
  std::vector<std::string> origins;
  if (!texts) return origins;
  for (const PlacedText& text : *texts) {
    if (text.text == "*" && texts->size() > 1) {
      section.complaints().Add(text.place,
                               "\"*\" allows every origin; expected it alone or not at all");
    } else if (text.text == "*" || ParseOrigin(text.text)) {
      origins.push_back(text.text);
    } else {
      section.complaints().Add(text.place,
                               Cat(Quoted(text.text), " is no origin; expected scheme://host or ",
                                   "scheme://host:port", OriginHint(text.text)));
    }
  }
  return origins;
}

constexpr std::string_view kTcp = "mode \"tcp\"";
constexpr std::string_view kWebSocket = "mode \"websocket\"";
constexpr std::string_view kTcpAndWebSocket = "modes \"tcp\" and \"websocket\"";
/// Why a key of the other modes has no place in mode "static".
constexpr std::string_view kFiles = "this route answers with files";

void ReadTcpKeys(Section& section, Route& route) {
  route.frames =
      section.ReadWord("frames", Presence::kOptional, FramesWords()).value_or(route.frames);
  route.subprotocols = ReadSubprotocols(section);
}

void ReadWebSocketKeys(Section& section, Route& route) {
  route.inspect =
      section.ReadWord("inspect", Presence::kOptional, InspectWords()).value_or(route.inspect);
  const auto text =
      section.ReadText("backend_host", Presence::kOptional, "a host such as \"app.internal\"");
  if (!text) return;
  auto host = ParseBackendHost(text->text);
  if (host.ok()) {
    route.backend_host = *std::move(host);
  } else {
    section.complaints().Add(
        text->place, Cat("backend_host is ", Quoted(text->text), "; ", host.status().message()));
  }
}

void RefuseTcpKeys(Section& section, std::string_view why) {
  section.RefuseKey("frames", kTcp, why);
  section.RefuseKey("subprotocols", kTcp, why);
}

/// What the modes with a backend have in common.
void ReadBackendKeys(Section& section, Presence backend, RouteDraft& draft) {
  draft.backend =
      section.ReadText("backend", backend, "the name of a [[backend]]").value_or(PlacedText{});
  Route& route = draft.route;
  route.splice =
      section.ReadWord("splice", Presence::kOptional, SpliceWords()).value_or(route.splice);
  route.origins = ReadOrigins(section);
}

void RefuseBackendKeys(Section& section) {
  for (const std::string_view key : {"backend", "splice", "origins"}) {
    section.RefuseKey(key, kTcpAndWebSocket, kFiles);
  }
}

std::optional<Mode> ReadModeWord(Section& section) {
  const Value* value = section.Find("mode");
  if (value == nullptr || value->kind != Kind::kString || value->text != "http") {
    return section.ReadWord("mode", Presence::kRequired, ModeWords());
  }
  section.complaints().Add(
      value->place,
      "mode \"http\" is not available yet; expected \"tcp\" or \"websocket\" for WebSockets, or "
      "\"static\" for files: let a reverse proxy in front take other requests elsewhere");
  return std::nullopt;
}

/// Of an unknown mode all keys are read, since none is known to be wrong, and none is required.
void ReadMode(Section& section, RouteDraft& draft) {
  Route& route = draft.route;
  const auto mode = ReadModeWord(section);
  const Presence presence = mode ? Presence::kRequired : Presence::kOptional;
  route.mode = mode.value_or(route.mode);
  if (mode == Mode::kStatic) {
    RefuseBackendKeys(section);
  } else {
    ReadBackendKeys(section, presence, draft);
  }
  if (!mode || mode == Mode::kTcp) {
    ReadTcpKeys(section, route);
  } else {
    RefuseTcpKeys(section,
                  mode == Mode::kStatic ? kFiles : "client and backend agree on it end to end");
  }
  if (!mode || mode == Mode::kWebSocket) {
    ReadWebSocketKeys(section, route);
  } else {
    const bool is_static = mode == Mode::kStatic;
    section.RefuseKey("inspect", kWebSocket,
                      is_static ? kFiles : "the gateway itself ends each frame here");
    section.RefuseKey("backend_host", kWebSocket,
                      is_static ? kFiles : "the backend gets no HTTP request here");
  }
  if (!mode || mode == Mode::kStatic) {
    ReadStaticKeys(section, presence, route.files);
    if (const Value* root = section.Find("root")) draft.root = root->place;
  } else {
    RefuseStaticKeys(section);
  }
}

}  // namespace

RouteDraft ReadRoute(const Value& table, Complaints& complaints) {
  constexpr std::string_view kKeys[] = {
      "name",         "listener",     "host",    "path",         "mode",          "backend",
      "frames",       "subprotocols", "origins", "sessions_max", "splice",        "inspect",
      "backend_host", "root",         "index",   "fallback",     "cache_control", "precompressed"};
  Section section(table, "[[route]]", kKeys, complaints);
  RouteDraft draft;
  Route& route = draft.route;
  draft.name = section.ReadName().value_or(PlacedText{});
  route.name = draft.name.text;
  draft.listener = section.ReadText("listener", Presence::kRequired, "the name of a [[listener]]")
                       .value_or(PlacedText{});
  ReadPath(section, draft);
  if (auto host = ReadHost(section)) {
    route.host = *std::move(host);
  } else {
    draft.path = {};
  }
  ReadMode(section, draft);
  route.sessions_max =
      static_cast<uint32_t>(section.ReadCount("sessions_max", {1, kSessionsMax}).value_or(0));
  return draft;
}

}  // namespace ringway::config
