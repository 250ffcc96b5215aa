#include "sys/program.h"

#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/process.h"

namespace squall::sys {
namespace {

using testing::HasSubstr;

class Program : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "squall-program-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string script(unsigned mode) const {
    const std::string path = folder_ + "/script";
    EXPECT_TRUE(write_file_durably(path, "#!/bin/sh\nexit 0\n", mode).ok());
    return path;
  }
  static Code refusal(const Result<std::string>& found) {
    return found.ok() ? Code::failed : found.error().code;
  }

  std::string folder_;
};

TEST_F(Program, IsFoundInPathAndByPath) {
  const std::string found = find_trusted_program("true").value();
  EXPECT_TRUE(found.starts_with('/'));
  EXPECT_TRUE(std::filesystem::equivalent(found, "/bin/true"));
  EXPECT_EQ(find_trusted_program(script(0755)).value(), script(0755));
  EXPECT_EQ(refusal(find_trusted_program("no-such-program")), Code::not_found);
  EXPECT_EQ(refusal(find_trusted_program("")), Code::invalid);
}

TEST_F(Program, IsRefusedWhenOthersCouldExchangeIt) {
  const Result<std::string> open_to_all = find_trusted_program(script(0757));
  ASSERT_FALSE(open_to_all.ok());
  EXPECT_EQ(open_to_all.error().code, Code::refused);
  EXPECT_THAT(open_to_all.error().message, HasSubstr("/script can be written by others"));
  const std::string path = script(0755);
  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  EXPECT_EQ(refusal(find_trusted_program(path)), Code::refused) << "through its folder";
  ASSERT_EQ(::chmod(folder_.c_str(), 01777), 0);
  EXPECT_TRUE(find_trusted_program(path).ok()) << "in a sticky folder nobody else may rename it";
}

TEST_F(Program, IsRefusedWhenAnotherUserOwnsItButNotWhenHeRunsIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const std::string path = script(0755);
  ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
  EXPECT_EQ(refusal(find_trusted_program(path)), Code::refused);
  EXPECT_TRUE(find_trusted_program(path, "nobody").ok());
}

TEST_F(Program, IsSeenThroughLinks) {
  const std::string link = folder_ + "/link";
  std::filesystem::create_symlink(script(0757), link);
  EXPECT_EQ(refusal(find_trusted_program(link)), Code::refused);
}

TEST_F(Program, MustBeExecutable) {
  EXPECT_EQ(refusal(find_trusted_program(script(0644))), Code::invalid);
  EXPECT_EQ(refusal(find_trusted_program("/etc/")), Code::invalid);
}

TEST(AsUser, RunsWithTheRightsOfThatUserOnly) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const Command command =
      as_user(
          {.argv = {"/bin/sh", "-c", "id -u; id -G; echo $USER; grep CapBnd /proc/self/status"}},
          "nobody")
          .value();
  Patience patience(seconds(5));
  const CommandResult result = run_command(command, patience).value();
  EXPECT_EQ(result.exit_code, 0) << result.error_output;
  EXPECT_THAT(result.output, testing::StartsWith("65534\n65534\nnobody\n"));
  EXPECT_THAT(result.output, HasSubstr("0000000000000000"));
}

TEST(AsUser, RefusesUsersWhoAreNotThere) {
  const Result<Command> nobody = as_user({.argv = {"true"}}, "no such user");
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().code, Code::not_found);
  EXPECT_EQ(as_user({.argv = {"true"}}, "")->argv, std::vector<std::string>{"true"});
}

TEST(KillBearers, EndsThoseWithTheMarkAndNobodyElse) {
  const auto start = [](const char* mark) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      std::string variable = std::string("SQUALL_TEST=") + mark;
      char* const environment[] = {variable.data(), nullptr};
      char* const arguments[] = {const_cast<char*>("sleep"), const_cast<char*>("60"), nullptr};
      ::execve("/bin/sleep", arguments, environment);
      ::_exit(1);
    }
    Patience patience(seconds(5));
    while (read_process(child)->name != "sleep" && !patience.is_over()) ::sched_yield();
    return child;
  };
  const pid_t bearer = start("one");
  const pid_t other = start("one-and-more");
  EXPECT_TRUE(kill_bearers("SQUALL_TEST", "one").ok());
  int status = 0;
  EXPECT_EQ(::waitpid(bearer, &status, WNOHANG), bearer);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(::waitpid(other, &status, WNOHANG), 0);
  ::kill(other, SIGKILL);
  ::waitpid(other, &status, 0);
}

}  // namespace
}  // namespace squall::sys
