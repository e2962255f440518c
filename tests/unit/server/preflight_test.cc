// SPDX-License-Identifier: Apache-2.0
//
// Configurations that are valid, on a machine that may lack what they ask for.
#include "gateway/server/preflight.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace ringway::server {
namespace {

using Lines = std::vector<std::string>;

/// `address` stands in line 3, `root` in line 9, `servers` in line 12, `source` in line 13.
struct Written {
  std::string address = "127.0.0.1:0";
  std::string root = "/";
  std::string servers = R"("127.0.0.1:5000")";
  std::string source = R"("127.0.0.1")";
};

config::ParsedConfig ParsedOf(const Written& written) {
  auto parsed = config::ParseWithWarnings(
      absl::StrCat("[[listener]]\nname = \"web\"\naddress = \"", written.address,
                   "\"\n[[route]]\nname = \"site\"\nlistener = \"web\"\npath = \"/*\"\n"
                   "mode = \"static\"\nroot = \"",
                   written.root, "\"\n[[backend]]\nname = \"app\"\nservers = [", written.servers,
                   "]\nsource = [", written.source, "]\n[[route]]\nname = \"r\"\n",
                   "listener = \"web\"\npath = \"/ws\"\nmode = \"tcp\"\nbackend = \"app\"\n"),
      "t");
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return *std::move(parsed);
}

uring::ProbeResult Usable() {
  uring::ProbeResult probe;
  probe.usable = true;
  return probe;
}

/// Knows every host but "nowhere".
absl::StatusOr<std::vector<base::SocketAddress>> LookUpHere(const config::Server& server) {
  if (server.host == "nowhere") {
    return absl::NotFoundError("nowhere: Name or service not known");
  }
  return std::vector<base::SocketAddress>{
      {.family = base::AddressFamily::kIpv4, .port = server.port, .bytes = {127, 0, 0, 1}}};
}

PreflightReport Check(const Written& written) {
  return Preflight(ParsedOf(written), "t", Usable(), LookUpHere);
}

TEST(Preflight, HasNothingToSayWhereAllIsThere) {
  const PreflightReport report = Check({});
  EXPECT_EQ(report.errors, Lines{});
  EXPECT_EQ(report.warnings, Lines{});
}

TEST(Preflight, NamesARootThatIsMissing) {
  EXPECT_EQ(Check({.root = "/nowhere/www"}).errors,
            Lines{"t:9:8: could not be served here: route \"site\": root /nowhere/www: No such "
                  "file or directory; create the folder, or correct `root`"});
}

TEST(Preflight, NamesAnAddressThatIsNoneOfThisMachine) {
  for (const std::string port : {"0", "8080"}) {
    const PreflightReport report = Check({.address = "192.0.2.1:" + port});
    EXPECT_EQ(
        report.errors,
        Lines{"t:3:11: could not be served here: listener \"web\": bind on 192.0.2.1 port " + port +
              ": Cannot assign requested address; no interface of this machine has that "
              "address"});
    EXPECT_EQ(report.warnings, Lines{});
  }
}

TEST(Preflight, OnlyWarnsOfAPortInUse) {
  const int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t bytes = sizeof address;
  ASSERT_EQ(bind(taken, reinterpret_cast<sockaddr*>(&address), bytes), 0);
  ASSERT_EQ(listen(taken, 1), 0);
  ASSERT_EQ(getsockname(taken, reinterpret_cast<sockaddr*>(&address), &bytes), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  const PreflightReport report = Check({.address = "127.0.0.1:" + port});
  close(taken);
  EXPECT_EQ(report.errors, Lines{});
  EXPECT_EQ(report.warnings,
            Lines{"t:3:11: warning: listener \"web\": bind on 127.0.0.1 port " + port +
                  ": Address already in use; another program listens there: end it, or choose "
                  "another port (0: any free one)"});
}

TEST(Preflight, NamesEachServerThatIsNotResolved) {
  const std::string error =
      "could not be served here: cannot resolve backend \"app\": nowhere: Name or service not "
      "known: check the name, /etc/hosts and the name server";
  EXPECT_EQ(Check({.servers = "\"nowhere:1\", \"b:2\", \"nowhere:3\", \"unix:/run/none\""}).errors,
            (Lines{"t:12:12: " + error, "t:12:32: " + error}));
}

TEST(Preflight, NamesASourceThatIsNoneOfThisMachine) {
  EXPECT_EQ(Check({.source = "\"127.0.0.1\", \"192.0.2.1\""}).errors,
            Lines{"t:13:24: could not be served here: backend \"app\": source 192.0.2.1: Cannot "
                  "assign requested address; add the address to an interface of this machine"});
}

TEST(Preflight, SaysThatTheKernelOffersNoRing) {
  uring::ProbeResult probe;
  probe.error = "io_uring is forbidden";
  EXPECT_EQ(Preflight(ParsedOf({}), "t", probe, LookUpHere).errors,
            Lines{"could not be served here: io_uring is forbidden"});
}

TEST(Preflight, TellsAllAtOnceInTheOrderOfTheText) {
  const Lines errors =
      Check({.address = "192.0.2.1:0", .root = "/nowhere", .servers = "\"nowhere:1\""}).errors;
  ASSERT_EQ(errors.size(), 3U);
  EXPECT_TRUE(errors[0].starts_with("t:3:11: ")) << errors[0];
  EXPECT_TRUE(errors[1].starts_with("t:9:8: ")) << errors[1];
  EXPECT_TRUE(errors[2].starts_with("t:12:12: ")) << errors[2];
}

}  // namespace
}  // namespace ringway::server
