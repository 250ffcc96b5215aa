#include "cli/aftermath.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "change/journal.h"

namespace squall::cli {
namespace {

class AftermathTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "aftermath-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    timeline_ = {{{"t_ns", 1}, {"event", "run_started"}},
                 {{"t_ns", 2},
                  {"event", "change_applied"},
                  {"fault", "process.pause"},
                  {"change", "0"},
                  {"keeping", "journaled"}}};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void record(std::string_view type, json::object body) {
    auto opened = change::Journal::open(folder_);
    ASSERT_TRUE(opened.ok()) << opened.error().render();
    body["change"] = "killed/0";
    ASSERT_TRUE(opened->journal.append(type, std::move(body)).ok());
  }

  std::string folder_;
  std::vector<engine::Event> timeline_;
};

TEST_F(AftermathTest, TellsWhatTheGuardianUndidAfterTheRunnerHadDied) {
  record("begin", {{"run", "killed"}});
  record("undone", {{"ending", "restored"}, {"detail", ""}});
  tell_aftermath(folder_, "killed", timeline_);
  ASSERT_EQ(timeline_.size(), 3U);
  EXPECT_EQ(text_at(timeline_[2], "event"), "change_reverted");
  EXPECT_EQ(text_at(timeline_[2], "fault"), "process.pause");
  EXPECT_EQ(text_at(timeline_[2], "ending"), "restored");
  EXPECT_EQ(text_at(timeline_[2], "detail"), "the guardian undid it after the runner had died");
}

TEST_F(AftermathTest, LeavesWhatIsStillInForce) {
  record("begin", {{"run", "killed"}});
  tell_aftermath(folder_, "killed", timeline_);
  EXPECT_EQ(timeline_.size(), 2U);
}

TEST_F(AftermathTest, TakesNoOtherRunsWord) {
  record("undone", {{"ending", "restored"}});
  tell_aftermath(folder_, "other", timeline_);
  EXPECT_EQ(timeline_.size(), 2U);
}

TEST_F(AftermathTest, AddsNothingToARunThatEnded) {
  record("undone", {{"ending", "restored"}});
  timeline_.push_back({{"t_ns", 3}, {"event", "run_ended"}});
  tell_aftermath(folder_, "killed", timeline_);
  EXPECT_EQ(timeline_.size(), 3U);
}

}  // namespace
}  // namespace squall::cli
