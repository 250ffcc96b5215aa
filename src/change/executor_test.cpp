// What the law cannot show on real kinds: answers that a host gives only when something is wrong.
#include "change/executor.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "change/typed.h"

namespace squall::change {
namespace {

struct Nothing {};
const param::Table<Nothing> no_parameters{std::vector<param::Field<Nothing>>{}};

Presence shown = Presence::absent;  // what the host says of the change

const Kind stubborn = make_kind<Nothing>({
    .name = "test.stubborn",
    .about = "A held change of which the host says what the test wants.",
    .keeping = Keeping::held,
    .table = &no_parameters,
    .footprint = [](const Nothing&) -> Result<Footprint> { return Footprint{}; },
    .capture = [](const Nothing&) -> Result<json::object> { return json::object{}; },
    .hold = [](const Nothing&, const json::object&) -> Result<std::unique_ptr<Held>> {
      return std::make_unique<Held>();
    },
    .verify = [](const Nothing&, const json::object&) -> Result<Presence> { return shown; },
    .describe = [](const Nothing&) -> std::string { return "hold nothing"; },
    .undo = [](const Nothing&) -> std::string { return "let go of it"; },
});

class ExecutorTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "executor-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    executor_ = std::make_unique<Executor>(Journal::open(folder_).value(), kinds_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<Applied> apply(const Executor::Gate& gate = [](const Kind&, const Footprint&) {
    return ok();
  }) {
    return executor_->apply("run/0", "run", {.kind = "test.stubborn", .params = {}}, false, gate);
  }

  const Catalogue kinds_{&stubborn};
  std::string folder_;
  std::unique_ptr<Executor> executor_;
};

TEST_F(ExecutorTest, BelievesInTheEndOfAHeldChangeOnlyWhenTheHostShowsIt) {
  shown = Presence::in_force;
  ASSERT_TRUE(apply().ok());
  shown = Presence::foreign;
  EXPECT_FALSE(executor_->revert("run/0").ok());
  EXPECT_EQ(executor_->live().size(), 1U);
  EXPECT_TRUE(executor_->has_unverified_undo());
  shown = Presence::absent;
  EXPECT_TRUE(executor_->revert("run/0").ok());
  EXPECT_TRUE(executor_->live().empty());
}

TEST_F(ExecutorTest, RecordsNothingOfWhatAGateRefused) {
  const Result<Applied> applied = apply(
      [](const Kind&, const Footprint&) -> Status { return error(Code::refused, "protected"); });
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, Code::refused);
  EXPECT_TRUE(executor_->live().empty());
  EXPECT_TRUE(read_journal(folder_)->records.empty());
}

}  // namespace
}  // namespace squall::change
