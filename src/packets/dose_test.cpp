#include "packets/dose.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace squall::packets {
namespace {

constexpr std::uint64_t size = 1000;
constexpr int many = 200'000;

Dose dose(const Treatment& treatment, std::uint64_t seed = 1) {
  return Dose(treatment, Choices(seed, "fault"), "in");
}

std::vector<bool> losses(const Treatment& treatment, int count, std::uint64_t seed = 1) {
  Dose one = dose(treatment, seed);
  std::vector<bool> lost;
  for (int i = 0; i < count; ++i) lost.push_back(one.next({}, size).is_dropped);
  return lost;
}

double share_of(const std::vector<bool>& lost) {
  return static_cast<double>(std::count(lost.begin(), lost.end(), true)) /
         static_cast<double>(lost.size());
}

std::map<int, int> bursts(const std::vector<bool>& lost) {
  std::map<int, int> count_by_length;
  int length = 0;
  for (const bool is_lost : lost) {
    if (is_lost) {
      ++length;
    } else if (length > 0) {
      ++count_by_length[length];
      length = 0;
    }
  }
  return count_by_length;
}

// The delays of packets that arrive far apart, in milliseconds.
std::vector<double> delays(const Treatment& treatment, int count = many) {
  Dose one = dose(treatment);
  std::vector<double> all;
  for (int i = 0; i < count; ++i) {
    const Duration now = seconds(100) * i;
    all.push_back((one.next(now, size).due - now).milliseconds());
  }
  return all;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double deviation(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += (value - mean(values)) * (value - mean(values));
  return std::sqrt(sum / static_cast<double>(values.size()));
}

TEST(Dose, LosesTheShareThatIsAskedForEachPacketForItself) {
  const std::vector<bool> lost = losses({.loss = {0.1}}, many);
  EXPECT_NEAR(share_of(lost), 0.1, 0.002);
  const std::map<int, int> by_length = bursts(lost);
  EXPECT_NEAR(static_cast<double>(by_length.at(2)) / by_length.at(1), 0.1, 0.01);
}

// The chi-square statistic of the burst lengths against the geometric distribution, with classes
// 1 to 11 and one for all longer ones; its 99 % point for 11 degrees of freedom is 24.7.
TEST(Dose, LosesInBurstsOfTheLengthThatIsAskedFor) {
  const std::vector<bool> lost = losses({.loss = {0.05}, .burst = 4}, many * 5);
  EXPECT_NEAR(share_of(lost), 0.05, 0.001);
  int all = 0;
  double packets = 0;
  std::map<int, int> classes;
  for (const auto& [length, count] : bursts(lost)) {
    all += count;
    packets += static_cast<double>(length) * count;
    classes[std::min(length, 12)] += count;
  }
  EXPECT_NEAR(packets / all, 4, 0.1);
  double statistic = 0;
  for (int length = 1; length <= 12; ++length) {
    const double longer = std::pow(0.75, length - 1);
    const double expected = all * (length == 12 ? longer : longer * 0.25);
    statistic += std::pow(classes[length] - expected, 2) / expected;
  }
  EXPECT_LT(statistic, 24.7);
}

TEST(Dose, LosesEveryNth) {
  const std::vector<bool> lost = losses({.drop_every = 4}, 12);
  for (std::size_t i = 0; i < lost.size(); ++i) EXPECT_EQ(lost[i], i % 4 == 3) << i;
}

RC_GTEST_PROP(Dose, GivesTheSamePacketsTheSameFate, (std::uint64_t seed)) {
  const Treatment treatment{.delay = milliseconds(10),
                            .jitter = milliseconds(5),
                            .correlation = {0.5},
                            .loss = {0.1},
                            .burst = 3,
                            .duplicate = {0.1}};
  Dose one = dose(treatment, seed);
  Dose other = dose(treatment, seed);
  for (int i = 0; i < 500; ++i) {
    const Fate fate = one.next(milliseconds(i), size);
    const Fate same = other.next(milliseconds(i), size);
    RC_ASSERT(fate.is_dropped == same.is_dropped);
    RC_ASSERT(fate.is_duplicated == same.is_duplicated);
    RC_ASSERT(fate.due == same.due);
  }
}

RC_GTEST_PROP(Dose, LosesTheSamePacketsWhateverElseIsAsked, (std::uint64_t seed)) {
  const Treatment alone{.loss = {0.2}, .burst = 2};
  Treatment with_more = alone;
  with_more.delay = milliseconds(5);
  with_more.duplicate = {0.5};
  with_more.corrupt = {0.5};
  RC_ASSERT(losses(alone, 300, seed) == losses(with_more, 300, seed));
}

RC_GTEST_PROP(Dose, LosesOtherPacketsWithAnotherSeed, (std::uint64_t seed)) {
  RC_ASSERT(losses({.loss = {0.5}}, 300, seed) != losses({.loss = {0.5}}, 300, seed + 1));
}

RC_GTEST_PROP(Dose, KeepsTheOrderUnlessToldOtherwise, (std::uint64_t seed)) {
  Treatment treatment{.delay = milliseconds(20), .jitter = milliseconds(20)};
  const auto overtakes = [&] {
    Dose one = dose(treatment, seed);
    Duration last;
    int count = 0;
    for (int i = 0; i < 300; ++i) {
      const Duration due = one.next(milliseconds(i), size).due;
      count += due < last ? 1 : 0;
      last = due;
    }
    return count;
  };
  RC_ASSERT(overtakes() == 0);
  treatment.keeps_order = false;
  RC_ASSERT(overtakes() > 50);
}

TEST(Dose, DelaysEvenlyAroundTheDelay) {
  const std::vector<double> all = delays({.delay = milliseconds(50), .jitter = milliseconds(10)});
  EXPECT_NEAR(mean(all), 50, 0.1);
  EXPECT_NEAR(deviation(all), 10 / std::sqrt(3.0), 0.1);
  EXPECT_GE(*std::min_element(all.begin(), all.end()), 40);
  EXPECT_LE(*std::max_element(all.begin(), all.end()), 60);
}

TEST(Dose, DelaysByANormalDistribution) {
  const std::vector<double> all = delays(
      {.delay = milliseconds(50), .jitter = milliseconds(10), .distribution = Spread::normal});
  EXPECT_NEAR(mean(all), 50, 0.1);
  EXPECT_NEAR(deviation(all), 10, 0.1);
}

TEST(Dose, DelaysWithAHeavyTail) {
  const std::vector<double> all = delays(
      {.delay = milliseconds(50), .jitter = milliseconds(10), .distribution = Spread::pareto});
  EXPECT_GE(*std::min_element(all.begin(), all.end()), 50);
  EXPECT_NEAR(mean(all), 60, 0.5);
  const auto beyond = std::count_if(all.begin(), all.end(), [](double ms) { return ms > 110; });
  EXPECT_NEAR(static_cast<double>(beyond) / many, 1.0 / 64, 0.002);  // (1 + 60 / 20) ^ -3
}

// Neighbours resemble each other, and the distribution stays what it was.
TEST(Dose, CorrelatesWithoutChangingTheDistribution) {
  const auto correlation = [](const Treatment& treatment) {
    const std::vector<double> all = delays(treatment);
    const double middle = mean(all);
    double sum = 0;
    for (std::size_t i = 1; i < all.size(); ++i) sum += (all[i] - middle) * (all[i - 1] - middle);
    return sum / static_cast<double>(all.size()) / std::pow(deviation(all), 2);
  };
  Treatment treatment{
      .delay = milliseconds(50), .jitter = milliseconds(5), .distribution = Spread::normal};
  EXPECT_NEAR(correlation(treatment), 0, 0.01);
  treatment.correlation = {0.8};
  EXPECT_NEAR(correlation(treatment), 0.8, 0.01);
  EXPECT_NEAR(deviation(delays(treatment)), 5, 0.1);
  treatment.distribution = Spread::uniform;
  EXPECT_NEAR(deviation(delays(treatment)), 5 / std::sqrt(3.0), 0.1);
}

TEST(Dose, LetsPacketsWaitBeforeASlowLink) {
  Dose one = dose({.bits_per_second = 8'000'000, .buffer = milliseconds(2)});  // 1 ms a packet
  EXPECT_EQ(one.next({}, size).due, milliseconds(1));
  EXPECT_EQ(one.next({}, size).due, milliseconds(2));
  EXPECT_EQ(one.next({}, size).due, milliseconds(3));
  EXPECT_TRUE(one.next({}, size).is_dropped) << "it would wait for 3 ms";
  EXPECT_EQ(one.next(milliseconds(10), size).due, milliseconds(11));
}

TEST(Dose, HoldsBackTheShareThatIsAskedFor) {
  Dose one = dose({.held_back = {0.2}, .gap = 3, .hold = milliseconds(7)});
  int count = 0;
  for (int i = 0; i < many; ++i) {
    const Fate fate = one.next({}, size);
    if (fate.behind == 0) continue;
    ++count;
    EXPECT_EQ(fate.behind, 3);
    EXPECT_EQ(fate.due, milliseconds(7));
  }
  EXPECT_NEAR(static_cast<double>(count) / many, 0.2, 0.003);
}

TEST(Treatment, RefusesContradictions) {
  EXPECT_TRUE(check({.delay = milliseconds(5), .jitter = milliseconds(5)}).ok());
  EXPECT_FALSE(check({.delay = milliseconds(5), .jitter = milliseconds(6)}).ok());
  EXPECT_FALSE(check({.loss = {0.1}, .drop_every = 3}).ok());
  EXPECT_FALSE(check({.loss = {0.1}, .burst = 0.5}).ok());
  EXPECT_TRUE(check({.loss = {0.8}, .burst = 4}).ok());
  EXPECT_FALSE(check({.loss = {0.81}, .burst = 4}).ok());
}

RC_GTEST_PROP(Treatment, KeepsNoPacketLongerThanItSays, (std::uint64_t seed)) {
  for (const Spread spread : {Spread::uniform, Spread::normal, Spread::pareto}) {
    const Treatment treatment{.delay = milliseconds(5),
                              .jitter = milliseconds(5),
                              .distribution = spread,
                              .held_back = {0.1},
                              .bits_per_second = 8'000'000};
    Dose one = dose(treatment, seed);
    for (int i = 0; i < 2000; ++i) {
      const Duration now = microseconds(900) * i;
      const Fate fate = one.next(now, size);
      RC_ASSERT(fate.is_dropped || fate.due - now <= treatment.longest() + milliseconds(1));
    }
  }
}

}  // namespace
}  // namespace squall::packets
