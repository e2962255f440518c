// SPDX-License-Identifier: Apache-2.0
//
// Who serves whom where several clients share a backend, and who comes past its porter.
#include "tests/sim/cast.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace ringway::sim {
namespace {

class StillClient : public ClientEnd {
 public:
  using ClientEnd::ClientEnd;
  void Act() override {}
  int status() const override { return 0; }
  uint64_t sent() const override { return 0; }
  uint64_t received() const override { return 0; }
  uint64_t Taken() override { return 0; }
  bool flows() const override { return false; }
  std::string Missing() const override { return {}; }
};

class StillBackend : public BackendEnd {
 public:
  using BackendEnd::BackendEnd;
  void Act() override {}
  uint64_t Taken() const override { return 0; }
};

Story ThreeClients() {
  Story story;
  story.clients = 3;
  story.apart_ns = 1000;
  story.begin_ns = 50;
  story.up_bytes = story.down_bytes = 300;
  return story;
}

/// Three clients of one backend, with numbers 4, 104 and 204.
class Shared : public testing::Test {
 protected:
  Shared() {
    for (size_t i = 0; i < 3; ++i) {
      ClientEnd& client =
          cast_.AddClient(std::make_unique<StillClient>(scene_, cast_.PartOf(i), entrance_));
      BackendEnd& backend = cast_.AddBackend(
          std::make_unique<StillBackend>(scene_, cast_.PartOf(i), cast_.AddDoor()));
      cast_.LetServe(backend, client);
    }
    auto porter = std::make_unique<Porter>(scene_, cast_.PartOf(0), door_);
    porter_ = porter.get();
    cast_.SetPorter(std::move(porter));
  }

  /// The gateway's end of a connection, which has dialled the backend.
  Connection& Dial() {
    Connection* connection = network_.Open(Network::AddressOf(door_.port));
    door_.waiting.push_back(connection);
    return *connection;
  }
  static void Say(Connection& connection, std::string_view text) {
    connection.NearSend({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }
  const ClientEnd& client(size_t place) { return *cast_.clients()[place]; }
  std::deque<Connection*>& At(size_t place) {
    return cast_.ServerOf(client(place))->door().waiting;
  }

  SimClock clock_;
  Verdict verdict_{clock_};
  Random random_{1};
  Network network_{4096};
  Scene scene_{network_, clock_, random_, verdict_};
  Server& door_ = network_.Serve(1000);
  Server& entrance_ = network_.Serve(0);
  Story story_ = ThreeClients();
  Cast cast_{story_, 4, door_};
  Porter* porter_ = nullptr;
};

TEST_F(Shared, EachClientIsServedByAnEndOfItsOwn) {
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cast_.ServerOf(client(i)), cast_.backends()[i]);
    EXPECT_EQ(&cast_.ClientOf(*cast_.backends()[i]), &client(i));
    EXPECT_EQ(client(i).number(), 4 + 100 * i);
  }
  EXPECT_EQ(cast_.NameOf(client(2)), "story 4, client 204");
}

TEST_F(Shared, EachClientHasItsTimeAndItsTapes) {
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(client(i).story().begin_ns, 50 + 1000 * i);
  const Tape first = client(0).story().UpTape();
  const Tape second = client(1).story().UpTape();
  std::array<uint8_t, 16> bytes{};
  first.Fill(0, bytes);
  EXPECT_TRUE(first.Matches(0, bytes));
  EXPECT_FALSE(second.Matches(0, bytes));
}

TEST_F(Shared, AConnectionIsLedToWhomItsHeaderNames) {
  Connection& one = Dial();
  Connection& other = Dial();
  Say(one, "PROXY TCP4 127.0.0.1 127.0.0.1 20204 1\r\nhello");
  Say(other, "PROXY TCP4 127.0.0.1 127.0.0.1 20104 1\r\n");
  EXPECT_TRUE(porter_->IsCalled());
  porter_->Act();
  EXPECT_FALSE(porter_->IsCalled());
  ASSERT_EQ(At(2).size(), 1U);
  EXPECT_EQ(At(2).front(), &one);
  ASSERT_EQ(At(1).size(), 1U);
  EXPECT_EQ(At(1).front(), &other);
  EXPECT_TRUE(At(0).empty());
  EXPECT_EQ(one.down.size(), 5U) << "what is behind the header is not the porter's";
  EXPECT_EQ(verdict_.failure(), "");
}

TEST_F(Shared, AHeaderMayComeInPieces) {
  Connection& one = Dial();
  Say(one, "PROXY TCP4 127.0.0.1 127.");
  porter_->Act();
  EXPECT_TRUE(At(0).empty());
  EXPECT_TRUE(porter_->TakeNews());
  EXPECT_FALSE(porter_->TakeNews());
  Say(one, "0.0.1 20004 1\r\n");
  EXPECT_TRUE(porter_->TakeNews());
  porter_->Act();
  EXPECT_EQ(At(0).size(), 1U);
}

TEST_F(Shared, NobodyElsesHeaderIsTaken) {
  Say(Dial(), "PROXY TCP4 127.0.0.1 127.0.0.1 20005 1\r\n");
  porter_->Act();
  EXPECT_NE(verdict_.failure().find("names no client of the story"), std::string::npos);
}

TEST_F(Shared, WhatIsStruckBeforeItIsKnownExcusesEveryClient) {
  Connection& one = Dial();
  porter_->Act();
  EXPECT_FALSE(cast_.IsTainted(client(1)));
  one.Break();
  EXPECT_TRUE(cast_.IsTainted(client(1)));
  porter_->Act();
  EXPECT_TRUE(cast_.IsTainted(client(0))) << "and after it has gone";
  EXPECT_FALSE(cast_.IsWithheld(client(0)));
}

TEST_F(Shared, WhatNeverCompletesBeforeItIsKnownMayBeAnybodys) {
  Dial().withheld = true;
  EXPECT_TRUE(cast_.IsWithheld(client(2)));
}

TEST(Alone, AStoryOfOneClientIsPlayedAsItIsWritten) {
  Network network(4096);
  Story story;
  story.text = true;
  story.up_bytes = story.down_bytes = 77;
  const Cast cast(story, 3, network.Serve(1000));
  const Part part = cast.PartOf(0);
  EXPECT_EQ(part.number, 3U);
  EXPECT_EQ(part.story.up_bytes, 77U);
  EXPECT_EQ(part.story.up_offset, story.up_offset);
}

}  // namespace
}  // namespace ringway::sim
