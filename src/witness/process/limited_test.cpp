#include <gmock/gmock.h>
#include <sys/resource.h>

#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;
using testing::HasSubstr;

void set_soft(const Child& child, __rlimit_resource resource, rlim_t soft) {
  rlimit limit{};
  ASSERT_EQ(::prlimit(child.pid(), resource, nullptr, &limit), 0);
  limit.rlim_cur = soft;
  ASSERT_EQ(::prlimit(child.pid(), resource, &limit, nullptr), 0);
}

json::object to(const Child& child, std::string_view resource, std::int64_t soft) {
  json::object params = child.params();
  params["resource"] = resource;
  params["soft"] = soft;
  return params;
}

TEST(ProcessLimited, SeesTheLimitComeDownAndGoUpAgain) {
  const Child child;
  set_soft(child, RLIMIT_NOFILE, 100);
  const auto witness = scenes::open("process.limited", to(child, "nofile", 16)).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  set_soft(child, RLIMIT_NOFILE, 16);
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 16.0);
  EXPECT_EQ(on->detail, "Max open files 16");
  set_soft(child, RLIMIT_NOFILE, 100);
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST(ProcessLimited, SeesNothingWhenAnotherLimitOrTooLittleChanges) {
  const Child child;
  set_soft(child, RLIMIT_NOFILE, 100);
  const auto witness = scenes::open("process.limited", to(child, "nofile", 16)).value();
  set_soft(child, RLIMIT_CORE, 0);
  set_soft(child, RLIMIT_NOFILE, 17);
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST(ProcessLimited, CountsUnlimitedAsAboveEverything) {
  const Child child;
  set_soft(child, RLIMIT_AS, RLIM_INFINITY);
  const auto witness = scenes::open("process.limited", to(child, "as", 1 << 30)).value();
  EXPECT_EQ(witness->look().value().detail, "Max address space unlimited");
  set_soft(child, RLIMIT_AS, 1 << 30);
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
}

TEST(ProcessLimited, RefusesWhatWouldProveNothing) {
  const Child child;
  set_soft(child, RLIMIT_NOFILE, 16);
  const auto already = scenes::open("process.limited", to(child, "nofile", 16));
  ASSERT_FALSE(already.ok());
  EXPECT_EQ(already.error().code, Code::conflict);
  EXPECT_THAT(already.error().message, HasSubstr("already limited"));
  const auto unknown = scenes::open("process.limited", to(child, "cookies", 16));
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::invalid);
}

}  // namespace
}  // namespace squall::witness
