#include <fmt/core.h>
#include <sys/stat.h>

#include "sys/file.h"
#include "sys/host.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;

// A cgroup of our own with the cpu controller, removed at the end; its children move to the root.
class CpuGroup {
 public:
  CpuGroup() {
    const sys::HostFacts host = sys::look_at_host();
    const sys::Controller* controller = host.controller("cpu");
    is_v1_ = controller != nullptr && !controller->is_v2;
    root_ = controller == nullptr ? "" : controller->mount;
    path_ = fmt::format("{}/squall-witness-test-{}", root_, ::getpid());
    made_ = !root_.empty() && ::mkdir(path_.c_str(), 0755) == 0 &&
            sys::exists(path_ + (is_v1_ ? "/cpu.cfs_quota_us" : "/cpu.max"));
  }
  ~CpuGroup() {
    for (const std::int64_t pid : sys::cgroup_members(path_)) move_out(static_cast<int>(pid));
    ::rmdir(path_.c_str());
  }
  CpuGroup(const CpuGroup&) = delete;
  CpuGroup& operator=(const CpuGroup&) = delete;

  bool is_made() const { return made_; }
  // In cores; 0 takes the quota away.
  Status set_quota(double cores) const {
    const int microseconds = static_cast<int>(cores * 100'000);
    if (is_v1_) {
      return sys::write_control(path_ + "/cpu.cfs_quota_us",
                                cores > 0 ? std::to_string(microseconds) : "-1");
    }
    return sys::write_control(path_ + "/cpu.max",
                              cores > 0 ? fmt::format("{} 100000", microseconds) : "max");
  }
  Status move_in(int pid) const {
    return sys::write_control(path_ + "/cgroup.procs", std::to_string(pid));
  }
  void move_out(int pid) const {
    static_cast<void>(sys::write_control(root_ + "/cgroup.procs", std::to_string(pid)).ok());
  }

 private:
  bool is_v1_ = false;
  bool made_ = false;
  std::string root_;
  std::string path_;
};

json::object to(const Child& child, double cores) {
  json::object params = child.params();
  params["cores"] = cores;
  return params;
}

TEST(CpuLimited, SeesAProcessMovedUnderAQuotaAndOutAgain) {
  const CpuGroup group;
  if (!group.is_made()) GTEST_SKIP() << "no cgroup with the cpu controller can be made here";
  ASSERT_TRUE(group.set_quota(0.2).ok());
  const Child child;
  const auto witness = scenes::open("cpu.limited", to(child, 0.2)).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  ASSERT_TRUE(group.move_in(child.pid()).ok());
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_TRUE(on->detail.starts_with("a quota of 0.2 cores")) << on->detail;
  group.move_out(child.pid());
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST(CpuLimited, SeesAQuotaPutOnTheCgroupOfTheProcessButNotAWiderOne) {
  const CpuGroup group;
  if (!group.is_made()) GTEST_SKIP() << "no cgroup with the cpu controller can be made here";
  const Child child;
  ASSERT_TRUE(group.move_in(child.pid()).ok());
  const auto witness = scenes::open("cpu.limited", to(child, 0.2)).value();
  ASSERT_TRUE(group.set_quota(0.3).ok());
  EXPECT_TRUE(scenes::stays_off(*witness));
  ASSERT_TRUE(group.set_quota(0.1).ok());
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
  ASSERT_TRUE(group.set_quota(0).ok());
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

// Wants a whole core from SIGUSR1 on.
void burn_when_told() {
  ::signal(SIGUSR1, [](int) {
    while (true) {
    }
  });
}

TEST(CpuLimited, MeasuresWhatTheProcessUses) {
  const CpuGroup group;
  if (!group.is_made()) GTEST_SKIP() << "no cgroup with the cpu controller can be made here";
  ASSERT_TRUE(group.set_quota(0.2).ok());
  const Child child(burn_when_told);
  const auto witness = scenes::open("cpu.limited", to(child, 0.2)).value();
  ASSERT_TRUE(group.move_in(child.pid()).ok());
  EXPECT_EQ(witness->look().value().dose, 0.0);
  ::kill(child.pid(), SIGUSR1);
  sys::Patience patience(seconds(5));
  double used = 0;
  while (used < 0.05 && !patience.is_over()) {
    sys::Patience(milliseconds(20)).wait({});
    used = witness->look().value().dose;
  }
  EXPECT_GE(used, 0.05);
  EXPECT_LE(used, 0.45) << "a quota of 20 ms in 100 ms, over 250 ms, is at most 60 ms and rounding";
}

TEST(CpuLimited, RefusesAProcessThatIsAlreadyLimited) {
  const CpuGroup group;
  if (!group.is_made()) GTEST_SKIP() << "no cgroup with the cpu controller can be made here";
  ASSERT_TRUE(group.set_quota(0.2).ok());
  const Child child;
  ASSERT_TRUE(group.move_in(child.pid()).ok());
  const auto witness = scenes::open("cpu.limited", to(child, 0.2));
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::conflict);
}

}  // namespace
}  // namespace squall::witness
