#include <csignal>
#include <filesystem>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/change.h"
#include "change/targets_test.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/patience.h"
#include "sys/program.h"

namespace squall::change {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const Kind& kind() {
  return *find(catalogue(), "command");
}

json::array words(const std::vector<std::string>& argv) {
  json::array list;
  for (const std::string& word : argv) list.push_back(json::string(word));
  return list;
}

class OwnCommand : public testing::Test {
 protected:
  json::object params(const std::vector<std::string>& apply,
                      std::vector<std::string> undo = {}) const {
    if (undo.empty()) undo = {"rm", "-rf", thing_};
    return {{"apply", words(apply)},
            {"undo", words(undo)},
            {"look", words({"test", "-e", thing_})},
            {"limit", "1 s"}};
  }
  // A script in the folder; its path.
  std::string script(const std::string& text) const {
    std::string path = fmt::format("{}/script-{}", folder_.path(), scripts_++);
    EXPECT_TRUE(sys::write_file_durably(path, "#!/bin/sh\n" + text + "\n", 0755).ok());
    return path;
  }
  static Error failure(const json::object& params) {
    const json::object before = kind().capture(params).value();
    const Result<json::object> applied = kind().apply(params, before);
    EXPECT_FALSE(applied.ok());
    return applied.ok() ? Error{} : applied.error();
  }

  Folder folder_;
  std::string thing_ = folder_.path() + "/thing";
  mutable int scripts_ = 0;
};

TEST_F(OwnCommand, TakesItsArgumentsAsTheyAre) {
  const std::string odd = folder_.path() + "/a b; rm -rf $HOME *";
  const json::object asked = params({"mkdir", odd}, {"rmdir", odd});
  ASSERT_TRUE(kind().apply(asked, {}).ok());
  EXPECT_TRUE(std::filesystem::exists(odd));
  EXPECT_TRUE(kind().revert(asked, {}).ok());
  EXPECT_FALSE(std::filesystem::exists(odd));
}

TEST_F(OwnCommand, SaysWhyACommandFailed) {
  const Error ended = failure(params({script("echo first; echo the relay is stuck >&2; exit 3")}));
  EXPECT_THAT(ended.message, AllOf(HasSubstr("ended with 3"), HasSubstr("first")));
  const Error killed = failure(params({script("kill -9 $$")}));
  EXPECT_THAT(killed.message, HasSubstr("was killed by"));
  const Error late = failure(params({"sleep", "30"}));
  EXPECT_EQ(late.code, Code::timed_out);
  EXPECT_THAT(late.message, HasSubstr("sleep 30 did not end within 1 s"));
}

TEST_F(OwnCommand, GivesASmallEnvironmentAndNoInput) {
  ::setenv("SQUALL_TEST_SECRET", "hunter2", 1);
  const std::string seen = folder_.path() + "/seen";
  const json::object asked = params({script(fmt::format("(env; cat; pwd) > {}", seen))});
  ASSERT_TRUE(kind().apply(asked, {}).ok());
  ::unsetenv("SQUALL_TEST_SECRET");
  const std::string text = sys::read_file(seen).value();
  EXPECT_THAT(text, testing::Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, HasSubstr("SQUALL_COMMAND="));
  EXPECT_THAT(text, testing::EndsWith("\n/\n"));
}

TEST_F(OwnCommand, RunsAsTheUserGiven) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  json::object asked = params({"id", "-u"}, {"true"});
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  asked["apply"] = words({"touch", thing_});
  asked["user"] = "nobody";
  ASSERT_TRUE(kind().apply(asked, {}).ok());
  struct stat status {};
  ASSERT_EQ(::stat(thing_.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 65534U);
}

TEST_F(OwnCommand, RefusesProgramsThatOthersCouldExchange) {
  const std::string path = script("true");
  ASSERT_EQ(::chmod(path.c_str(), 0777), 0);
  for (const json::object& asked :
       {params({path}), params({"true"}, {path}), params({"no-such-program"})}) {
    EXPECT_FALSE(kind().footprint(asked).ok());
    EXPECT_FALSE(kind().capture(asked).ok());
  }
  EXPECT_EQ(kind().footprint(params({path})).error().code, Code::refused);
}

TEST_F(OwnCommand, NamesItsProgramsForTheGates) {
  const Footprint footprint = kind().footprint(params({"touch", thing_})).value();
  ASSERT_EQ(footprint.programs.size(), 3U);
  EXPECT_THAT(footprint.programs[0], HasSubstr("/touch"));
}

TEST_F(OwnCommand, RefusesAnEffectThatIsThereAlready) {
  ASSERT_TRUE(sys::write_file_durably(thing_, "").ok());
  const Result<json::object> before = kind().capture(params({"true"}));
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error().code, Code::conflict);
}

TEST_F(OwnCommand, RunsTheUndoAlsoWhenNothingCanBeSeen) {
  const std::string half = folder_.path() + "/half";
  ASSERT_TRUE(sys::write_file_durably(half, "what a cut-off apply left").ok());
  const json::object asked = params({"true"}, {"rm", "-f", half, thing_});
  EXPECT_EQ(kind().revert(asked, {})->ending, Ending::was_absent);
  EXPECT_FALSE(std::filesystem::exists(half));
}

TEST_F(OwnCommand, ReportsAnUndoThatFailsOrDoesNothing) {
  ASSERT_TRUE(sys::write_file_durably(thing_, "").ok());
  const json::object failing = params({"true"}, {script("echo no power >&2; exit 1")});
  const Result<Reverted> failed = kind().revert(failing, {});
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().render(), HasSubstr("ended with 1: no power"));
  const json::object idle = params({"true"}, {"true"});
  EXPECT_TRUE(kind().revert(idle, {}).ok());
  EXPECT_EQ(kind().verify(idle, {}).value(), Presence::in_force) << "so the executor reports it";
}

TEST_F(OwnCommand, EndsWhatACutOffApplyLeftRunningBeforeTheUndo) {
  const std::string started = folder_.path() + "/started";
  const std::string slow =
      script(fmt::format("setsid sh -c 'touch {}; sleep 30; touch {}' >&- 2>&- &\n"
                         "while [ ! -e {} ]; do sleep 0.01; done",
                         started, thing_, started));
  const json::object asked = params({slow}, {"rm", "-f", thing_});
  ASSERT_TRUE(kind().apply(asked, {}).ok());
  sys::Patience patience(seconds(5));
  while (!sys::exists(started) && !patience.is_over()) sys::Patience(milliseconds(1)).wait({});
  ASSERT_TRUE(sys::exists(started));
  const auto sleepers = [&] {
    int count = 0;
    for (const sys::Process& process : sys::list_processes()) {
      count += process.command_line.find(started) != std::string::npos ? 1 : 0;
    }
    return count;
  };
  ASSERT_EQ(sleepers(), 1);
  EXPECT_TRUE(kind().revert(asked, {}).ok());
  EXPECT_EQ(sleepers(), 0);
}

TEST_F(OwnCommand, ShowsItsCommandsInWords) {
  EXPECT_EQ(kind().describe(params({"logger", "a b", ""})), "run: logger \"a b\" \"\"");
  EXPECT_THAT(kind().undo(params({"true"}, {"rm", "-f", "\x1b[2J"})), HasSubstr("rm -f ?[2J"));
}

}  // namespace
}  // namespace squall::change
