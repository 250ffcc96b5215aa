#include "faults/coverage.h"

#include <gtest/gtest.h>

namespace squall::fault {
namespace {

using Direction = sys::NftDirection;

TEST(ParseEndpoint, TakesBothFamilies) {
  EXPECT_EQ(parse_endpoint("10.0.0.5:80").value().host, "10.0.0.5");
  EXPECT_EQ(parse_endpoint("10.0.0.5:80").value().port, 80);
  EXPECT_EQ(parse_endpoint("[fd00::5]:443").value().host, "fd00::5");
}

TEST(ParseEndpoint, RefusesWhatIsNotAddressAndPort) {
  for (const char* text : {"", ":", "10.0.0.5", "10.0.0.5:", ":80", "a:0", "a:65536", "a:80x",
                           "fd00::5:80", "[fd00::5]", "a:-1"}) {
    const Result<Endpoint> endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint.error().code, Code::invalid);
    EXPECT_FALSE(endpoint.error().next.empty());
  }
}

// {request, reply} of a connection to `endpoint`.
std::pair<bool, bool> met(const sys::NftRule& rule, const Endpoint& endpoint, bool inside = true) {
  const Coverage coverage = squall::fault::coverage(rule, endpoint, inside);
  return {coverage.request, coverage.reply};
}

TEST(Coverage, FollowsAConnectionThatLeaves) {
  const Endpoint far{"10.0.0.5", 80};
  using Pair = std::pair<bool, bool>;
  EXPECT_EQ(met({.direction = Direction::out, .remote_port = 80}, far), (Pair{true, false}));
  EXPECT_EQ(met({.direction = Direction::in, .remote_port = 80}, far), (Pair{false, true}));
  EXPECT_EQ(met({.direction = Direction::both}, far), (Pair{true, true}));
  EXPECT_EQ(met({.direction = Direction::both, .remote_port = 81}, far), (Pair{false, false}));
}

TEST(Coverage, FollowsAConnectionThatArrives) {
  const Endpoint here{"10.0.0.1", 80};
  using Pair = std::pair<bool, bool>;
  EXPECT_EQ(met({.direction = Direction::in, .local_port = 80}, here, false), (Pair{true, false}));
  EXPECT_EQ(met({.direction = Direction::out, .local_port = 80}, here, false), (Pair{false, true}));
  EXPECT_EQ(met({.direction = Direction::both, .remote_port = 80}, here, false),
            (Pair{false, false}))
      << "there the witness has an unnamed port on the peer's side";
}

TEST(Coverage, SeesLoopbackPacketsAtBothHooks) {
  const Endpoint loopback{"127.0.0.1", 80};
  using Pair = std::pair<bool, bool>;
  EXPECT_EQ(met({.direction = Direction::in}, loopback), (Pair{true, true}));
  EXPECT_EQ(met({.direction = Direction::out}, loopback), (Pair{true, true}));
  EXPECT_EQ(met({.direction = Direction::in, .remote_port = 80}, loopback), (Pair{false, true}));
  EXPECT_EQ(met({.direction = Direction::out, .remote_port = 80}, loopback), (Pair{true, false}));
  EXPECT_EQ(met({.direction = Direction::in, .local_port = 80}, loopback), (Pair{true, false}));
}

}  // namespace
}  // namespace squall::fault
