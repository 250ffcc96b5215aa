// The program as a whole, where nothing is touched: documents, words, lists.
#include <sys/stat.h>

#include "cli/program_test.h"

namespace squall::cli {
namespace {

class Documents : public ProgramTest {};

TEST_F(Documents, CheckTellsEveryMistakeAtOnceWithItsPlace) {
  const std::string path = write("wrong.yaml",
                                 "scenario: wrong\n"
                                 "baseline: 3\n"
                                 "steady_state:\n"
                                 "  - {name: there, flie: {path: /etc/passwd}}\n"
                                 "faults:\n"
                                 "  - process.puase: {select: {pid: 1}}\n"
                                 "    for: 2 m\n");
  const Said said = squall({"check", path});
  EXPECT_EQ(said.code, 2);
  EXPECT_EQ(said.output, "");
  EXPECT_TRUE(contains(said.errors, path + ":2:11: "));
  EXPECT_TRUE(contains(said.errors, "has no unit"));
  EXPECT_TRUE(contains(said.errors, path + ":4:"));
  EXPECT_TRUE(contains(said.errors, "did you mean \"file\"?"));
  EXPECT_TRUE(contains(said.errors, path + ":6:5: "));
  EXPECT_TRUE(contains(said.errors, "did you mean \"process.pause\"?"));
  EXPECT_TRUE(contains(said.errors, "nothing was touched"));
}

TEST_F(Documents, RunRefusesWhatCheckRefusesAndMakesNoState) {
  const std::string path = write("wrong.yaml", "scenario: [\n");
  const Said said = squall({"run", path});
  EXPECT_EQ(said.code, 2);
  EXPECT_TRUE(contains(said.errors, path + ":"));
  EXPECT_FALSE(sys::exists(state()));
}

TEST_F(Documents, AFolderIsNoScenario) {
  const Said said = squall({"run", file("")});
  EXPECT_EQ(said.code, 2);
  EXPECT_TRUE(contains(said.errors, "Is a directory"));
}

TEST_F(Documents, CheckGoesOnToTheNextFileAndSaysThePlanOfTheSoundOnes) {
  const std::string sound = pause_scenario(::getpid());
  const Said said = squall({"check", file("absent.yaml"), sound});
  EXPECT_EQ(said.code, 2);
  EXPECT_TRUE(contains(said.errors, "absent.yaml"));
  EXPECT_TRUE(contains(said.errors, "No such file"));
  EXPECT_TRUE(contains(said.output, sound + ": sound, plan "));
}

TEST_F(Documents, ALaterTargetMapWinsAndASettingWinsOverAll) {
  const std::string path = write("map.yaml",
                                 "scenario: map\n"
                                 "steady_state:\n"
                                 "  - {name: there, file: {path: \"${where.file}\"}}\n"
                                 "faults:\n"
                                 "  - process.pause: {select: {name: \"${who}\"}}\n"
                                 "    for: 1 s\n");
  const std::string first = write("a.yaml", "targets: {where: {file: /a, more: 1}, who: redis}\n");
  const std::string second = write("b.yaml", "targets: {where: {file: /b}}\n");
  const Said said = squall(
      {"explain", path, "--json", "--targets", first, "--targets", second, "--set", "who=nginx"});
  EXPECT_TRUE(contains(said.output, "path: /b"));
  EXPECT_TRUE(contains(said.output, "name: nginx"));
  const Said without = squall({"check", path, "--targets", second});
  EXPECT_EQ(without.code, 2);
  EXPECT_TRUE(contains(without.errors, "unknown reference \"who\""));
}

TEST_F(Documents, ExplainSaysEachChangeAndItsUndoAndTouchesNothing) {
  const sys::Child victim;
  const Said said = squall({"explain", pause_scenario(victim.pid())});
  EXPECT_EQ(said.code, 0) << said.errors;
  EXPECT_TRUE(contains(said.output, "stop process " + std::to_string(victim.pid())));
  EXPECT_TRUE(contains(said.output, "continue process " + std::to_string(victim.pid())));
  EXPECT_TRUE(contains(said.output, "Nothing was touched."));
  EXPECT_FALSE(sys::exists(state()));
  const Said as_json = squall({"explain", "--json", pause_scenario(victim.pid())});
  const Result<json::value> parsed = parse_json(as_json.output);
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(bool_at(parsed->as_object(), "possible"));
}

TEST_F(Documents, ADryRunSaysTheSameAndEndsWithWhatIsPossible) {
  const sys::Child victim;
  const Said possible = squall({"run", "--dry-run", pause_scenario(victim.pid())});
  EXPECT_EQ(possible.code, 0);
  EXPECT_TRUE(contains(possible.output, "Everything named here is possible on this host."));
  const Said impossible = squall({"run", "--dry-run", pause_scenario(4'000'000)});
  EXPECT_EQ(impossible.code, 3);
  EXPECT_TRUE(contains(impossible.output, "NOT POSSIBLE ON THIS HOST"));
  EXPECT_FALSE(sys::exists(state()));
}

TEST_F(Documents, FaultsAreListedWithWhatThisHostCanDo) {
  const Said all = squall({"faults"});
  EXPECT_EQ(all.code, 0);
  EXPECT_TRUE(contains(all.output, "process.pause"));
  const Said one = squall({"faults", "process.pause"});
  EXPECT_EQ(one.code, 0);
  EXPECT_TRUE(contains(one.output, "How it is undone"));
  const Said wrong = squall({"faults", "process.puase"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_TRUE(contains(wrong.errors, "did you mean process.pause?"));
  const Said machine = squall({"faults", "--json"});
  const Result<json::value> parsed = parse_json(machine.output);
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(bool_at(parsed->as_array().at(0).as_object(), "available"));
}

TEST_F(Documents, SomebodyWithoutRightsIsToldWhatIsMissing) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  ProgramOptions nobody = in(file("nobody"));
  nobody.user = 65534;
  const Said said = squall({"faults"}, nobody);
  if (said.code == 126) GTEST_SKIP() << "others may not read the build folder";
  EXPECT_EQ(said.code, 0);
  EXPECT_TRUE(contains(said.output, "Not possible here"));
  EXPECT_TRUE(contains(said.output, "network.block: "));
  EXPECT_TRUE(contains(said.output, "sudo"));
}

TEST_F(Documents, ProbesAreListedWithWhatTheyMeasure) {
  const Said all = squall({"probes"});
  EXPECT_EQ(all.code, 0);
  EXPECT_TRUE(contains(all.output, "latency"));
  const Said one = squall({"probes", "http"});
  EXPECT_EQ(one.code, 0);
  EXPECT_TRUE(contains(one.output, "status"));
  const Said wrong = squall({"probes", "htpp"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_TRUE(contains(wrong.errors, "did you mean http?"));
}

TEST_F(Documents, TheSchemaIsOneJsonDocument) {
  const Said said = squall({"schema"});
  EXPECT_EQ(said.code, 0);
  const Result<json::value> parsed = parse_json(said.output);
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(contains(text_at(parsed->as_object(), "$schema"), "json-schema.org"));
}

TEST_F(Documents, CompletionsAreMadeForTheWholeProgram) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Said said = squall({"completion", shell});
    EXPECT_EQ(said.code, 0);
    EXPECT_TRUE(contains(said.output, "recover"));
  }
  EXPECT_EQ(squall({"completion", "tcsh"}).code, 2);
}

TEST_F(Documents, CheckRefusesARampThatIsLongerThanItsFault) {
  const auto with_ramp = [&](const std::string& ramp) {
    return squall({"check", write("ramp.yaml",
                                  "scenario: ramp\n"
                                  "steady_state:\n"
                                  "  - {name: there, file: {path: /etc/passwd}}\n"
                                  "faults:\n"
                                  "  - memory.fill: {size: 1 MiB, ramp: " +
                                      ramp + "}\n    for: 2 s\n")});
  };
  EXPECT_EQ(with_ramp("2 s").code, 0);
  const Said longer = with_ramp("3 s");
  EXPECT_EQ(longer.code, 2);
  EXPECT_TRUE(contains(longer.errors, "the ramp of 3 s is longer than the fault, which lasts 2 s"));
}

TEST_F(Documents, ASilentPipeDoesNotHoldTheProgram) {
  ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
  const Said said = squall({"check", file("pipe")});
  EXPECT_EQ(said.code, 2);
  EXPECT_TRUE(contains(said.errors, "is a pipe to which nobody wrote"));
}

TEST_F(Documents, WhatIsProtectedButNotThereIsTold) {
  const std::string map = write("map.yaml", "targets: {a: 1}\nprotect: [/no/such/folder]\n");
  for (const char* command : {"check", "explain"}) {
    const Said said = squall({command, pause_scenario(::getpid()), "--targets", map});
    EXPECT_TRUE(contains(said.errors, "note: ")) << command;
    EXPECT_TRUE(contains(said.errors, "protects /no/such/folder, which is not there")) << command;
  }
}

TEST_F(Documents, AnAnswerThatCannotBeWrittenIsNoSuccess) {
  ProgramOptions full = in(state());
  full.output_to = "/dev/full";
  const std::string sound = pause_scenario(::getpid());
  for (const std::vector<std::string>& words : {std::vector<std::string>{"faults"},
                                                {"check", sound},
                                                {"schema"},
                                                {"run", "--help"},
                                                {"--version"},
                                                {"probes", "--json"},
                                                {"runs"},
                                                {"status"}}) {
    const Said said = squall(words, full);
    EXPECT_EQ(said.code, 6) << words[0];
    EXPECT_TRUE(contains(said.errors, "No space left on device")) << words[0];
    EXPECT_TRUE(contains(said.errors, "next: ")) << words[0];
  }
  EXPECT_EQ(squall({"check", file("absent.yaml")}, full).code, 2) << "what was wrong is told first";
}

TEST_F(Documents, TheVersionTakesNothingElse) {
  for (const char* word : {"--version", "-V", "version"}) {
    const Said said = squall({word, "extra"});
    EXPECT_EQ(said.code, 2) << word;
    EXPECT_EQ(said.output, "");
    EXPECT_TRUE(contains(said.errors, "\"extra\"")) << word;
  }
}

// In 20 ms, or, where the host is slow, in twice as many starts of a small program as on a fast
// one.
TEST_F(Documents, TheVersionComesAtOnce) {
  const auto best_of = [](const std::function<void()>& start) {
    Duration best = seconds(10);
    for (int i = 0; i < 20; ++i) {
      const Duration from = sys::monotonic_now();
      start();
      best = std::min(best, sys::monotonic_now() - from);
    }
    return best;
  };
  const Duration version = best_of([&] {
    const Said said = squall({"--version"});
    EXPECT_EQ(said.code, 0);
    EXPECT_TRUE(said.output.starts_with("squall "));
  });
  const Duration other = best_of([] { EXPECT_EQ(squall({}, {.program = "/bin/true"}).code, 0); });
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(version, std::max(milliseconds(20), other * 40))
      << render(version) << ", " << render(other);
#endif
}

}  // namespace
}  // namespace squall::cli
