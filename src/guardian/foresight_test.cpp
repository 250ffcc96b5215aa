#include "guardian/foresight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::guardian {
namespace {

using testing::HasSubstr;

class ForesightTest : public testing::Test {
 protected:
  Step stop(const std::string& change, sys::ProcessId id) const {
    return {change, change::Request{"process.stop",
                                    {{"pid", id.pid},
                                     {"start_ticks", static_cast<std::int64_t>(id.start_ticks)}}}};
  }
  std::vector<Foreseen> foresee(const std::vector<Step>& steps) {
    Result<Standpoint> standpoint = stand_here({.kinds = &change::catalogue(),
                                                .state_folder = testing::TempDir(),
                                                .policy_file = "/nonexistent/policy",
                                                .accept_irreversible = accepts_});
    if (!standpoint.ok()) {
      ADD_FAILURE() << standpoint.error().render();
      return {};
    }
    return guardian::foresee(steps, std::move(*standpoint));
  }
  char state() const { return sys::read_process(victim_.id().pid).value().state; }

  const sys::Child victim_;
  bool accepts_ = false;
};

TEST_F(ForesightTest, SaysNothingOfWhatWouldBeDone) {
  EXPECT_TRUE(foresee({stop("a/0", victim_.id())}).empty());
  EXPECT_NE(state(), 'T') << "nothing is touched";
}

TEST_F(ForesightTest, SeesWhatTheGatesRefuse) {
  const sys::ProcessId init = sys::read_process(1).value().id;
  const std::vector<Foreseen> foreseen = foresee({stop("a/0", init)});
  ASSERT_EQ(foreseen.size(), 1U);
  EXPECT_EQ(foreseen[0].change, "a/0");
  EXPECT_EQ(foreseen[0].problem.code, Code::refused);
  EXPECT_THAT(foreseen[0].problem.message, HasSubstr("process 1 is protected"));
}

TEST_F(ForesightTest, SeesTwoFaultsOnOneThingOnlyWhileBothLast) {
  const std::vector<Foreseen> foreseen =
      foresee({stop("a/0", victim_.id()), stop("b/0", victim_.id())});
  ASSERT_EQ(foreseen.size(), 1U);
  EXPECT_EQ(foreseen[0].change, "b/0");
  EXPECT_THAT(foreseen[0].problem.message, HasSubstr("another fault of this run"));
  EXPECT_TRUE(foresee({stop("a/0", victim_.id()), {"a/0", {}}, stop("b/0", victim_.id())}).empty());
}

TEST_F(ForesightTest, SeesThatAnIrreversibleChangeWasNotAccepted) {
  Step kill = stop("a/0", victim_.id());
  kill.request->kind = "process.signal";
  kill.request->params["signal"] = 9;  // SIGKILL
  ASSERT_EQ(foresee({kill}).size(), 1U);
  accepts_ = true;
  EXPECT_TRUE(foresee({kill}).empty());
  EXPECT_TRUE(sys::is_alive(victim_.id()));
}

TEST_F(ForesightTest, ReadsBackWhatItWrites) {
  const std::vector<Step> steps = {stop("a/0", victim_.id()), {"a/0", {}}};
  const auto read = read_steps({{"steps", steps_json(steps)}});
  ASSERT_TRUE(read.ok()) << read.error().render();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(read->at(0).request->params, steps[0].request->params);
  EXPECT_FALSE(read->at(1).request.has_value());
  EXPECT_FALSE(read_steps({{"steps", json::array{1}}}).ok());
  const std::vector<Foreseen> foreseen = {{"a/0", error(Code::refused, "why", "next")}};
  const auto again = read_foreseen({{"refused", foreseen_json(foreseen)}});
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].problem.code, Code::refused);
  EXPECT_EQ(again[0].problem.next, "next");
}

}  // namespace
}  // namespace squall::guardian
