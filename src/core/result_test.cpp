#include "core/result.h"

#include <cerrno>
#include <memory>

#include <gtest/gtest.h>

#include "core/selector.h"

namespace squall {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return error(Code::invalid, "the number is odd", "double it");
  return number / 2;
}

Result<int> quarter(int number) {
  const int once = TRY(half(number), "halving once");
  return TRY(half(once), "halving twice");
}

TEST(Result, CarriesTheValueThroughTry) {
  EXPECT_EQ(*quarter(12), 3);
}

TEST(Result, CollectsWhatWasBeingDone) {
  Result<int> failed = quarter(6);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().render(), "while halving twice: the number is odd");
  EXPECT_EQ(failed.error().next, "double it");
  const Error outer = std::move(failed).error().while_doing("testing");
  EXPECT_EQ(outer.render(), "while testing: while halving twice: the number is odd");
}

TEST(Result, HoldsValuesThatOnlyMove) {
  Result<std::unique_ptr<int>> held = std::make_unique<int>(5);
  const std::unique_ptr<int> taken = std::move(held).value();
  EXPECT_EQ(*taken, 5);
}

TEST(Error, KeepsTheFirstAdvice) {
  Error first = error(Code::failed, "x");
  EXPECT_EQ(std::move(first).advise("a").advise("b").next, "a");
}

TEST(Error, KnowsTheKindOfAnErrno) {
  EXPECT_EQ(errno_error(EACCES, "x").code, Code::refused);
  EXPECT_EQ(errno_error(ENOENT, "x").code, Code::not_found);
  EXPECT_EQ(errno_error(ENOSYS, "x").code, Code::unsupported);
  EXPECT_EQ(errno_error(ENOSPC, "writing").code, Code::failed);
  EXPECT_EQ(errno_error(ENOSPC, "writing").message, "writing: No space left on device");
}

TEST(CodeName, IsReadBack) {
  for (const Code code : {Code::invalid, Code::not_found, Code::refused, Code::unsupported,
                          Code::timed_out, Code::conflict, Code::failed}) {
    EXPECT_EQ(code_from_name(code_name(code)), code);
  }
  EXPECT_EQ(code_from_name("nonsense"), Code::failed);
}

TEST(ResultDeathTest, AbortsOnTheValueOfAFailure) {
  EXPECT_DEATH(static_cast<void>(half(1).value()), "CHECK failed");
}

TEST(Selector, IsDescribedByWhatItSays) {
  EXPECT_EQ(describe(Selector{.name = "redis-*", .unit = "redis.service", .pick = "one"}),
            "name redis-*, unit redis.service; pick one");
  EXPECT_EQ(describe(Selector{.pid = 7, .parent = 1}), "pid 7, parent 1");
  EXPECT_TRUE(Selector{}.empty());
  EXPECT_FALSE(Selector{.user = "nobody"}.empty());
}

}  // namespace
}  // namespace squall
