// SPDX-License-Identifier: Apache-2.0
//
// Every mistake with its exact line, column and words: people act on these.
#include "gateway/config/complaints.h"

#include <gtest/gtest.h>

#include <span>

#include "tests/unit/config/parse_text.h"

namespace ringway::config {
namespace {

using Lines = std::vector<std::string>;

struct Case {
  std::string_view more;  ///< Behind kValidText, from line 15.
  std::string_view line;  ///< The only complaint.
};

void ExpectEach(std::span<const Case> cases) {
  for (const Case& each : cases) {
    EXPECT_EQ(Complain(ValidAnd(each.more)), Lines{std::string(each.line)}) << each.more;
  }
}

TEST(ConfigComplaints, NameWhatIsWrongInGateway) {
  constexpr Case kCases[] = {
      {"[gateway]\nworkers = 0", R"(t:16:11: workers is 0; expected "auto" or 1 to 256)"},
      {"[gateway]\nworkers = 257", R"(t:16:11: workers is 257; expected "auto" or 1 to 256)"},
      {"[gateway]\nworkers = \"atuo\"",
       R"(t:16:11: workers is "atuo"; expected "auto" or 1 to 256; did you mean "auto"?)"},
      {"[gateway]\nworkers = 1.5",
       R"(t:16:11: wrong type for "workers": a number with a point; expected "auto" or 1 to 256)"},
      {"[gateway]\n  log_level = \"inof\"",
       R"(t:16:15: unknown log_level "inof"; expected one of "trace", "debug", "info", "warn", )"
       R"("error"; did you mean "info"?)"},
      {"[gateway]\nlog_level = true",
       R"(t:16:13: wrong type for "log_level": a boolean; expected one of "trace", "debug", )"
       R"("info", "warn", "error")"},
      {"[gateway]\ncontrol_socket = \"run/x\"",
       R"(t:16:18: control_socket is "run/x"; expected an absolute path of at most 107 bytes, )"
       R"(such as "/run/ringway.sock")"},
      {"[gateway]\nworker = 1",
       R"(t:16:1: unknown key "worker" in [gateway]; did you mean "workers"?)"},
      {"[gateway]\ncolour = 1",
       R"(t:16:1: unknown key "colour" in [gateway]; expected one of "workers", "log_level", )"
       R"("control_socket", "resolve_interval")"},
      {"[gateway]\nresolve_interval = \"1ms\"",
       R"(t:16:20: resolve_interval is "1ms"; expected "1s" to "24h")"},
      {"[gatway]\n",
       R"(t:15:2: unknown key "gatway" in the configuration; did you mean "gateway"?)"},
  };
  ExpectEach(kCases);
}

TEST(ConfigComplaints, NameWhatIsWrongInListeners) {
  constexpr Case kCases[] = {
      {"[[listener]]\naddress = \"127.0.0.1:1\"",
       R"(t:15:1: missing key "name" in [[listener]]; expected 1 to 64 letters, digits, '_', '-' )"
       R"(or '.', such as "echo")"},
      {"[[listener]]\nname = \"a b\"\naddress = \"127.0.0.1:1\"",
       R"(t:16:8: "a b" is no name; expected 1 to 64 letters, digits, '_', '-' or '.', such as )"
       R"("echo")"},
      {"[[listener]]\nname = \"b\"",
       R"(t:15:1: missing key "address" in [[listener]]; expected an address such as )"
       R"("127.0.0.1:8080")"},
      {"[[listener]]\nname = \"b\"\naddress = 8080",
       R"(t:17:11: wrong type for "address": an integer; expected an address such as )"
       R"("127.0.0.1:8080")"},
      {"[[listener]]\nname = \"web\"\naddress = \"127.0.0.1:1\"",
       R"(t:16:8: a second [[listener]] is named "web"; expected another name, the first is in )"
       R"(line 2)"},
      {"[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:8080\"",
       R"(t:17:11: address 127.0.0.1:8080 is taken by listener "web" in line 3; expected an )"
       R"(address of its own)"},
      {"[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:1\"\nport = 1",
       R"(t:18:1: unknown key "port" in [[listener]]; expected one of "name", "address", )"
       R"("trusted_proxies", "proxy_protocol")"},
  };
  ExpectEach(kCases);
}

TEST(ConfigComplaints, TellHowAListenAddressIsWritten) {
  const std::string expected =
      R"(expected a numeric address and a port, such as "127.0.0.1:8080" or "[::1]:8080")";
  const std::pair<std::string, std::string> addresses[] = {
      {":8080", R"(; for all addresses write "0.0.0.0:8080" or "[::]:8080")"},
      {"*:80", R"(; for all addresses write "0.0.0.0:80" or "[::]:80")"},
      {"8080", R"(; for all addresses write "0.0.0.0:8080" or "[::]:8080")"},
      {"localhost:80", R"(; did you mean "127.0.0.1:80"?)"},
      {"::1:80", R"(; did you mean "[::1]:80"?)"},
      {"127.0.0.1:65536", "; a port is 0 to 65535"},
      {"127.0.0.1:", "; a port is 0 to 65535"},
      {"127.0.0.1", ""},
      {"127.1:80", ""},
      {"[127.0.0.1]:80", ""},
      {"[::1:80", ""},
      {"web.example:80", ""},
  };
  for (const auto& [address, hint] : addresses) {
    EXPECT_EQ(Complain(ValidAnd("[[listener]]\nname = \"b\"\naddress = \"" + address + "\"")),
              Lines{"t:17:11: address is \"" + address + "\"; " + expected + hint});
  }
}

TEST(ConfigComplaints, NameWhatIsWrongInBackends) {
  constexpr Case kCases[] = {
      {"[[backend]]\nname = \"b\"",
       R"(t:15:1: missing key "servers" in [[backend]]; expected a list such as )"
       R"(["127.0.0.1:5000"])"},
      {"[[backend]]\nname = \"b\"\nservers = []",
       R"(t:17:11: "servers" has 0 entries; expected 1 to 64)"},
      {"[[backend]]\nname = \"b\"\nservers = \"a:1\"",
       R"(t:17:11: wrong type for "servers": a string; expected a list such as )"
       R"(["127.0.0.1:5000"])"},
      {"[[backend]]\nname = \"b\"\nservers = [\"a:1\", 2]",
       R"(t:17:19: wrong type for "servers": an integer; expected a list such as )"
       R"(["127.0.0.1:5000"])"},
      {"[[backend]]\nname = \"b\"\nservers = [\n  \"a:1\",\n  \"a:1\"]",
       R"(t:19:3: "a:1" stands twice in "servers"; expected each entry once)"},
      {"[[backend]]\nname = \"echo\"\nservers = [\"a:1\"]",
       R"(t:16:8: a second [[backend]] is named "echo"; expected another name, the first is in )"
       R"(line 6)"},
      {"[[backend]]\nname = \"b\"\nservers = [\"a:1\"]\nconnect_timeout = \"0s\"",
       R"(t:18:19: connect_timeout is "0s"; expected "1ms" to "24h")"},
      {"[[backend]]\nname = \"b\"\nservers = [\"a:1\"]\nconnect_timeout = 5",
       R"(t:18:19: wrong type for "connect_timeout": an integer; expected a duration in quotes, )"
       R"(such as "5s")"},
      {"[[backend]]\nname = \"b\"\nservers = [\"a:1\"]\nsource = [\"127.0.0.1:80\"]",
       R"(t:18:11: source is "127.0.0.1:80"; expected a numeric address without a port, such as )"
       R"("192.0.2.7" or "2001:db8::7"; the kernel chooses the port)"},
      {"[[backend]]\nname = \"b\"\nservers = [\"a:1\"]\nsource = [\"here\"]",
       R"(t:18:11: source is "here"; expected a numeric address without a port, such as )"
       R"("192.0.2.7" or "2001:db8::7")"},
      {"[[backend]]\nname = \"b\"\nservers = [\"a:1\"]\nsource = [\"10.0.0.1\\u0000x\"]",
       R"(t:18:11: source is "10.0.0.1\x00x"; expected a numeric address without a port, such as )"
       R"("192.0.2.7" or "2001:db8::7")"},
      {"[[backend]]\nname = \"b\"\nservers = [\"a:1\"]\nsource = []",
       R"(t:18:10: "source" has 0 entries; expected 1 to 64)"},
      {"[[backend]]\nname = \"b\"\nserver = [\"a:1\"]\nservers = [\"a:1\"]",
       R"(t:17:1: unknown key "server" in [[backend]]; did you mean "servers"?)"},
  };
  ExpectEach(kCases);
}

TEST(ConfigComplaints, NameALimitOnTheSessionsOfARouteThatIsNone) {
  for (const std::string_view value : {"0", "16777216", "-1"}) {
    EXPECT_EQ(Complain(ValidAnd("[[route]]\nname = \"s\"\nlistener = \"web\"\npath = \"/s\"\n"
                                "mode = \"tcp\"\nbackend = \"echo\"\nsessions_max = " +
                                std::string(value))),
              Lines{"t:21:16: sessions_max is " + std::string(value) + "; expected 1 to 16777215"});
  }
}

TEST(ConfigComplaints, TellHowAServerIsWritten) {
  const std::string expected =
      R"(expected a host and a port, such as "127.0.0.1:5000", "[::1]:5000" or )"
      R"("db.internal:5000", or a unix socket, such as "unix:/run/app.sock")";
  const std::pair<std::string, std::string> servers[] = {
      {"db.internal", ""},
      {"db.internal:0", "; a server's port is 1 to 65535"},
      {"db.internal:99999", "; a server's port is 1 to 65535"},
      {"::1:5000", R"(; did you mean "[::1]:5000"?)"},
      {"300.1.1.1:1", ""},
      {"-a:1", ""},
      {"a..b:1", ""},
      {":1", ""},
      {"[db.internal]:1", ""},
      {"unix:", "; the path of a unix socket begins with \"/\""},
      {"unix:app.sock", "; the path of a unix socket begins with \"/\""},
      {"unix:@app", "; the path of a unix socket begins with \"/\""},
      {"unix:0", "; a server's port is 1 to 65535"},
      {"/run/app.sock", R"(; did you mean "unix:/run/app.sock"?)"},
      {"unix:/run/",
       "; the path of a socket has at most 107 bytes, no control character and no "
       "\"/\" at its end"},
  };
  for (const auto& [server, hint] : servers) {
    EXPECT_EQ(Complain(ValidAnd("[[backend]]\nname = \"b\"\nservers = [\"" + server + "\"]")),
              Lines{"t:17:12: server is \"" + server + "\"; " + expected + hint});
  }
}

TEST(ConfigComplaints, RefuseMoreThanSixtyFourServers) {
  std::string text = ValidAnd("[[backend]]\nname = \"b\"\nservers = [");
  for (int i = 1; i <= 64; ++i) text += "\"a:" + std::to_string(i) + "\",";
  EXPECT_EQ(Complain(text + "]"), Lines{});
  EXPECT_EQ(Complain(text + "\"a:65\"]"),
            Lines{R"(t:17:11: "servers" has 65 entries; expected 1 to 64)"});
}

/// Another route, complete but for what `more` says; `more` begins in line 20.
std::string RouteAnd(std::string_view more) {
  return ValidAnd(
             "[[route]]\nname = \"s\"\nlistener = \"web\"\nmode = \"tcp\"\nbackend = \"echo\"\n")
      .append(more);
}

void ExpectEachRoute(std::span<const Case> cases) {
  for (const Case& each : cases) {
    EXPECT_EQ(Complain(RouteAnd(each.more)), Lines{std::string(each.line)}) << each.more;
  }
}

TEST(ConfigComplaints, NameWhatIsWrongInAPath) {
  constexpr Case kCases[] = {
      {"", R"(t:15:1: missing key "path" in [[route]]; expected a path such as "/echo", or "/x/*" )"
           R"(for all that is below "/x/")"},
      {"path = \"x\"", R"(t:20:8: path is "x"; expected a path such as "/echo", or "/x/*" for all )"
                       R"(that is below "/x/"; a path begins with "/")"},
      {"path = \"/x*\"", R"(t:20:8: path is "/x*"; expected a path such as "/echo", or "/x/*" for )"
                         R"(all that is below "/x/"; "*" stands only at the end, after "/")"},
      {"path = \"/x?y\"",
       R"(t:20:8: path is "/x?y"; expected a path such as "/echo", or "/x/*" for all that )"
       R"(is below )"
       R"("/x/"; the query and the fragment of a URL are no part of its path)"},
      {"path = \"/a b\"",
       R"(t:20:8: path is "/a b"; expected a path such as "/echo", or "/x/*" for all that )"
       R"(is below )"
       R"("/x/"; clients send such bytes percent-encoded (a space is %20))"},
      {"path = '/a\\b'", R"(t:20:8: path is "/a\\b"; expected a path such as "/echo", or "/x/*" )"
                         R"(for all that is below "/x/"; a backslash is written as "%5C")"},
      {"path = \"/a%2\"",
       R"(t:20:8: path is "/a%2"; expected a path such as "/echo", or "/x/*" for )"
       R"(all that is below "/x/"; "%" stands before two hexadecimal digits )"
       R"((itself it is %25))"},
      {"path = \"/%61/*\"",
       R"(t:20:8: path is "/%61/*"; expected a path such as "/echo", or "/x/*" for all that is )"
       R"(below "/x/"; requests are matched with letters, digits and "-._~" decoded: write them )"
       R"(so)"},
      {"path = \"/a/../b\"",
       R"(t:20:8: path is "/a/../b"; expected a path such as "/echo", or "/x/*" for all that is )"
       R"(below "/x/"; requests are matched with "." and ".." segments removed: write it without)"},
  };
  ExpectEachRoute(kCases);
}

TEST(ConfigComplaints, NameWhatIsWrongInAHost) {
  constexpr Case kCases[] = {
      {"path = \"/p\"\nhost = \"a.example:80\"",
       R"(t:21:8: host is "a.example:80"; expected a host name without a port, such as )"
       R"("example.com"; ports do not count, leave it out)"},
      {"path = \"/p\"\nhost = \"[::1]:80\"",
       R"(t:21:8: host is "[::1]:80"; expected a host name without a port, such as )"
       R"("example.com"; ports do not count, leave it out)"},
      {"path = \"/p\"\nhost = \"*.example\"",
       R"(t:21:8: host is "*.example"; expected a host name without a port, such as )"
       R"("example.com"; wildcards do not exist, leave "host" out for any host)"},
      {"path = \"/p\"\nhost = \"\"",
       R"(t:21:8: host is ""; expected a host name without a port, such as "example.com")"},
      {"path = \"/p\"\nhost = \"[a]\"",
       R"(t:21:8: host is "[a]"; expected a host name without a port, such as "example.com")"},
  };
  ExpectEachRoute(kCases);
}

TEST(ConfigComplaints, NameUnknownWordsAndNamesOfARoute) {
  constexpr Case kCases[] = {
      {"path = \"/p\"\nframes = \"txt\"",
       R"(t:21:10: unknown frames "txt"; expected one of "binary", "text"; did you mean "text"?)"},
      {"path = \"/p\"\nsubprotocols = [\"a\", \"b c\"]",
       R"(t:21:22: subprotocol "b c" is no token; expected letters, digits and !#$%&'*+-.^_`|~)"},
      {"path = \"/p\"\nsubprotocol = []",
       R"(t:21:1: unknown key "subprotocol" in [[route]]; did you mean "subprotocols"?)"},
  };
  ExpectEachRoute(kCases);
  constexpr Case kWholeRoutes[] = {
      {"[[route]]\nname = \"s\"\nlistener = \"wbe\"\npath = \"/p\"\nmode = \"tcp\"\n"
       "backend = \"echo\"",
       R"(t:17:12: unknown listener "wbe"; did you mean "web"?)"},
      {"[[route]]\nname = \"s\"\nlistener = \"web\"\npath = \"/p\"\nmode = \"tcp\"\n"
       "backend = \"chat\"",
       R"(t:20:11: unknown backend "chat"; expected "echo")"},
      {"[[route]]\nname = \"s\"\nlistener = \"web\"\npath = \"/p\"\nmode = \"websockets\"\n"
       "backend = \"echo\"",
       R"(t:19:8: unknown mode "websockets"; expected one of "tcp", "websocket", "static"; did )"
       R"(you mean "websocket"?)"},
      {"[[route]]\nname = \"s\"\nlistener = \"web\"\npath = \"/p\"\nbackend = \"echo\"",
       R"(t:15:1: missing key "mode" in [[route]]; expected one of "tcp", "websocket", "static")"},
      {"[[route]]\nname = \"s\"\nmode = \"tcp\"\npath = \"/p\"\nbackend = \"echo\"",
       R"(t:15:1: missing key "listener" in [[route]]; expected the name of a [[listener]])"},
      {"[[route]]\nname = \"s\"\nmode = \"tcp\"\npath = \"/p\"\nlistener = \"web\"",
       R"(t:15:1: missing key "backend" in [[route]]; expected the name of a [[backend]])"},
      {"[[route]]\nname = \"r\"\nmode = \"tcp\"\npath = \"/p\"\nlistener = \"web\"\n"
       "backend = \"echo\"",
       R"(t:16:8: a second [[route]] is named "r"; expected another name, the first is in )"
       R"(line 10)"},
  };
  ExpectEach(kWholeRoutes);
}

TEST(ConfigComplaints, NameWhatIsNoOrigin) {
  constexpr Case kCases[] = {
      {"path = \"/p\"\norigins = [\"https://a.example\", \"b.example\"]",
       R"(t:21:33: "b.example" is no origin; expected scheme://host or )"
       R"(scheme://host:port; did you )"
       R"(mean "https://b.example"?)"},
      {"path = \"/p\"\norigins = [\"https://a.example/\"]",
       R"(t:21:12: "https://a.example/" is no origin; expected scheme://host or )"
       R"(scheme://host:port; an origin has no path, did you mean "https://a.example"?)"},
      {"path = \"/p\"\norigins = [\"https://*.example\"]",
       R"(t:21:12: "https://*.example" is no origin; expected scheme://host or )"
       R"(scheme://host:port)"},
      {"path = \"/p\"\norigins = [\"*\", \"https://a.example\"]",
       R"(t:21:12: "*" allows every origin; expected it alone or not at all)"},
      {"path = \"/p\"\norigins = []", R"(t:21:11: "origins" has 0 entries; expected 1 to 64)"},
  };
  ExpectEachRoute(kCases);
}

TEST(ConfigComplaints, NameTheRouteThatShadowsAnother) {
  constexpr Case kCases[] = {
      {"path = \"/echo\"",
       R"(t:20:8: path "/echo" can never be reached: route "r" in line 12 has the same listener, )"
       R"(no host and the same path; expected another path or host)"},
  };
  ExpectEachRoute(kCases);
  EXPECT_EQ(Complain(RouteAnd("host = \"A.example\"\npath = \"/x/*\"\n"
                              "[[route]]\nname = \"t\"\nlistener = \"web\"\nmode = \"tcp\"\n"
                              "backend = \"echo\"\nhost = \"a.example.\"\npath = \"/x/*\"\n")),
            Lines{R"(t:28:8: path "/x/*" can never be reached: route "s" in line 21 has the same )"
                  R"(listener, the same host and the same path; expected another path or host)"});
}

TEST(ConfigComplaints, NameTablesOfTheWrongKind) {
  EXPECT_EQ(
      Complain("gateway = 3\nlistener = {name = \"x\"}\nroute = [1]\nlimits = []\n"),
      (Lines{R"(t:1:11: wrong type for "gateway": an integer; expected [gateway], with single )"
             R"(brackets)",
             R"(t:2:12: wrong type for "listener": a table; expected [[listener]], with double )"
             R"(brackets)",
             R"(t:3:10: wrong type for "route": an integer; expected [[route]], with double )"
             R"(brackets)",
             R"(t:4:10: wrong type for "limits": an array; expected [limits], with single )"
             R"(brackets)"}));
}

TEST(ConfigComplaints, MissListenersAndRoutes) {
  EXPECT_EQ(Complain("route = []"),
            (Lines{"t:1:1: no [[listener]]; expected at least one, or no client can come",
                   "t:1:1: no [[route]]; expected at least one, or every client is refused"}));
}

TEST(ConfigComplaints, DoNotRepeatAMistakeForWhatRefersToIt) {
  EXPECT_EQ(Complain(R"([[listener]]
name = "web"
address = "nowhere"
[[backend]]
name = "echo"
servers = ["?"]
[[route]]
name = "r"
listener = "web"
path = "/"
mode = "tcp"
backend = "echo"
)")
                .size(),
            2u);
}

TEST(ConfigComplaints, GiveTheFirstMistakeOfATextThatIsNotToml) {
  EXPECT_EQ(
      Complain("[gateway]\nworkers = \n[gatway]\n"),
      Lines{"t:2:11: not TOML: Error while parsing key-value pair: expected value, saw '\\n'"});
}

TEST(ConfigComplaints, StopAtTwentyAndCountTheRest) {
  std::string text(kValidText);
  for (int i = 0; i < 30; ++i) text += "[zzz" + std::to_string(i) + "]\n";
  const Lines lines = Complain(text);
  ASSERT_EQ(lines.size(), 21u);
  EXPECT_TRUE(lines[0].starts_with(R"(t:15:2: unknown key "zzz0" in the configuration)"));
  EXPECT_TRUE(lines[19].starts_with(R"(t:34:2: unknown key "zzz19")"));
  EXPECT_EQ(lines[20], "t:35:2: from here on 10 more errors, not shown");
}

TEST(ConfigComplaints, StandInTheOrderOfTheText) {
  EXPECT_EQ(
      Complain(ValidAnd("frames = \"x\"\n[gateway]\nworkers = 0\n[limits]\ncells = 0\n")).size(),
      3u);
  Complaints complaints("t");
  complaints.Add({.line = 2, .column = 1}, "c");
  complaints.Add({.line = 1, .column = 9}, "b");
  complaints.Add({.line = 1, .column = 2}, "a");
  EXPECT_EQ(std::string(complaints.ToStatus().message()), "t:1:2: a\nt:1:9: b\nt:2:1: c");
}

}  // namespace
}  // namespace ringway::config
