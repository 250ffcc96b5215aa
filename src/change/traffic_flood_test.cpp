// What the law does not say of traffic.flood: what is told at its end, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "change/executor.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/test_props.h"

namespace squall::change {
namespace {

using ::testing::HasSubstr;

const Executor::Gate open_gate = [](const Kind&, const Footprint&) { return ok(); };

class TrafficFlood : public testing::Test {
 protected:
  TrafficFlood() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), where, length), 0);
    EXPECT_EQ(::getsockname(listener_.get(), where, &length), 0);
    port_ = ntohs(address.sin_port);
  }
  Request request(std::string_view protocol, json::object say) const {
    return {"traffic.flood",
            {{"protocol", protocol},
             {"host", "127.0.0.1"},
             {"port", port_},
             {"rate", "1000 /s"},
             {"connections", 2},
             {"count", 5},
             {"timeout", "50 ms"},
             {"say", std::move(say)}}};
  }
  Result<Applied> apply(Executor& executor, const Request& request) const {
    return executor.apply("run/0", "run", request, false, open_gate);
  }

  sys::ScratchFolder folder_;
  sys::Fd listener_;
  int port_ = 0;
};

// Nobody accepts, so every request times out or finds no connection.
TEST_F(TrafficFlood, SaysAtItsEndWhatBecameOfTheRequests) {
  ASSERT_EQ(::listen(listener_.get(), 64), 0);
  Executor executor(std::move(*Journal::open(folder_.path())), catalogue());
  const Result<Applied> applied = apply(executor, request("http", {{"target", "/"}}));
  ASSERT_TRUE(applied.ok()) << applied.error().render();
  EXPECT_THAT(applied->describe, HasSubstr("send 1000 /s of http to 127.0.0.1:"));
  sys::sleep_until(sys::monotonic_now() + milliseconds(250));
  const Result<Reverted> reverted = executor.revert("run/0");
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_THAT(reverted->detail, HasSubstr("of 5 due"));
  EXPECT_THAT(reverted->detail, HasSubstr("timed out"));
}

TEST_F(TrafficFlood, HoldsNothingWhenTheServiceIsNotThere) {
  Executor executor(std::move(*Journal::open(folder_.path())), catalogue());
  const Result<Applied> applied = apply(executor, request("http", {{"target", "/"}}));
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, Code::refused);
  EXPECT_THAT(applied.error().message, HasSubstr("connection refused"));
  EXPECT_TRUE(executor.live().empty());
}

TEST_F(TrafficFlood, RefusesWhatCannotBeSaid) {
  ASSERT_EQ(::listen(listener_.get(), 64), 0);
  Executor executor(std::move(*Journal::open(folder_.path())), catalogue());
  const auto mistake = [&](std::string_view protocol, json::object say) {
    const Result<Applied> applied = apply(executor, request(protocol, std::move(say)));
    return applied.ok() ? "none" : applied.error().message;
  };
  EXPECT_THAT(mistake("gopher", {}), HasSubstr("no protocol of a load"));
  EXPECT_THAT(mistake("http", {{"method", "HEAD"}}), HasSubstr("HEAD"));
  EXPECT_THAT(mistake("http", {{"token", "hunter2"}}), HasSubstr("may not stand in a document"));
  EXPECT_THAT(mistake("http", {{"token", "${file:/no/such/token}"}}), HasSubstr("/no/such/token"));
  EXPECT_THAT(mistake("redis", {{"list", ""}, {"message", "x"}}), HasSubstr("it has no name"));
  EXPECT_THAT(mistake("nats", {{"subject", "a b"}, {"message", "x"}}), HasSubstr("subject"));
}

TEST_F(TrafficFlood, IsJudgedByTheGatesLikeACutOfItsPort) {
  const Kind* kind = find(catalogue(), "traffic.flood");
  const Footprint touched = kind->footprint(request("http", json::object{}).params).value();
  ASSERT_EQ(touched.cuts.size(), 1U);
  EXPECT_EQ(touched.cuts[0].local_port, port_);
  EXPECT_EQ(touched.cuts[0].protocol, "tcp");
  EXPECT_GT(touched.demand.descriptors, 2);
}

}  // namespace
}  // namespace squall::change
