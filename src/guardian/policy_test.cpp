#include "guardian/policy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "sys/file.h"

namespace squall::guardian {
namespace {

class PolicyFile : public testing::Test {
 protected:
  void TearDown() override { ::unlink(path_.c_str()); }
  Result<Policy> read(std::string_view text) {
    EXPECT_TRUE(sys::write_file_durably(path_, text).ok());
    return read_policy(path_);
  }
  std::string path_ = testing::TempDir() + "policy-test-" + std::to_string(::getpid());
};

TEST_F(PolicyFile, MayBeMissing) {
  const Policy policy = read_policy(path_).value();
  EXPECT_EQ(policy.changes_max, 64);
  EXPECT_DOUBLE_EQ(policy.memory_reserve.of(1000), 100);
  EXPECT_DOUBLE_EQ(policy.disk_reserve.of(1000), 50);
}

TEST_F(PolicyFile, HoldsLimitsPathsAndComments) {
  const Policy policy = read(
                            "# limits\nchanges_max 5\n\n  cores_max 1.5\nprotect_path /data # "
                            "db\nallow_path /pg\nprotect_port 5432\n")
                            .value();
  EXPECT_EQ(policy.changes_max, 5);
  EXPECT_DOUBLE_EQ(policy.cores_max, 1.5);
  EXPECT_TRUE(policy.allow_commands);
  EXPECT_FALSE(read("allow_commands no\n")->allow_commands);
  EXPECT_EQ(policy.protected_paths, std::vector<std::string>{"/data"});
  EXPECT_EQ(policy.allowed_paths, std::vector<std::string>{"/pg"});
  EXPECT_EQ(policy.protected_ports, std::vector<int>{5432});
}

TEST_F(PolicyFile, HoldsReservesAsSharesOrAmounts) {
  const Policy policy = read(
                            "memory_reserve 2 GiB\ndisk_reserve 12.5 %\n"
                            "descriptors_reserve 5000\nprocesses_reserve 20 %\nguard_disk /srv\n")
                            .value();
  EXPECT_DOUBLE_EQ(policy.memory_reserve.of(1), 2.0 * (1 << 30));
  EXPECT_DOUBLE_EQ(policy.disk_reserve.of(800), 100);
  EXPECT_DOUBLE_EQ(policy.descriptors_reserve.of(1e6), 5000);
  EXPECT_DOUBLE_EQ(policy.processes_reserve.of(1000), 200);
  EXPECT_EQ(policy.guarded_disks, std::vector<std::string>{"/srv"});
}

TEST_F(PolicyFile, NamesAWrongLine) {
  for (const char* line :
       {"change_max 6", "changes_max", "changes_max -1", "changes_max many", "allow_commands maybe",
        "protect_path data", "memory_reserve 5", "memory_reserve 101 %", "memory_reserve none",
        "descriptors_reserve 1 GiB", "guard_disk srv", "disk_reserve"}) {
    const Result<Policy> wrong = read(std::string("changes_max 5\n") + line + "\n");
    ASSERT_FALSE(wrong.ok()) << line;
    EXPECT_EQ(wrong.error().code, Code::invalid);
    EXPECT_NE(wrong.error().message.find(":2:"), std::string::npos) << wrong.error().message;
    EXPECT_NE(wrong.error().next.find("memory_reserve"), std::string::npos);
  }
}

}  // namespace
}  // namespace squall::guardian
