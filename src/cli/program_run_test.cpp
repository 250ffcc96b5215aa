// The program as a whole, on a process of this test: runs, and everything that may go wrong.
#include <csignal>

#include <sys/mount.h>

#include "cli/program_test.h"

namespace squall::cli {
namespace {

class Runs : public ProgramTest {
 protected:
  std::vector<json::object> lines_of(const std::string& text) {
    std::vector<json::object> lines;
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t end = text.find('\n', at);
      const Result<json::value> line = parse_json(text.substr(at, end - at));
      EXPECT_TRUE(line.ok() && line->is_object()) << text.substr(at, end - at);
      if (line.ok() && line->is_object()) lines.push_back(line->as_object());
      at = end == std::string::npos ? text.size() : end + 1;
    }
    return lines;
  }
  // A run that has stopped the victim and would keep it so for long.
  std::unique_ptr<Program> long_run(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"run", pause_scenario(victim_.pid(), "60 s"), "--plain"};
    words.insert(words.end(), more.begin(), more.end());
    auto run = std::make_unique<Program>(words, in(state()));
    EXPECT_TRUE(run->says("witnessed")) << run->output << run->errors;
    EXPECT_EQ(state_of(victim_.pid()), 'T');
    return run;
  }
  bool victim_runs() {
    return eventually([&] { return state_of(victim_.pid()) == 'S'; });
  }

  sys::Child victim_;
};

TEST_F(Runs, TellsItsLifeInPlainLinesAndKeepsEverything) {
  const Said said = squall({"run", pause_scenario(victim_.pid()), "--seed", "7"});
  EXPECT_EQ(said.code, 0) << said.output << said.errors;
  for (const char* text : {"seed 7", "phase      baseline", "process.pause strikes", "witnessed",
                           "reverted", "verdict    held", "HELD", "report:", "timeline:"}) {
    EXPECT_TRUE(contains(said.output, text));
  }
  EXPECT_EQ(said.output.find('\x1b'), std::string::npos) << "no escapes without a terminal";
  EXPECT_TRUE(victim_runs());

  const Said runs = squall({"runs", "--json"});
  const Result<json::value> rows = parse_json(runs.output);
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->as_array().size(), 1U);
  EXPECT_EQ(text_at(rows->as_array().at(0).as_object(), "verdict"), "held");
  EXPECT_EQ(text_at(rows->as_array().at(0).as_object(), "seed"), "7");
  EXPECT_TRUE(contains(squall({"show"}).output, "HELD"));
  EXPECT_EQ(squall({"ledger", "verify"}).code, 0);
}

TEST_F(Runs, SaysOnlyJsonToMachinesAndTheVerdictLast) {
  const Said said = squall({"run", pause_scenario(victim_.pid()), "--json", "--no-ledger"});
  EXPECT_EQ(said.code, 0) << said.errors;
  EXPECT_EQ(said.errors, "");
  const std::vector<json::object> lines = lines_of(said.output);
  ASSERT_GT(lines.size(), 10U);
  EXPECT_EQ(text_at(lines.front(), "event"), "run_started");
  EXPECT_EQ(text_at(lines.back(), "event"), "verdict");
  EXPECT_EQ(text_at(*object_at(lines.back(), "verdict"), "outcome"), "held");
  EXPECT_EQ(squall({"ledger", "verify"}).code, 2) << "there is no ledger";
}

TEST_F(Runs, WritesEveryKindOfReport) {
  ASSERT_EQ(squall({"run", pause_scenario(victim_.pid()), "--report", file("own.html")}).code, 0);
  EXPECT_TRUE(contains(sys::read_file(file("own.html")).value(), "<html"));
  const Said html = squall({"report", "last"});
  EXPECT_EQ(html.code, 0) << html.errors;
  EXPECT_TRUE(
      contains(sys::read_file(html.output.substr(0, html.output.size() - 1)).value(), "<html"));
  EXPECT_TRUE(contains(squall({"report", "--format", "markdown"}).output, "# "));
  EXPECT_TRUE(parse_json(squall({"report", "--format", "json"}).output).ok());
  EXPECT_TRUE(contains(squall({"report", "--format", "junit"}).output, "<testsuite"));
  EXPECT_EQ(squall({"report", "--format", "pdf"}).code, 2);
  EXPECT_EQ(squall({"report", "ghost"}).code, 2);
}

TEST_F(Runs, AReportThatCannotBeWrittenIsFoundBeforeAnythingIsTouched) {
  const Said none = squall({"run", pause_scenario(victim_.pid()), "--report", file("no/x.html")});
  EXPECT_EQ(none.code, 2) << none.output << none.errors;
  EXPECT_TRUE(contains(none.errors, "No such file or directory"));
  EXPECT_TRUE(contains(none.errors, "nothing was touched"));
  EXPECT_EQ(squall({"run", pause_scenario(victim_.pid()), "--report", file("")}).code, 2);
  EXPECT_FALSE(sys::exists(state()));
}

TEST_F(Runs, ALeaseOutOfBoundsIsRefused) {
  for (const char* lease : {"99 ms", "61 s", "0 s", "1 h"}) {
    const Said said = squall({"run", pause_scenario(victim_.pid()), "--lease", lease});
    EXPECT_EQ(said.code, 2) << lease;
    EXPECT_TRUE(contains(said.errors, "allowed: 100 ms to 1 min")) << lease;
  }
  EXPECT_FALSE(sys::exists(state()));
}

TEST_F(Runs, AMissingTargetIsFoundBeforeAnythingIsTouched) {
  const Said said = squall({"run", pause_scenario(4'000'000)});
  EXPECT_EQ(said.code, 3);
  EXPECT_TRUE(contains(said.errors, "4000000"));
  EXPECT_TRUE(contains(said.errors, "next: "));
  EXPECT_TRUE(contains(said.errors, "nothing was touched"));
  EXPECT_FALSE(sys::exists(state()));
}

TEST_F(Runs, ATargetThatDiesFirstEndsTheRunAsAborted) {
  Program run({"run", pause_scenario(victim_.pid()), "--plain"}, in(state()));
  ASSERT_TRUE(run.says("baseline"));
  victim_.end();
  EXPECT_EQ(run.end(), 6) << run.output;
  EXPECT_TRUE(contains(run.output, "ABORTED"));
  EXPECT_TRUE(contains(squall({"status"}).output, "nothing"));
}

TEST_F(Runs, TwoRunsOnOneThingAreOneTooMany) {
  const auto first = long_run();
  const Said second = squall({"run", pause_scenario(victim_.pid()), "--plain"});
  EXPECT_EQ(second.code, 6) << second.output;
  EXPECT_TRUE(contains(second.output, "on the same thing"));
  EXPECT_EQ(state_of(victim_.pid()), 'T') << "the first goes on";
  first->signal(SIGINT);
  EXPECT_EQ(first->end(), 6);
  EXPECT_TRUE(victim_runs());
}

TEST_F(Runs, AnOperatorStopsARunAndEverythingIsUndone) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const auto run = long_run();
    run->signal(signal);
    run->signal(signal);
    EXPECT_EQ(run->end(), 6) << run->output;
    EXPECT_EQ(state_of(victim_.pid()), 'S') << "undone before it ended";
    EXPECT_TRUE(contains(run->errors, "everything is undone now"));
    EXPECT_TRUE(contains(run->output, "ABORTED"));
  }
}

TEST_F(Runs, AKilledRunnerLeavesNothingInForceAndAReadableTimeline) {
  const auto run = long_run({"--lease", "500 ms"});
  run->signal(SIGKILL);
  EXPECT_EQ(run->end(), -SIGKILL);
  EXPECT_TRUE(victim_runs());
  EXPECT_TRUE(contains(squall({"runs"}).output, "unfinished"));
  EXPECT_TRUE(contains(squall({"show", "last"}).output, "the runner died in the phase \"fault\""));
  EXPECT_TRUE(contains(squall({"report", "last", "--format", "junit"}).output, "runner died"));
}

TEST_F(Runs, HaltUndoesAllAndRefusesNewRunsUntilResume) {
  const auto run = long_run();
  const Said status = squall({"status"});
  EXPECT_TRUE(contains(status.output, "continue process " + std::to_string(victim_.pid())));
  EXPECT_TRUE(contains(squall({"runs"}).output, "going on"));
  const Said halt = squall({"halt", "a", "test"});
  EXPECT_EQ(halt.code, 0) << halt.errors;
  EXPECT_EQ(state_of(victim_.pid()), 'S') << "undone when halt comes back";
  EXPECT_TRUE(contains(halt.output, "undone: stop process"));
  EXPECT_TRUE(contains(halt.output, "squall resume"));
  EXPECT_EQ(run->end(), 6);
  const Said refused = squall({"run", pause_scenario(victim_.pid())});
  EXPECT_EQ(refused.code, 6);
  EXPECT_TRUE(contains(refused.errors, "a test"));
  EXPECT_TRUE(contains(refused.errors, "squall resume"));
  EXPECT_TRUE(contains(squall({"resume"}).output, "runs are allowed again"));
  EXPECT_TRUE(contains(squall({"resume"}).output, "runs are not halted"));
  EXPECT_EQ(squall({"run", pause_scenario(victim_.pid())}).code, 0);
}

TEST_F(Runs, HaltWorksWhereNothingEverRan) {
  const Said halt = squall({"halt"});
  EXPECT_EQ(halt.code, 0) << halt.errors;
  EXPECT_TRUE(contains(halt.output, "nothing was in force"));
  EXPECT_TRUE(sys::exists(guardian::stop_file(state())));
}

TEST_F(Runs, RecoverUndoesWhatWasLeftWhenEverythingDied) {
  const auto run = long_run();
  const Result<json::value> status = parse_json(squall({"status", "--json"}).output);
  ASSERT_TRUE(status.ok());
  const json::object* guardian = object_at(status->as_object(), "guardian");
  ASSERT_NE(guardian, nullptr);
  const std::array<pid_t, 2> both = {static_cast<pid_t>(integer_at(*guardian, "pid")),
                                     static_cast<pid_t>(integer_at(*guardian, "twin_pid"))};
  // Stopped first, so that neither can act between the kills.
  run->signal(SIGSTOP);
  for (const pid_t pid : both) ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  for (const pid_t pid : both) ::kill(pid, SIGKILL);
  run->signal(SIGKILL);
  run->end();
  ASSERT_TRUE(no_guardian_in(state()));
  EXPECT_EQ(state_of(victim_.pid()), 'T');

  const Said told = squall({"status"});
  EXPECT_TRUE(contains(told.output, "to undo it: squall recover"));
  EXPECT_TRUE(contains(told.output, "continue process"));
  const Said recovered = squall({"recover", "--boot"});
  EXPECT_EQ(recovered.code, 0) << recovered.errors;
  EXPECT_EQ(state_of(victim_.pid()), 'S');
  EXPECT_TRUE(contains(squall({"status"}).output, "nothing"));
  EXPECT_TRUE(contains(squall({"recover"}).output, "nothing is in force any more"));
}

// Everything dies, and then both copies of the journal are cut.
TEST_F(Runs, AJournalLostInBothCopiesIsNeverToldAsNothingInForce) {
  const Said run = squall({"run", pause_scenario(victim_.pid()), "--json"});
  ASSERT_EQ(run.code, 0) << run.output << run.errors;
  ASSERT_TRUE(no_guardian_in(state()));
  for (const char* name : {"/journal", "/journal.copy"}) {
    ASSERT_TRUE(sys::write_file_durably(state() + name, "00000000 {}\n").ok());
  }
  const Said status = squall({"status"});
  EXPECT_EQ(status.code, 6);
  EXPECT_TRUE(contains(status.output, "cannot be told"));
  const Said refused = squall({"run", pause_scenario(victim_.pid()), "--plain"});
  EXPECT_NE(refused.code, 0);
  EXPECT_TRUE(contains(refused.output + refused.errors, "squall recover"));
  const Said halt = squall({"halt"});
  EXPECT_EQ(halt.code, 1);
  EXPECT_TRUE(contains(halt.errors, "more may be in force"));
  EXPECT_EQ(squall({"resume"}).code, 0);
  ASSERT_TRUE(no_guardian_in(state()));

  const Said recovered = squall({"recover"});
  EXPECT_EQ(recovered.code, 1);
  EXPECT_TRUE(contains(recovered.errors, "something may still be in force"));
  EXPECT_EQ(recovered.output.find("nothing is in force"), std::string::npos);
  EXPECT_EQ(squall({"recover"}).code, 0) << "it is told once";
  EXPECT_EQ(squall({"run", pause_scenario(victim_.pid()), "--plain"}).code, 0);
}

TEST_F(Runs, WhoMayNotLookIsNotToldThatNothingIsInForce) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  const Said run = squall({"run", pause_scenario(victim_.pid()), "--json"});
  ASSERT_EQ(run.code, 0) << run.output << run.errors;
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  ProgramOptions nobody = in(state());
  nobody.user = 65534;
  for (const char* command : {"status", "recover", "resume", "runs", "show", "report"}) {
    const Said said = squall({command}, nobody);
    if (said.code == 126) GTEST_SKIP() << "others may not read the build folder";
    EXPECT_EQ(said.code, 3) << command << ": " << said.output << said.errors;
    EXPECT_EQ(said.output, "") << command;
    EXPECT_TRUE(contains(said.errors, "Permission denied")) << command;
    EXPECT_TRUE(contains(said.errors, "next: ")) << command;
  }
  EXPECT_TRUE(contains(squall({"status"}, nobody).errors, "this cannot be told now"));
}

TEST_F(Runs, AStoppedGuardianIsNotTakenForNone) {
  const auto run = long_run({"--lease", "60 s"});
  const Result<json::value> status = parse_json(squall({"status", "--json"}).output);
  ASSERT_TRUE(status.ok());
  const json::object* guardian = object_at(status->as_object(), "guardian");
  ASSERT_NE(guardian, nullptr);
  // The twin too: it would take the place of a guardian that hangs.
  const std::array<pid_t, 2> both = {static_cast<pid_t>(integer_at(*guardian, "twin_pid")),
                                     static_cast<pid_t>(integer_at(*guardian, "pid"))};
  for (const pid_t pid : both) ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  const Said said = squall({"recover"});
  EXPECT_EQ(said.code, 6) << said.output;
  EXPECT_TRUE(contains(said.errors, "this cannot be told now"));
  EXPECT_TRUE(contains(said.errors, "next: "));
  for (const pid_t pid : both) ::kill(pid, SIGCONT);
  run->signal(SIGINT);
  run->end();
  EXPECT_TRUE(victim_runs());
}

TEST_F(Runs, RecoverAtBootSaysNothingWhereNothingEverRan) {
  const Said said = squall({"recover", "--boot"});
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(said.output + said.errors, "");
  EXPECT_FALSE(sys::exists(state()));
}

TEST_F(Runs, TheLedgerNamesAChangedByte) {
  const Said run = squall({"run", pause_scenario(victim_.pid()), "--json"});
  ASSERT_EQ(run.code, 0) << run.output << run.errors;
  const Result<json::value> rows = parse_json(squall({"runs", "--json"}).output);
  ASSERT_TRUE(rows.ok());
  const std::string timeline = text_at(rows->as_array().at(0).as_object(), "timeline");
  std::string bytes = sys::read_file(timeline).value();
  bytes[bytes.find("baseline")] = 'B';
  ASSERT_TRUE(sys::write_file_durably(timeline, bytes).ok());
  const Said said = squall({"ledger", "verify"});
  EXPECT_EQ(said.code, 1);
  EXPECT_TRUE(contains(said.output, "damaged: "));
  EXPECT_TRUE(contains(said.output, "timeline"));
}

TEST_F(Runs, NothingIsToldFromATimelineThatWasChanged) {
  const Said run = squall({"run", pause_scenario(victim_.pid()), "--json"});
  ASSERT_EQ(run.code, 0) << run.output << run.errors;
  const Result<json::value> rows = parse_json(squall({"runs", "--json"}).output);
  ASSERT_TRUE(rows.ok());
  const std::string timeline = text_at(rows->as_array().at(0).as_object(), "timeline");
  ASSERT_TRUE(parse_json(squall({"show", "--json"}).output).ok());
  for (const std::string& bytes : {std::string(), sys::read_file(timeline).value() + "{}\n"}) {
    ASSERT_TRUE(sys::write_file_durably(timeline, bytes).ok());
    for (const char* command : {"show", "report"}) {
      const Said said = squall({command, "last"});
      EXPECT_EQ(said.code, 6) << command;
      EXPECT_EQ(said.output, "") << command;
      EXPECT_TRUE(contains(said.errors, "was changed after it was written"));
      EXPECT_TRUE(contains(said.errors, "its verdict: held")) << "what the ledger knows";
    }
  }
  ASSERT_TRUE(sys::remove_file(state() + "/ledger.sqlite").ok());
  const Said gone = squall({"ledger", "verify"});
  EXPECT_EQ(gone.code, 1);
  EXPECT_TRUE(contains(gone.output, "is missing; its head record knows 1 row"));
  ASSERT_TRUE(sys::remove_file(state() + "/ledger.sqlite.head").ok());
  const Said both = squall({"ledger", "verify"});
  EXPECT_EQ(both.code, 2);
  EXPECT_TRUE(contains(both.errors, "but the timelines of 1 run"));
}

TEST_F(Runs, SomebodyWithoutRightsGetsAVerdictAndNoChange) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  const std::string own = file("nobody");
  ASSERT_EQ(::mkdir(own.c_str(), 0700), 0);
  ASSERT_EQ(::chown(own.c_str(), 65534, 65534), 0);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  ProgramOptions nobody = in(own);
  nobody.user = 65534;
  const Said said = squall({"run", pause_scenario(victim_.pid()), "--plain"}, nobody);
  if (said.code == 126) GTEST_SKIP() << "others may not read the build folder";
  EXPECT_EQ(said.code, 3) << said.output << said.errors;
  EXPECT_TRUE(contains(said.errors, "may not touch it"));
  EXPECT_EQ(state_of(victim_.pid()), 'S');
  const std::string block = write("block.yaml",
                                  "scenario: block\n"
                                  "baseline: 300 ms\n"
                                  "steady_state:\n"
                                  "  - {name: there, file: {path: /etc/passwd, hash: false}}\n"
                                  "faults:\n"
                                  "  - network.block: {peer: 127.0.0.1, port: 9}\n"
                                  "    for: 1 s\n");
  const Said unsupported = squall({"run", block, "--plain"}, nobody);
  EXPECT_EQ(unsupported.code, 3) << unsupported.output << unsupported.errors;
  EXPECT_TRUE(contains(unsupported.output, "UNSUPPORTED"));
  EXPECT_TRUE(no_guardian_in(own));
}

// In a mount namespace of its own with a small disk, so that nobody else sees it.
void on_small_disk(const std::string& folder, const std::function<void()>& body) {
  ASSERT_TRUE(sys::make_folders(folder).ok());
  sys::in_new_namespaces(CLONE_NEWNS, [&] {
    CHECK(::mount("small", folder.c_str(), "tmpfs", 0, "size=2m,mode=0700") == 0, "a small disk");
    body();
    EXPECT_TRUE(eventually([&] { return ::umount2(folder.c_str(), 0) == 0; })) << "still in use";
  });
}

void fill(const std::string& folder) {
  const Result<sys::Fd> file = sys::open_file(folder + "/fill", O_WRONLY | O_CREAT);
  ASSERT_TRUE(file.ok());
  const std::string block(4096, 'x');
  while (::write(file->get(), block.data(), block.size()) > 0) {
  }
}

TEST_F(Runs, AReadOnlyStateFolderIsRefusedBeforeAnythingIsTouched) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount a disk";
  on_small_disk(state(), [&] {
    ASSERT_EQ(::mount(nullptr, state().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
    const Said said = squall({"run", pause_scenario(victim_.pid())});
    EXPECT_EQ(said.code, 3) << said.output << said.errors;
    EXPECT_TRUE(contains(said.errors, "Read-only file system"));
    EXPECT_TRUE(contains(said.errors, "--state"));
    const Said halt = squall({"halt"});
    EXPECT_NE(halt.code, 0);
    EXPECT_TRUE(contains(halt.errors, "refusing new runs"));
  });
  EXPECT_EQ(state_of(victim_.pid()), 'S');
}

TEST_F(Runs, WhatWasRunIsReadFromAReadOnlyStateFolder) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount a disk";
  on_small_disk(state(), [&] {
    const Said run = squall({"run", pause_scenario(victim_.pid()), "--json"});
    ASSERT_EQ(run.code, 0) << run.output << run.errors;
    ASSERT_TRUE(no_guardian_in(state()));
    // The guardian gives its lock back before its last file.
    ASSERT_TRUE(eventually([&] {
      return ::mount(nullptr, state().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
    }));
    for (const std::vector<std::string>& words : {std::vector<std::string>{"runs"},
                                                  {"show"},
                                                  {"report", "--format", "markdown"},
                                                  {"ledger", "verify"},
                                                  {"status"}}) {
      const Said said = squall(words);
      EXPECT_EQ(said.code, 0) << words[0] << ": " << said.errors;
      EXPECT_NE(said.output, "") << words[0];
    }
  });
}

TEST_F(Runs, AFullDiskStopsARunBeforeItsFault) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount a disk";
  on_small_disk(state(), [&] {
    fill(state());
    const Said said = squall({"run", pause_scenario(victim_.pid())});
    EXPECT_EQ(said.code, 6) << said.output << said.errors;
    EXPECT_TRUE(contains(said.output + said.errors, "No space left on device"));
    EXPECT_EQ(said.output.find("applied"), std::string::npos) << said.output;
    ASSERT_TRUE(sys::remove_file(state() + "/fill").ok());
    EXPECT_EQ(squall({"run", pause_scenario(victim_.pid())}).code, 0) << "once there is room";
    EXPECT_TRUE(no_guardian_in(state()));
  });
  EXPECT_EQ(state_of(victim_.pid()), 'S');
}

TEST_F(Runs, ADiskThatFillsUpDuringTheFaultEndsItAndUndoesIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount a disk";
  on_small_disk(state(), [&] {
    const auto run = long_run();
    fill(state());
    EXPECT_EQ(run->end(), 6) << run->output << run->errors;
    EXPECT_EQ(state_of(victim_.pid()), 'S');
    EXPECT_TRUE(contains(run->output + run->errors, "No space left on device"));
    ASSERT_TRUE(sys::remove_file(state() + "/fill").ok());
    EXPECT_TRUE(no_guardian_in(state()));
  });
}

}  // namespace
}  // namespace squall::cli
