#include <cmath>

#include "proxy/proxy_rig_test.h"
#include "proxy/stage_rig_test.h"

namespace squall::proxy {
namespace {

// The delays of single chunks that come so far apart that none meets another.
class JitterTest : public StageRig {
 protected:
  std::vector<double> delays(const json::object& attributes, int count, Duration gap = seconds(100),
                             std::uint64_t connection = 0) {
    Stages stages;
    Recorder out;
    stages.follow({toxic("jitter", attributes)}, {&traffic_, connection}, out.now, out);
    std::vector<Duration> sent;
    for (int i = 0; i < count; ++i) {
      const Duration at = gap * i;
      while (stages.wake_at() <= at) {
        out.now = stages.wake_at();
        stages.wake(out.now, out);
      }
      out.now = at;
      sent.push_back(at);
      stages.take({at, "x"}, at, out);
    }
    while (stages.wake_at() != never) {
      out.now = stages.wake_at();
      stages.wake(out.now, out);
    }
    std::vector<double> found;
    for (std::size_t i = 0; i < out.pieces.size(); ++i) {
      found.push_back((out.pieces[i].at - sent[i]).milliseconds());
    }
    return found;
  }

  struct Moments {
    double mean = 0;
    double deviation = 0;
    double correlation = 0;  // of each with the one before
  };
  static Moments moments(const std::vector<double>& values) {
    Moments found;
    const auto count = static_cast<double>(values.size());
    for (const double value : values) found.mean += value / count;
    double variance = 0;
    double together = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double off = values[i] - found.mean;
      variance += off * off / count;
      if (i > 0) together += off * (values[i - 1] - found.mean) / count;
    }
    found.deviation = std::sqrt(variance);
    found.correlation = together / variance;
    return found;
  }
};

constexpr int samples = 20'000;

TEST_F(JitterTest, EachModelHasItsMeanAndItsWidth) {
  const auto of = [&](std::string_view model) {
    return delays({{"latency", 1000}, {"jitter", 100}, {"model", json::string(model)}}, samples);
  };
  const std::vector<double> uniform = of("uniform");
  EXPECT_NEAR(moments(uniform).mean, 1000, 2);
  EXPECT_NEAR(moments(uniform).deviation, 100 / std::sqrt(3), 2);
  EXPECT_GE(*std::min_element(uniform.begin(), uniform.end()), 900);
  EXPECT_LE(*std::max_element(uniform.begin(), uniform.end()), 1100);
  const std::vector<double> normal = of("normal");
  EXPECT_NEAR(moments(normal).mean, 1000, 3);
  EXPECT_NEAR(moments(normal).deviation, 100, 2);
  const auto beyond = std::count_if(normal.begin(), normal.end(),
                                    [](double delay) { return std::abs(delay - 1000) > 196; });
  EXPECT_NEAR(static_cast<double>(beyond) / samples, 0.05, 0.006);
  const std::vector<double> pareto = of("pareto");
  EXPECT_NEAR(moments(pareto).mean, 1000, 5);
  EXPECT_GE(*std::min_element(pareto.begin(), pareto.end()), 942);  // a Pareto begins sharply
  const auto tail = std::count_if(pareto.begin(), pareto.end(), [](double delay) {
    return delay > 1000 + 100 * (8 - 1.5) / 0.866;
  });
  EXPECT_NEAR(static_cast<double>(tail) / samples, 1.0 / 512, 0.001);  // P(X > 8) = 8^-3
}

TEST_F(JitterTest, ACorrelationIsRealAndLeavesTheModelAsItIs) {
  const auto found =
      moments(delays({{"latency", 1000}, {"jitter", 100}, {"correlation", 0.8}}, samples));
  EXPECT_NEAR(found.correlation, 0.8, 0.03);
  EXPECT_NEAR(found.mean, 1000, 8);
  EXPECT_NEAR(found.deviation, 100, 5);
  EXPECT_NEAR(moments(delays({{"latency", 1000}, {"jitter", 100}}, samples)).correlation, 0, 0.03);
}

TEST_F(JitterTest, RankPreservingKeepsTheMeanWhereWaitingForTheOneBeforeDoesNot) {
  // A chunk each millisecond: nearly every one would overtake another.
  const json::object plain = {{"latency", 500}, {"jitter", 100}};
  json::object ranked = plain;
  ranked["rank_preserving"] = true;
  EXPECT_NEAR(moments(delays(ranked, samples, milliseconds(1))).mean, 500, 5);
  EXPECT_GT(moments(delays(plain, samples, milliseconds(1))).mean, 650);
}

TEST_F(JitterTest, TheOrderStaysAndTheEndComesLast) {
  for (const bool ranked : {false, true}) {
    out_ = {};
    follow({toxic("jitter", {{"latency", 20}, {"jitter", 20}, {"rank_preserving", ranked}})});
    std::string sent;
    for (char letter = 'a'; letter <= 'z'; ++letter) {
      take(std::string(1, letter));
      sent += letter;
    }
    stages_.take_end(out_.now, out_);
    EXPECT_FALSE(out_.is_ended);
    run();
    EXPECT_EQ(out_.text(), sent);
    EXPECT_TRUE(out_.is_ended);
    follow({});
  }
}

TEST_F(JitterTest, IsTheSameForTheSameConnectionOnly) {
  const json::object attributes = {{"latency", 50}, {"jitter", 10}, {"model", "pareto"}};
  const std::vector<double> once = delays(attributes, 100);
  EXPECT_EQ(once, delays(attributes, 100));
  EXPECT_NE(once, delays(attributes, 100, seconds(100), 1));
}

TEST_F(JitterTest, RefusesAModelThatThereIsNot) {
  const Kind* kind = find(catalogue(), "jitter");
  EXPECT_FALSE(kind->parse(*kind, nullptr, {{"model", "gauss"}}).ok());
  EXPECT_FALSE(kind->parse(*kind, nullptr, {{"correlation", 1.5}}).ok());
  EXPECT_FALSE(kind->parse(*kind, nullptr, {{"jitter", -1}}).ok());
}

using JitterOnSockets = ProxyRig;

TEST_F(JitterOnSockets, DelaysAndKeepsEveryByteInOrder) {
  add("jitter", {{"latency", 30}, {"jitter", 5}, {"model", "uniform"}, {"rank_preserving", true}});
  const Ends ends = open();
  const Duration start = sys::monotonic_now();
  std::string sent;
  for (int i = 0; i < 200; ++i) {
    sent += std::to_string(i) + " ";
    send_text(ends.server, std::to_string(i) + " ");
  }
  EXPECT_EQ(receive(ends.client, sent.size()), sent);
  EXPECT_GE((sys::monotonic_now() - start).milliseconds(), 25);
}

}  // namespace
}  // namespace squall::proxy
