#include <gmock/gmock.h>

#include "witness/control_group_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;
using scenes::ControlGroup;

class MemoryLimited : public testing::Test {
 protected:
  void SetUp() override {
    if (!group_.is_made()) GTEST_SKIP() << "no control group can be made here";
  }
  bool limit_to(std::string_view bytes) const {
    return group_.set(group_.is_v1() ? "memory.limit_in_bytes" : "memory.max", bytes);
  }
  std::string no_limit() const { return group_.is_v1() ? "-1" : "max"; }
  static json::object to(const Child& child, std::string_view limit) {
    json::object params = child.params();
    params["limit"] = limit;
    return params;
  }
  ControlGroup group_{"memory"};
};

TEST_F(MemoryLimited, SeesAProcessMovedUnderALimitAndOutAgain) {
  ASSERT_TRUE(limit_to("64M"));
  const Child child([] { scenes::grow_when_told(); });
  const auto witness = scenes::open("memory.limited", to(child, "64 MiB")).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  ASSERT_TRUE(group_.move_in(child.pid()));
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
  ASSERT_TRUE(group_.move_out(child.pid()));
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(MemoryLimited, SeesATighterLimitOnlyAndWhatIsUsedOfIt) {
  const Child child([this] {
    static_cast<void>(group_.move_in(::getpid()));
    scenes::take_memory(20 << 20);
  });
  const auto witness = scenes::open("memory.limited", to(child, "64 MiB")).value();
  ASSERT_TRUE(limit_to("65M"));
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  ASSERT_TRUE(limit_to("32M"));
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_NEAR(on->dose, 20 << 20, 2 << 20);
  EXPECT_THAT(on->detail, testing::HasSubstr("0 times at the limit"));
  ASSERT_TRUE(limit_to(no_limit()));
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(MemoryLimited, RefusesAProcessThatIsLimitedAlready) {
  ASSERT_TRUE(limit_to("32M"));
  const Child child([this] { static_cast<void>(group_.move_in(::getpid())); });
  const auto witness = scenes::open("memory.limited", to(child, "64 MiB"));
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::conflict);
  const auto gone = scenes::open("memory.limited", [&] {
    json::object params = scenes::params_of_a_predecessor(child);
    params["limit"] = "1 MiB";
    return params;
  }());
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
