#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "change/change.h"
#include "change/targets_test.h"
#include "change/targets_threads_test.h"
#include "sys/file.h"

namespace squall::change {
namespace {

using testing::HasSubstr;

const Kind& kind() {
  return *find(catalogue(), "process.affinity");
}
json::object to(json::object params, const std::string& cpus) {
  params["cpus"] = cpus;
  return params;
}

class ProcessAffinity : public testing::Test {
 protected:
  void SetUp() override {
    if (second_processor() < 0) GTEST_SKIP() << "needs two processors";
  }
  static std::string where(const ThreadedChild& child) {
    return child.observe_line("Cpus_allowed_list:");
  }
  const std::string one_ = std::to_string(second_processor());
};

TEST_F(ProcessAffinity, ReachesEveryThreadAndThoseBornMeanwhile) {
  const ThreadedChild child;
  const std::string whole = where(child);
  const json::object params = to(child.params(), one_);
  const json::object before = kind().capture(params).value();
  ASSERT_TRUE(kind().apply(params, before).ok());
  child.make_a_thread();
  EXPECT_EQ(where(child), one_ + " (4 threads) ");
  EXPECT_EQ(kind().revert(params, before)->ending, Ending::restored);
  EXPECT_EQ(where(child), whole.substr(0, whole.find(' ')) + " (4 threads) ");
}

TEST_F(ProcessAffinity, GivesAThreadThatWasBoundItsOwnProcessorsBack) {
  const ThreadedChild child;
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(first_processor(), &first);
  ASSERT_EQ(::sched_setaffinity(child.threads().back(), sizeof first, &first), 0);
  const std::string before_text = where(child);
  const json::object params = to(child.params(), one_);
  const json::object before = kind().capture(params).value();
  ASSERT_TRUE(kind().apply(params, before).ok());
  EXPECT_EQ(where(child), one_ + " (3 threads) ");
  EXPECT_EQ(kind().revert(params, before)->ending, Ending::restored);
  EXPECT_EQ(where(child), before_text);
}

TEST_F(ProcessAffinity, RefusesProcessorsThatTheTargetMayNotUse) {
  const ThreadedChild child;
  const std::string before = where(child);
  const Result<json::object> captured = kind().capture(to(child.params(), "0,4000"));
  ASSERT_FALSE(captured.ok());
  EXPECT_EQ(captured.error().code, Code::invalid);
  EXPECT_THAT(captured.error().message, HasSubstr("not all of 0,4000"));
  for (const std::string bad : {"", "x", "-1", "9000", "2-1"}) {
    const Result<Footprint> touched = kind().footprint(to(child.params(), bad));
    ASSERT_FALSE(touched.ok()) << bad;
    EXPECT_EQ(touched.error().code, Code::invalid) << bad;
  }
  EXPECT_EQ(where(child), before);
}

TEST_F(ProcessAffinity, TakesAnyWayToWriteTheSameList) {
  const ThreadedChild child;
  const std::string whole = where(child);
  const std::string both =
      std::to_string(second_processor()) + ", " + std::to_string(first_processor());
  const json::object params = to(child.params(), both);
  const json::object before = kind().capture(params).value();
  EXPECT_TRUE(kind().apply(params, before).ok());
  EXPECT_TRUE(kind().revert(params, before).ok());
  EXPECT_EQ(where(child), whole);
}

TEST_F(ProcessAffinity, IsGoneWithTheProcess) {
  json::object params;
  json::object before;
  {
    const ThreadedChild child;
    params = to(child.params(), one_);
    before = kind().capture(params).value();
    ASSERT_TRUE(kind().apply(params, before).ok());
  }
  EXPECT_EQ(kind().revert(params, before)->ending, Ending::gone);
  EXPECT_EQ(kind().capture(params).error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::change
