#include "guardian/gates.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "sys/file.h"

namespace squall::guardian {
namespace {

const change::Kind file_kind{.name = "file.bytes"};
const change::Kind cgroup_kind{.name = "cgroup.attribute"};
const change::Kind table_kind{.name = "nft.table"};

GateFacts facts() {
  GateFacts made;
  made.host_cores = 2;
  made.state_folder = "/var/lib/squall";
  made.protected_pids = {1, 100, 101};
  made.own_network_namespace = network_namespace_name("");
  return made;
}

Status check_path(const std::string& path) {
  return check_gates(file_kind, {.paths = {path}}, facts());
}

Status check_cut(const change::TrafficCut& cut, const GateFacts& known) {
  return check_gates(table_kind, {.cuts = {cut}}, known);
}

TEST(Gates, RefuseFilesThatTheHostNeeds) {
  for (const char* path :
       {"/", "/etc/passwd", "/etc/ssh/sshd_config", "/usr/bin/env", "/bin", "/sbin/init", "/lib/x",
        "/lib64/ld-linux-x86-64.so.2", "/boot/vmlinuz", "/proc/1/mem", "/dev/sda", "/sys/kernel/x",
        "/root/.ssh/authorized_keys", "/var/lib/squall/journal"}) {
    const Status status = check_path(path);
    ASSERT_FALSE(status.ok()) << path;
    EXPECT_EQ(status.error().code, Code::refused);
    EXPECT_FALSE(status.error().next.empty());
  }
}

TEST(Gates, LetFilesOfATargetPass) {
  for (const char* path : {"/etc/nginx/nginx.conf", "/srv/data/x", "/var/lib/redis/dump.rdb",
                           "/binary", "/usrlocal/x", "/var/lib/squallish/x"}) {
    EXPECT_TRUE(check_path(path).ok()) << path;
  }
}

TEST(Gates, LetOnlyCgroupChangesIntoTheCgroupTree) {
  const change::Footprint footprint{.paths = {"/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us"}};
  EXPECT_TRUE(check_gates(cgroup_kind, footprint, facts()).ok());
  const change::Kind limits{.name = "container.limits"};
  EXPECT_TRUE(check_gates(limits, footprint, facts()).ok());
  const change::Kind state{.name = "container.state"};
  EXPECT_FALSE(check_gates(state, footprint, facts()).ok());
  EXPECT_FALSE(check_gates(file_kind, footprint, facts()).ok());
}

TEST(Gates, RefuseAFileWithOtherNames) {
  std::string pattern = testing::TempDir() + "gate-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const std::string first = pattern + "/first";
  const std::string second = pattern + "/second";
  ASSERT_TRUE(sys::write_file_durably(first, "x").ok());
  EXPECT_TRUE(check_path(first).ok());
  ASSERT_EQ(::link(first.c_str(), second.c_str()), 0);
  EXPECT_FALSE(check_path(first).ok());
  ::unlink(first.c_str());
  ::unlink(second.c_str());
  ::rmdir(pattern.c_str());
}

TEST(Gates, RefuseProtectedProcesses) {
  EXPECT_FALSE(check_gates(file_kind, {.processes = {{1, 0}}}, facts()).ok());
  EXPECT_FALSE(check_gates(file_kind, {.processes = {{101, 7}}}, facts()).ok());
  EXPECT_TRUE(check_gates(file_kind, {.processes = {{4'000'000, 7}}}, facts()).ok());
}

TEST(Gates, RefuseToCutTheOperatorsSession) {
  GateFacts known = facts();
  known.sessions = {*parse_ssh_connection("10.1.2.3 51515 10.9.9.9 2222")};
  EXPECT_FALSE(check_cut({.local_port = 2222, .protocol = "any"}, known).ok());
  EXPECT_FALSE(check_cut({.peer = "10.1.0.0/16", .protocol = "tcp"}, known).ok());
  EXPECT_FALSE(check_cut({.remote_port = 51515, .protocol = "any"}, known).ok());
  EXPECT_TRUE(check_cut({.peer = "10.2.0.0/16", .protocol = "tcp"}, known).ok());
  EXPECT_TRUE(check_cut({.remote_port = 6379, .protocol = "any"}, known).ok());
  EXPECT_TRUE(check_cut({.local_port = 2222, .protocol = "udp"}, known).ok());
}

TEST(Gates, RefuseToCutPort22AndEverythingOnTheHost) {
  EXPECT_FALSE(check_cut({.local_port = 22, .protocol = "any"}, facts()).ok());
  EXPECT_FALSE(check_cut({.protocol = "any"}, facts()).ok());
  EXPECT_TRUE(check_cut({.local_port = 80, .protocol = "any"}, facts()).ok());
}

TEST(Gates, HoldTheBlastRadiusOverAllRuns) {
  GateFacts known = facts();
  known.policy.processes_max = 2;
  known.policy.changes_max = 3;
  known.live = {{.processes = {{500, 1}}, .burnt_cores = 1.5}};
  EXPECT_TRUE(check_gates(file_kind, {.processes = {{501, 1}}}, known).ok());
  EXPECT_FALSE(check_gates(file_kind, {.processes = {{501, 1}, {502, 1}}}, known).ok());
  EXPECT_TRUE(check_gates(file_kind, {.processes = {{500, 1}, {501, 1}}}, known).ok());
  EXPECT_TRUE(check_gates(file_kind, {.burnt_cores = 0.5}, known).ok());
  EXPECT_FALSE(check_gates(file_kind, {.burnt_cores = 0.6}, known).ok());
  known.live.resize(3);
  EXPECT_FALSE(check_gates(file_kind, {}, known).ok());
}

TEST(Gates, RunProgramsOfTheUserUnlessThePolicySaysNo) {
  const change::Footprint footprint{.programs = {"/usr/local/sbin/relay"}};
  GateFacts known = facts();
  EXPECT_TRUE(check_gates(file_kind, footprint, known).ok());
  known.policy.allow_commands = false;
  EXPECT_TRUE(check_gates(file_kind, {}, known).ok());
  const Status refused = check_gates(file_kind, footprint, known);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::refused);
  EXPECT_NE(refused.error().message.find("/usr/local/sbin/relay"), std::string::npos);
}

}  // namespace
}  // namespace squall::guardian
