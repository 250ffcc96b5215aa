#include "core/choices.h"

#include <array>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace squall {
namespace {

using Targets = std::vector<std::string>;

Targets chosen(const Choices& choices, const Targets& targets, std::size_t count) {
  Targets names;
  for (const std::size_t index : choices.pick(targets, count, 0)) names.push_back(targets[index]);
  return names;
}

TEST(Choices, AreTheSameForTheSameSeed) {
  EXPECT_EQ(Choices(7, "cpu.burn").bits("redis", "load", 3),
            Choices(7, "cpu.burn").bits("redis", "load", 3));
}

TEST(Choices, DifferInEachOfTheFiveInputs) {
  std::set<std::uint64_t> seen;
  seen.insert(Choices(7, "fault").bits("target", "decision", 0));
  seen.insert(Choices(8, "fault").bits("target", "decision", 0));
  seen.insert(Choices(7, "fault#2").bits("target", "decision", 0));
  seen.insert(Choices(7, "fault").bits("target2", "decision", 0));
  seen.insert(Choices(7, "fault").bits("target", "decision2", 0));
  seen.insert(Choices(7, "fault").bits("target", "decision", 1));
  seen.insert(Choices(7, "fault").bits("targetd", "ecision", 0));
  seen.insert(Choices(7, "faul").bits("ttarget", "decision", 0));
  EXPECT_EQ(seen.size(), 8U);
}

// What the seed of a found failure is worth: the events of a run depend on themselves only.
TEST(Choices, OfOneEventStayWhenOthersAreDeleted) {
  const Targets events = {"kill", "pause", "burn", "block", "kill#2"};
  const auto play = [](const Targets& ids) {
    std::map<std::string, std::vector<std::uint64_t>> drawn;
    for (const std::string& id : ids) {
      const Choices choices(42, id);
      for (std::uint64_t strike = 0; strike < 4; ++strike) {
        drawn[id].push_back(choices.below(1'000'000, "redis", "moment", strike));
      }
    }
    return drawn;
  };
  const auto all = play(events);
  for (std::size_t deleted = 0; deleted < events.size(); ++deleted) {
    Targets rest = events;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(deleted));
    for (const auto& [id, drawn] : play(rest)) EXPECT_EQ(drawn, all.at(id)) << id;
  }
}

TEST(Choices, PickIsInTheGivenOrderAndWithoutRepetition) {
  const Targets targets = {"a", "b", "c", "d", "e", "f"};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Targets names = chosen(Choices(seed, "f"), targets, 3);
    EXPECT_EQ(names.size(), 3U);
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 3U);
  }
  EXPECT_EQ(chosen(Choices(1, "f"), targets, 99).size(), 6U);
  EXPECT_TRUE(chosen(Choices(1, "f"), {}, 3).empty());
}

TEST(Choices, PickKeepsItsChoiceWhenOtherTargetsLeave) {
  const Targets targets = {"a", "b", "c", "d", "e", "f"};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Choices choices(seed, "f");
    const Targets before = chosen(choices, targets, 2);
    for (const std::string& leaver : targets) {
      if (leaver == before[0] || leaver == before[1]) continue;
      Targets rest = targets;
      std::erase(rest, leaver);
      EXPECT_EQ(chosen(choices, rest, 2), before) << "seed " << seed << " without " << leaver;
    }
  }
}

TEST(Choices, PickIsFair) {
  std::map<std::string, int> counts;
  const Targets targets = {"a", "b", "c", "d"};
  for (std::uint64_t seed = 0; seed < 4'000; ++seed) {
    for (const std::string& name : chosen(Choices(seed, "f"), targets, 1)) ++counts[name];
  }
  // 1 000 expected, standard deviation 27: five of them on either side.
  for (const std::string& name : targets) EXPECT_NEAR(counts[name], 1'000, 137) << name;
}

TEST(Choices, UnitIsUniformInHalfOpenRange) {
  std::array<int, 10> buckets{};
  const Choices choices(3, "f");
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const double unit = choices.unit("t", "d", i);
    ASSERT_GE(unit, 0.0);
    ASSERT_LT(unit, 1.0);
    ++buckets[static_cast<std::size_t>(unit * 10)];
  }
  for (const int count : buckets) EXPECT_NEAR(count, 1'000, 150);
}

TEST(Choices, BelowReachesBothEndsAndNeverTheBound) {
  std::set<std::uint64_t> seen;
  const Choices choices(3, "f");
  for (std::uint64_t i = 0; i < 200; ++i) seen.insert(choices.below(6, "t", "die", i));
  EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(choices.below(1, "t", "die", 0), 0U);
}

// The numbers themselves are part of the promise: a seed written down today must mean the same
// tomorrow.
TEST(Choices, NeverChangeBetweenVersions) {
  EXPECT_EQ(Choices(0, "").bits("", "", 0), 7806734956444016131U);
  EXPECT_EQ(Choices(42, "process.kill").bits("redis-server", "pick", 1), 9947791845214816676U);
}

}  // namespace
}  // namespace squall
