#include "net/load/load.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/load/http_load.h"
#include "net/load/target_test.h"
#include "net/test_server.h"
#include "sys/clock.h"

namespace squall::net {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

LoadOrder order_for(int port) {
  return {.endpoint = {.host = "127.0.0.1", .port = port},
          .rate = {1000},
          .connections = 8,
          .count = 300,
          .duration = seconds(10),
          .timeout = seconds(5)};
}

std::unique_ptr<LoadProtocol> http(std::vector<LoadForm> forms = {}) {
  return std::make_unique<HttpLoad>(HttpRequest{.url = {.host = "127.0.0.1"}}, std::move(forms));
}

LoadTally run(const LoadOrder& order, std::vector<LoadForm> forms = {}) {
  return Load::start(order, http(std::move(forms))).value()->wait();
}

// Whatever happens, every request that was due has exactly one fate.
void expect_every_request_has_its_fate(const LoadTally& tally) {
  std::int64_t sum = 0;
  for (std::size_t fate = 0; fate < LoadTally::fates; ++fate) {
    sum += tally.sum(static_cast<LoadTally::Fate>(fate));
  }
  EXPECT_EQ(sum, tally.due);
}

TEST(Load, SendsEachRequestOnceAndCountsTheAnswers) {
  const LoadTarget target(answer_each("\r\n\r\n", std::string(good)));
  const LoadTally tally = run(order_for(target.port()));
  EXPECT_EQ(tally.due, 300);
  EXPECT_EQ(tally.sent, 300);
  EXPECT_EQ(tally.sum(LoadTally::accepted), 300);
  EXPECT_EQ(tally.latency.count(), 300U);
  EXPECT_EQ(tally.lateness.count(), 300U);
  EXPECT_GT(tally.latency.quantile(0.5), Duration{});
  EXPECT_LE(tally.connections, 8);
  EXPECT_GE(tally.took, milliseconds(299));
  expect_every_request_has_its_fate(tally);
}

TEST(Load, KeepsTheAskedRateWhateverTheTargetTakes) {
  const LoadTarget target(answer_each("\r\n\r\n", std::string(good)));
  for (const double rate : {200.0, 2000.0}) {
    LoadOrder order = order_for(target.port());
    order.rate = {rate};
    order.count = 1'000'000;
    order.duration = milliseconds(500);
    const LoadTally tally = run(order);
    EXPECT_NEAR(static_cast<double>(tally.sent), rate / 2, 1) << rate;
  }
}

TEST(Load, EndsAtItsCountOrAtItsDuration) {
  const LoadTarget target(answer_each("\r\n\r\n", std::string(good)));
  LoadOrder order = order_for(target.port());
  order.count = 7;
  EXPECT_EQ(run(order).sent, 7);
  order.count = 1000;
  order.duration = milliseconds(50);
  EXPECT_EQ(run(order).sent, 50);
}

TEST(Load, SendsTheInvalidFormsInTheAskedShareAndTheSameForTheSameSeed) {
  const LoadTarget target(answer_each("\r\n\r\n", std::string(good)));
  LoadOrder order = order_for(target.port());
  order.rate = {10'000};
  order.count = 2000;
  order.invalid = Share{0.25};
  order.seed = 7;
  const std::vector<LoadForm> forms{{"one", "f", "GET /a HTTP/1.1\r\n\r\n"},
                                    {"two", "f", "GET /b HTTP/1.1\r\n\r\n"}};
  const LoadTally first = run(order, forms);
  const std::int64_t one = first.invalid.at(0)[LoadTally::accepted];
  const std::int64_t two = first.invalid.at(1)[LoadTally::accepted];
  EXPECT_NEAR(static_cast<double>(one + two), 500, 60);
  EXPECT_GT(one, 150);
  EXPECT_GT(two, 150);
  const LoadTally second = run(order, forms);
  EXPECT_EQ(second.invalid.at(0)[LoadTally::accepted], one);
  EXPECT_EQ(second.invalid.at(1)[LoadTally::accepted], two);
}

TEST(Load, TakesEveryFormInTurnWhenAllAreInvalid) {
  const LoadTarget target(answer_each("\r\n\r\n", "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n"));
  LoadOrder order = order_for(target.port());
  order.count = 6;
  order.invalid = Share{1};
  const LoadTally tally = run(order, {{"one", "f", "GET /a HTTP/1.1\r\n\r\n"},
                                      {"two", "f", "GET /b HTTP/1.1\r\n\r\n"},
                                      {"three", "f", "GET /c HTTP/1.1\r\n\r\n"}});
  for (const LoadTally::Fates& form : tally.invalid) EXPECT_EQ(form[LoadTally::rejected], 2);
}

TEST(Load, OpensANewConnectionWhenTheTargetClosesEach) {
  const LoadTarget target([](std::string& bytes) {
    if (bytes.find("\r\n\r\n") == std::string::npos) return LoadTarget::Reply{};
    return LoadTarget::Reply{"HTTP/1.1 200 OK\r\n\r\nuntil the end", true};
  });
  LoadOrder order = order_for(target.port());
  order.count = 50;
  const LoadTally tally = run(order);
  EXPECT_EQ(tally.sum(LoadTally::accepted), 50);
  EXPECT_EQ(tally.connections, 50);
}

TEST(Load, CountsWhatIsCutOffAndWhatIsNoHttp) {
  const LoadTarget cutting([](std::string& bytes) {
    if (bytes.find("\r\n\r\n") == std::string::npos) return LoadTarget::Reply{};
    return LoadTarget::Reply{"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", true};
  });
  LoadOrder order = order_for(cutting.port());
  order.count = 20;
  EXPECT_EQ(run(order).sum(LoadTally::cut), 20);
  const LoadTarget babbling(answer_each("\r\n\r\n", "+OK\r\n"));
  order = order_for(babbling.port());
  order.count = 20;
  const LoadTally tally = run(order);
  EXPECT_EQ(tally.sum(LoadTally::nonsense), 20);
  expect_every_request_has_its_fate(tally);
}

// Eight requests wait for an answer that never comes; the others find no free connection.
TEST(Load, GivesUpWhatIsNotAnsweredInTimeAndDropsWhatFindsNoConnection) {
  const LoadTarget silent([](std::string&) { return LoadTarget::Reply{}; });
  LoadOrder order = order_for(silent.port());
  order.timeout = milliseconds(100);
  order.duration = milliseconds(300);
  const LoadTally tally = run(order);
  EXPECT_EQ(tally.due, 300);
  EXPECT_GE(tally.sum(LoadTally::timed_out), 8);
  EXPECT_GT(tally.sum(LoadTally::dropped), 100);
  EXPECT_EQ(tally.answered(), 0);
  EXPECT_LT(tally.took, seconds(5));
  expect_every_request_has_its_fate(tally);
}

// Latency counts from when a request was due, so the wait of those behind a slow one is in it.
TEST(Load, DoesNotHideTheWaitBehindASlowAnswer) {
  bool was_slow = false;
  const LoadTarget slow([&](std::string& bytes) {
    if (!was_slow) {
      was_slow = true;
      sys::sleep_until(sys::monotonic_now() + milliseconds(200));
    }
    return answer_each("\r\n\r\n", std::string(good))(bytes);
  });
  LoadOrder order = order_for(slow.port());
  order.connections = 1;
  order.count = 100;
  const LoadTally tally = run(order);
  EXPECT_EQ(tally.sum(LoadTally::accepted), 100);
  EXPECT_GT(tally.latency.quantile(0.5), milliseconds(90));
}

TEST(Load, CanBeStoppedAtOnce) {
  const LoadTarget silent([](std::string&) { return LoadTarget::Reply{}; });
  LoadOrder order = order_for(silent.port());
  order.timeout = seconds(60);
  const std::unique_ptr<Load> load = Load::start(order, http()).value();
  const Duration begun = sys::monotonic_now();
  while (load->sent() < 8 && sys::monotonic_now() - begun < seconds(5)) std::this_thread::yield();
  const LoadTally& tally = load->stop();
  EXPECT_LT(sys::monotonic_now() - begun, seconds(4));
  EXPECT_EQ(tally.sum(LoadTally::abandoned), 8);
  expect_every_request_has_its_fate(tally);
}

TEST(Load, RefusesATargetThatIsNotThere) {
  const auto load = Load::start(order_for(unused_port()), http());
  ASSERT_FALSE(load.ok());
  EXPECT_EQ(load.error().code, Code::refused);
  EXPECT_THAT(load.error().message, HasSubstr("connection refused by 127.0.0.1"));
}

// The target dies in the middle: each request from then on is a refused connection.
TEST(Load, GoesOnWhenTheTargetDies) {
  auto target = std::make_unique<LoadTarget>(answer_each("\r\n\r\n", std::string(good)));
  LoadOrder order = order_for(target->port());
  order.count = 400;
  const std::unique_ptr<Load> load = Load::start(order, http()).value();
  const Duration begun = sys::monotonic_now();
  while (load->sent() < 50 && sys::monotonic_now() - begun < seconds(5)) std::this_thread::yield();
  target.reset();
  const LoadTally& tally = load->wait();
  EXPECT_EQ(tally.due, 400);
  EXPECT_GE(tally.sum(LoadTally::accepted), 40);
  EXPECT_GE(tally.sum(LoadTally::refused), 100);
  expect_every_request_has_its_fate(tally);
}

TEST(Load, RefusesWhatIsOutOfBounds) {
  const auto mistake = [](const std::function<void(LoadOrder&)>& change) {
    LoadOrder order = order_for(80);
    change(order);
    const Status status = check_order(order);
    return status.ok() ? "none" : status.error().message + " / " + status.error().next;
  };
  EXPECT_EQ(mistake([](LoadOrder&) {}), "none");
  EXPECT_THAT(mistake([](LoadOrder& order) { order.rate = {0}; }), HasSubstr("rate: 0 /s"));
  EXPECT_THAT(mistake([](LoadOrder& order) { order.rate = {2e6}; }), HasSubstr("up to 1000000"));
  EXPECT_THAT(mistake([](LoadOrder& order) { order.connections = 0; }), HasSubstr("connections"));
  EXPECT_THAT(mistake([](LoadOrder& order) { order.count = 0; }), HasSubstr("count: 0"));
  EXPECT_THAT(mistake([](LoadOrder& order) { order.duration = minutes(61); }), HasSubstr("60 min"));
  EXPECT_THAT(mistake([](LoadOrder& order) { order.timeout = minutes(2); }), HasSubstr("1 min"));
  EXPECT_THAT(mistake([](LoadOrder& order) { order.invalid = Share{1.5}; }), HasSubstr("100 %"));
  LoadOrder nothing_invalid = order_for(80);
  nothing_invalid.invalid = Share{0.5};
  EXPECT_THAT(Load::start(nothing_invalid, http()).error().message, HasSubstr("no invalid form"));
}

}  // namespace
}  // namespace squall::net
