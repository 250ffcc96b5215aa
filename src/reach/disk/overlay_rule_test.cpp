#include "reach/disk/overlay_rule.h"

#include <cerrno>

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace squall::reach {
namespace {

OverlayRule rule_for(std::vector<std::string> works, OverlayEffect effect) {
  return {.effect = effect, .error = EIO, .works = parse_works(works).value(), .seed = 7};
}

// Asks the judge as for one file.
class Asker {
 public:
  explicit Asker(const OverlayRule& rule, const char* path = "file")
      : judge_(rule), counts_(judge_.counts_of(path)) {}
  Fate decide(FileWork work, std::uint64_t size = 0) {
    return judge_.decide(work, counts_.get(), size);
  }

 private:
  OverlayJudge judge_;
  std::shared_ptr<FileCounts> counts_;
};

TEST(OverlayRule, HitsOnlyTheWorkThatItNames) {
  Asker judge(rule_for({"write", "sync"}, OverlayEffect::fail));
  EXPECT_EQ(judge.decide(FileWork::write, 10).error, EIO);
  EXPECT_EQ(judge.decide(FileWork::sync).error, EIO);
  EXPECT_EQ(judge.decide(FileWork::read, 10).error, 0);
  EXPECT_EQ(judge.decide(FileWork::open_to_write).error, 0);
}

TEST(OverlayRule, HitsTheShareItIsToldAndTheSameOnesAgain) {
  OverlayRule rule = rule_for({"read"}, OverlayEffect::fail);
  rule.share = {0.3};
  Asker judge(rule);
  Asker again(rule);
  int hit = 0;
  for (int i = 0; i < 10'000; ++i) {
    const int error = judge.decide(FileWork::read).error;
    EXPECT_EQ(again.decide(FileWork::read).error, error);
    hit += error != 0 ? 1 : 0;
  }
  EXPECT_NEAR(hit, 3000, 150);
}

TEST(OverlayRule, ChoosesForEachKindOfWorkByItself) {
  OverlayRule rule = rule_for({"read", "write"}, OverlayEffect::fail);
  rule.share = {0.5};
  Asker alone(rule);
  Asker mixed(rule);
  for (int i = 0; i < 100; ++i) {
    static_cast<void>(mixed.decide(FileWork::write, 10));
    EXPECT_EQ(alone.decide(FileWork::read).error, mixed.decide(FileWork::read).error);
  }
}

TEST(OverlayRule, ChoosesForEachFileByItself) {
  OverlayRule rule = rule_for({"write"}, OverlayEffect::fail);
  rule.share = {0.5};
  OverlayJudge judge(rule);
  Asker alone(rule, "log");
  int same = 0;
  for (int i = 0; i < 100; ++i) {
    const auto other = judge.counts_of(fmt::format("temporary-{}", i % 7));
    const int others = judge.decide(FileWork::write, other.get(), 10).error;
    const int mixed = judge.decide(FileWork::write, judge.counts_of("log").get(), 10).error;
    EXPECT_EQ(alone.decide(FileWork::write, 10).error, mixed);
    same += others == mixed ? 1 : 0;
  }
  EXPECT_GT(same, 20);
  EXPECT_LT(same, 80);
  EXPECT_EQ(judge.asked(), 200U);
}

TEST(OverlayRule, RemembersTheFilesInUseAmongManyOthers) {
  OverlayRule rule = rule_for({"write"}, OverlayEffect::fail);
  OverlayJudge judge(rule);
  const auto log = judge.counts_of("log");
  for (int i = 0; i < 10'000; ++i) {
    static_cast<void>(judge.counts_of(fmt::format("other-{}", i)));
    if (i % 1000 == 0) {
      EXPECT_EQ(judge.counts_of("log"), log);
    }
  }
  for (int i = 0; i < 10'000; ++i) static_cast<void>(judge.counts_of(fmt::format("new-{}", i)));
  EXPECT_NE(judge.counts_of("log"), log) << "what nobody uses is forgotten";
}

TEST(OverlayRule, MeansOnlyTheFilesOfItsPatternAndRestsWhenTold) {
  OverlayRule rule = rule_for({"write"}, OverlayEffect::fail);
  rule.files = "wal/*.log";
  OverlayJudge judge(rule);
  EXPECT_EQ(judge.counts_of("data"), nullptr);
  EXPECT_EQ(judge.decide(FileWork::write, nullptr, 10).error, 0);
  const auto meant = judge.counts_of("wal/1.log");
  EXPECT_EQ(judge.decide(FileWork::write, meant.get(), 10).error, EIO);
  judge.rest();
  EXPECT_EQ(judge.decide(FileWork::write, meant.get(), 10).error, 0);
  EXPECT_EQ(judge.hit(), 1U);
}

TEST(OverlayRule, TearsLargeWritesBetweenSectorsAndSmallOnesBetweenBytes) {
  Asker judge(rule_for({"write"}, OverlayEffect::tear));
  bool was_cut_within = false;
  for (int i = 0; i < 200; ++i) {
    const Fate large = judge.decide(FileWork::write, 8192 + 100);
    ASSERT_TRUE(large.lands);
    EXPECT_LT(*large.lands, 8192U + 100);
    EXPECT_EQ(*large.lands % 512, 0U);
    const Fate small = judge.decide(FileWork::write, 100);
    EXPECT_LT(small.lands.value(), 100U);
    was_cut_within = was_cut_within || *small.lands > 0;
    EXPECT_EQ(large.error, 0);
  }
  EXPECT_TRUE(was_cut_within);
  EXPECT_EQ(judge.decide(FileWork::write, 0).lands, 0U);
}

TEST(OverlayRule, LosesAndDelays) {
  OverlayRule rule = rule_for({"write"}, OverlayEffect::lose);
  rule.delay = milliseconds(20);
  EXPECT_EQ(Asker(rule).decide(FileWork::write, 100).lands, 0U);
  rule.effect = OverlayEffect::hold;
  EXPECT_TRUE(Asker(rule).decide(FileWork::write, 100).is_held);
  rule.effect = OverlayEffect::wait;
  const Fate late = Asker(rule).decide(FileWork::write, 100);
  EXPECT_EQ(late.delay, milliseconds(20));
  EXPECT_EQ(late.lands, std::nullopt);
  EXPECT_EQ(late.error, 0);
}

TEST(OverlayRule, KnowsItsWords) {
  EXPECT_EQ(parse_file_error("ENOSPC").value(), ENOSPC);
  EXPECT_EQ(parse_file_error("EVERYTHING").error().code, Code::invalid);
  EXPECT_EQ(parse_works({"reads"}).error().code, Code::invalid);
}

}  // namespace
}  // namespace squall::reach
