#include "sys/command.h"

#include <thread>

#include <fcntl.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::sys {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using End = CommandResult::End;

Result<CommandResult> run(std::vector<std::string> argv, Duration limit = seconds(30)) {
  Patience patience(limit);
  return run_command({.argv = std::move(argv)}, patience);
}

// Waits until the process is gone or a zombie: the death of a killed grandchild is not ours to
// reap.
bool dies_within(std::int64_t pid, Duration limit) {
  const Result<Process> process = read_process(pid);
  if (!process.ok()) return true;
  const Result<Fd> pidfd = open_process(process->id);
  return !pidfd.ok() || wait_for_end(*pidfd, limit);
}

TEST(RunCommand, KeepsBothOutputsAndTheExitCode) {
  const auto result = run({"sh", "-c", "echo out; echo problem >&2; exit 7"});
  ASSERT_TRUE(result.ok()) << result.error().render();
  EXPECT_EQ(result->end, End::exited);
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->error_output, "problem\n");
  EXPECT_FALSE(result->output_was_cut);
  EXPECT_GT(result->took, Duration{0});
}

TEST(RunCommand, PassesArgumentsUntouched) {
  const auto result = run({"printf", "%s|", "a b", "$HOME", "; rm x", "*"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->output, "a b|$HOME|; rm x|*|");
}

TEST(RunCommand, SaysThatTheProgramIsMissing) {
  const auto by_name = run({"no-such-program-here"});
  ASSERT_FALSE(by_name.ok());
  EXPECT_EQ(by_name.error().code, Code::not_found);
  EXPECT_EQ(by_name.error().message, "there is no program \"no-such-program-here\" in PATH");
  const auto by_path = run({"/no/such/program"});
  ASSERT_FALSE(by_path.ok());
  EXPECT_THAT(by_path.error().message, HasSubstr("/no/such/program does not exist"));
  const auto folder = run({"/etc"});
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().code, Code::refused);
}

TEST(RunCommand, RefusesWhatNoProgramCanBeGiven) {
  EXPECT_EQ(run({}).error().code, Code::invalid);
  EXPECT_EQ(run({""}).error().code, Code::invalid);
  EXPECT_EQ(run({"echo", std::string("a\0b", 3)}).error().code, Code::invalid);
  Patience patience(seconds(30));
  EXPECT_EQ(run_command({.argv = {"true"}, .environment = {{"A=B", "c"}}}, patience).error().code,
            Code::invalid);
  EXPECT_EQ(run_command({.argv = {"true"}, .directory = "/no/such"}, patience).error().code,
            Code::not_found);
  EXPECT_THAT(run_command({.argv = {"true"}, .directory = "/etc/passwd"}, patience).error().message,
              HasSubstr("not a folder"));
}

TEST(RunCommand, StartsInTheFolderAndWithTheEnvironmentGiven) {
  Patience patience(seconds(30));
  const auto result = run_command({.argv = {"sh", "-c", "pwd; echo $WORD; env | wc -l"},
                                   .directory = "/usr",
                                   .environment = {{"WORD", "two words"}}},
                                  patience);
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->output, StartsWith("/usr\ntwo words\n"));
}

TEST(RunCommand, KeepsForeignVariablesOut) {
  ASSERT_EQ(::setenv("SQUALL_TEST_SECRET", "hidden", 1), 0);
  const auto result = run({"env"});
  ASSERT_EQ(::unsetenv("SQUALL_TEST_SECRET"), 0);
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->output, HasSubstr("PATH="));
  EXPECT_THAT(result->output, Not(HasSubstr("hidden")));
}

TEST(RunCommand, GivesNoDescriptorAway) {
  const Fd inheritable(::fcntl(STDIN_FILENO, F_DUPFD, 200));  // on purpose without O_CLOEXEC
  ASSERT_GE(inheritable.get(), 200);
  const auto result = run({"sh", "-c", "for fd in /proc/self/fd/*; do echo ${fd##*/}; done"});
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->output, Not(HasSubstr(fmt::format("{}", inheritable.get()))));
  EXPECT_THAT(result->output, StartsWith("0\n1\n2\n"));
}

TEST(RunCommand, ReadsNothingFromOurInput) {
  const auto result = run({"cat"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->end, End::exited);
  EXPECT_EQ(result->output, "");
}

TEST(RunCommand, TellsTheSignalThatKilledTheProgram) {
  const auto result = run({"sh", "-c", "kill -SEGV $$"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->end, End::killed);
  EXPECT_EQ(result->signal, SIGSEGV);
}

TEST(RunCommand, KillsAHangingProgramWithItsChildrenAtTheLimit) {
  const Duration start = monotonic_now();
  const auto result =
      run({"sh", "-c", "trap '' TERM; sleep 600 & echo $!; sleep 600"}, milliseconds(300));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->end, End::timed_out);
  EXPECT_LT(monotonic_now() - start, seconds(5));
  const std::int64_t child = std::stoll(result->output);
  EXPECT_TRUE(dies_within(child, seconds(5)));
}

TEST(RunCommand, DoesNotWaitForAChildThatKeepsTheOutputOpen) {
  const auto result = run({"sh", "-c", "sleep 600 & echo $!"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->end, End::exited);
  EXPECT_LT(result->took, seconds(5));
  EXPECT_TRUE(dies_within(std::stoll(result->output), seconds(5)));
}

TEST(RunCommand, CutsHugeOutputAndStillWaitsForTheEnd) {
  const auto result = run({"sh", "-c", "head -c 5000000 /dev/zero | tr '\\0' x; exit 3"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_TRUE(result->output_was_cut);
  EXPECT_FALSE(result->error_output_was_cut);
  EXPECT_EQ(result->output.size(), 65536U);
  EXPECT_THAT(result->output, Each('x'));
}

TEST(RunCommand, EndsAProgramThatNeverStopsWriting) {
  const auto result = run({"yes"}, milliseconds(200));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->end, End::timed_out);
  EXPECT_EQ(result->output.size(), 65536U);
}

TEST(RunCommand, EndsWhenAStopIsAskedFor) {
  std::stop_source source;
  Patience patience(seconds(30), source.get_token());
  const std::jthread asker([&] { source.request_stop(); });
  const auto result = run_command({.argv = {"sleep", "600"}}, patience);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->end, End::stopped);
  EXPECT_LT(result->took, seconds(5));
}

TEST(RunCommand, LeavesNoChildBehind) {
  ASSERT_TRUE(run({"true"}).ok());
  ASSERT_TRUE(run({"sleep", "600"}, milliseconds(50)).ok());
  for (const Process& process : list_processes()) {
    EXPECT_NE(process.parent, ::getpid()) << process.command_line;
  }
}

}  // namespace
}  // namespace squall::sys
