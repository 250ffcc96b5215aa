#include <fmt/core.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "sys/controllers.h"
#include "sys/file.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;

constexpr std::size_t megabyte = 1 << 20;

// A group of our own that counts memory, removed at the end.
class MemoryGroup {
 public:
  MemoryGroup() {
    const auto hierarchy = sys::hierarchy_with("memory");
    if (!hierarchy) return;
    root_ = hierarchy->mount;
    path_ = root_ + "/" + name();
    is_made_ = ::mkdir(path_.c_str(), 0755) == 0;
  }
  ~MemoryGroup() { remove(); }
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  void remove() {
    if (!is_made_) return;
    sys::Patience patience(seconds(2));
    while (::rmdir(path_.c_str()) != 0 && !patience.is_over()) {
      sys::Patience(milliseconds(1)).wait({});
    }
    is_made_ = false;
  }
  bool is_made() const { return is_made_; }
  static std::string name() { return fmt::format("squall-filled-test-{}", ::getpid()); }
  const std::string& path() const { return path_; }

 private:
  std::string root_;
  std::string path_;
  bool is_made_ = false;
};

// In a child: takes memory, in `group` where one is named.
void take(std::size_t bytes, const std::string& group) {
  if (!group.empty()) {
    static_cast<void>(sys::write_control(group + "/cgroup.procs", std::to_string(::getpid())).ok());
  }
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) ::_exit(1);
}

TEST(MemoryFilled, SeesWhatTheNamedGroupHoldsToThePercent) {
  const auto witness =
      scenes::open("memory.filled", {{"at_least", "40 MiB"}, {"group", MemoryGroup::name()}});
  if (!witness.ok()) GTEST_SKIP() << witness.error().message;
  EXPECT_TRUE(scenes::stays_off(**witness, 5)) << "there is no such group yet";
  MemoryGroup group;
  if (!group.is_made()) GTEST_SKIP() << "no control group can be made here";
  EXPECT_TRUE(scenes::stays_off(**witness, 5)) << "it is empty";
  {
    const Child little([&] { take(20 * megabyte, group.path()); });
    EXPECT_TRUE(scenes::stays_off(**witness, 5)) << "it is not enough";
    const Child more([&] { take(30 * megabyte, group.path()); });
    const auto on = scenes::see(**witness, true);
    ASSERT_TRUE(on.has_value());
    EXPECT_NEAR(on->dose, 50.0 * megabyte, 0.03 * 50 * megabyte);
    EXPECT_THAT(on->detail, testing::HasSubstr("available to the host"));
  }
  group.remove();
  const auto off = scenes::see(**witness, false);
  ASSERT_TRUE(off.has_value());
  EXPECT_EQ(off->dose, 0);
}

TEST(MemoryFilled, SeesTheWholeHostWhereNoGroupIsNamed) {
  const auto witness = scenes::open("memory.filled", {{"at_least", "300 MiB"}}).value();
  EXPECT_FALSE(witness->look()->on);
  const Child taker([] { take(512 * megabyte, ""); });
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
}

TEST(MemoryFilled, RefusesAGroupThatExistsAlready) {
  const MemoryGroup group;
  if (!group.is_made()) GTEST_SKIP() << "no control group can be made here";
  const Child child([&] { take(megabyte, group.path()); });
  const auto witness =
      scenes::open("memory.filled", {{"at_least", "40 MiB"}, {"group", MemoryGroup::name()}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::conflict);
}

}  // namespace
}  // namespace squall::witness
