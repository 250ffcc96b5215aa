#include "sys/supervised.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "sys/private_supervisor_test.h"

namespace squall::sys {
namespace {

// As written by runsv 2.1.2 and s6-supervise 2.11.3, byte for byte.
const std::string runit_running("\x40\0\0\0\x6b\x02\x56\x13\x20\x58\x7e\xa4\x40\x55\0\0\0u\0\x01",
                                20);
const std::string runit_paused("\x40\0\0\0\x6b\x02\x56\x13\x20\x58\x7e\xa4\x40\x55\0\0\x01u\0\x01",
                               20);
const std::string runit_down("\x40\0\0\0\x6b\x02\x56\x14\x35\xc5\x19\x3c\0\0\0\0\0d\0\0", 20);
std::string s6_status(std::int64_t pid, unsigned flags, std::size_t group_bytes = 0) {
  std::string bytes(24, '\x40');
  for (int i = 7; i >= 0; --i) bytes += static_cast<char>(pid >> (8 * i));
  bytes += std::string(group_bytes + 2, '\0');
  return bytes + static_cast<char>(flags);
}

TEST(Supervised, ReadsTheStatusOfRunit) {
  const Supervised running = parse_supervised(Supervisor::runit, runit_running).value();
  EXPECT_EQ(running.pid, 0x5540);
  EXPECT_TRUE(running.wants_up);
  EXPECT_FALSE(running.is_paused);
  EXPECT_TRUE(parse_supervised(Supervisor::runit, runit_paused)->is_paused);
  const Supervised down = parse_supervised(Supervisor::runit, runit_down).value();
  EXPECT_EQ(down.pid, 0);
  EXPECT_FALSE(down.wants_up);
}

TEST(Supervised, ReadsTheStatusOfS6InItsOldAndItsNewForm) {
  for (const std::size_t group : {0U, 8U}) {
    const Supervised running =
        parse_supervised(Supervisor::s6, s6_status(0x553f, 4, group)).value();
    EXPECT_EQ(running.pid, 0x553f);
    EXPECT_TRUE(running.wants_up);
    EXPECT_TRUE(parse_supervised(Supervisor::s6, s6_status(1, 5, group))->is_paused);
    EXPECT_TRUE(parse_supervised(Supervisor::s6, s6_status(1, 6, group))->is_finishing);
    EXPECT_FALSE(parse_supervised(Supervisor::s6, s6_status(0, 8, group))->wants_up);
  }
}

TEST(Supervised, TakesNoOtherBytesForAStatus) {
  for (const std::string& bytes : {std::string(), std::string(19, 'u'), std::string(36, '\0')}) {
    for (const Supervisor supervisor : {Supervisor::runit, Supervisor::s6}) {
      const Result<Supervised> status = parse_supervised(supervisor, bytes);
      ASSERT_FALSE(status.ok());
      EXPECT_EQ(status.error().code, Code::conflict);
    }
  }
}

TEST(Supervised, FindsNoSupervisorWhereNobodyReadsThePipe) {
  EXPECT_EQ(read_supervised(Supervisor::runit, "/nowhere").error().code, Code::not_found);
  std::string folder = testing::TempDir() + "squall-supervised-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::filesystem::create_directories(folder + "/supervise");
  ASSERT_EQ(::mkfifo((folder + "/supervise/control").c_str(), 0600), 0);
  ASSERT_TRUE(write_file_durably(folder + "/supervise/status", runit_running).ok());
  const Result<Supervised> stale = read_supervised(Supervisor::runit, folder);
  ASSERT_FALSE(stale.ok()) << "its supervisor died, and left the status";
  EXPECT_NE(stale.error().message.find("no supervisor watches"), std::string::npos);
  EXPECT_EQ(command_supervisor(folder, "u").error().code, Code::not_found);
  std::filesystem::remove_all(folder);
}

TEST(Supervised, CommandsARealOne) {
  for (const char* program : {"/usr/bin/runsv", "/usr/bin/s6-supervise"}) {
    const auto supervisor = PrivateSupervisor::start(program);
    if (supervisor == nullptr) continue;
    ASSERT_TRUE(command_supervisor(supervisor->service(), "p").ok());
    const Duration deadline = monotonic_now() + seconds(10);
    while (!supervisor->status().is_paused && monotonic_now() < deadline) {
    }
    EXPECT_TRUE(supervisor->status().is_paused) << program;
  }
}

}  // namespace
}  // namespace squall::sys
