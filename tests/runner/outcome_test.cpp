// The runner's reading of what tests say: nothing that went wrong may be counted as passed.
#include "runner/outcome.h"

#include <csignal>

#include <gtest/gtest.h>

namespace squall::runner {
namespace {

const Ending success{};

std::vector<std::string> names(const std::vector<Case>& cases, Case::State state) {
  std::vector<std::string> found;
  for (const Case& one : cases) {
    if (one.state == state) found.push_back(one.name);
  }
  return found;
}

using Names = std::vector<std::string>;

TEST(RunnerReport, CountsPassedFailedAndSkippedCases) {
  const std::string report = R"({"testsuites": [{"testsuite": [
      {"name": "Good", "classname": "A", "result": "COMPLETED", "time": "1.5s"},
      {"name": "Bad", "classname": "A", "result": "COMPLETED", "time": "0s",
       "failures": [{"failure": "../../a.cpp:1\nnot equal"}]},
      {"name": "DISABLED_Off", "classname": "A", "result": "SUPPRESSED", "time": "0s"},
      {"name": "Left", "classname": "A", "result": "SKIPPED", "time": "0s"}]}]})";
  const std::string log =
      "[ RUN      ] A.Left\n../../a.cpp:9: Skipped\nneeds root\n[  SKIPPED ] A.Left (0 ms)\n";
  const std::vector<Case> cases =
      read_cases({Format::googletest, report, log}, {.kind = Ending::Kind::exited, .code = 1});
  EXPECT_EQ(names(cases, Case::State::passed), Names{"A.Good"});
  EXPECT_EQ(names(cases, Case::State::failed), Names{"A.Bad"});
  EXPECT_EQ(names(cases, Case::State::skipped), Names{"A.Left"});
  EXPECT_EQ(cases[0].seconds, 1.5);
  EXPECT_EQ(cases[1].detail, "a.cpp:1\nnot equal\n");
  EXPECT_EQ(cases[2].detail, "a.cpp:9: Skipped\nneeds root");
}

TEST(RunnerReport, BlamesTheCaseInWhichAProgramDied) {
  const std::string log =
      "[ RUN      ] A.Good\n[       OK ] A.Good (0 ms)\n[ RUN      ] A.Dies\nlast words\n";
  const std::vector<Case> cases =
      read_cases({Format::googletest, "", log}, {.kind = Ending::Kind::killed, .code = SIGSEGV});
  EXPECT_EQ(names(cases, Case::State::passed), Names{"A.Good"});
  EXPECT_EQ(names(cases, Case::State::failed), Names{"A.Dies"});
  EXPECT_NE(cases[1].detail.find("killed by SIGSEGV"), std::string::npos);
  EXPECT_NE(cases[1].detail.find("last words"), std::string::npos);
}

TEST(RunnerReport, FailsAProgramThatEndsBadlyAfterItsLastCase) {
  const std::string report = R"({"testsuites": [{"testsuite": [
      {"name": "Good", "classname": "A", "result": "COMPLETED", "time": "0s"}]}]})";
  const std::vector<Case> cases = read_cases({Format::googletest, report, "a leak\n"},
                                             {.kind = Ending::Kind::exited, .code = 23});
  EXPECT_EQ(names(cases, Case::State::failed), Names{"the program as a whole"});
}

TEST(RunnerReport, FailsAProgramThatRanNothing) {
  const std::vector<Case> cases =
      read_cases({Format::googletest, R"({"testsuites": []})", ""}, success);
  EXPECT_EQ(names(cases, Case::State::failed), Names{"the program as a whole"});
  EXPECT_EQ(names(read_cases({Format::sentences, "", "hello\n"}, success), Case::State::failed),
            Names{"the program as a whole"});
}

TEST(RunnerReport, FailsAProgramThatLeavesProcessesBehind) {
  Ending ending;
  ending.left_behind = {"squall-holder (pid 7)"};
  const std::vector<Case> cases = read_cases({Format::sentences, "", "ok - one\n"}, ending);
  EXPECT_EQ(names(cases, Case::State::failed), Names{"nothing is left behind"});
  EXPECT_NE(cases[1].detail.find("squall-holder (pid 7)"), std::string::npos);
}

TEST(RunnerSentences, CountsEachLineAndShowsWhatWasSaidBefore) {
  const std::vector<Case> cases =
      read_cases({Format::sentences, "", "ok - a\nwrong: 3\nnot ok - b\nok - c\n"},
                 {.kind = Ending::Kind::exited, .code = 1});
  EXPECT_EQ(names(cases, Case::State::passed), (Names{"a", "c"}));
  EXPECT_EQ(names(cases, Case::State::failed), Names{"b"});
  EXPECT_EQ(cases[1].detail, "wrong: 3\n");
}

TEST(RunnerSentences, ReadsASkipWithItsReason) {
  const std::vector<Case> cases = read_cases({Format::sentences, "", "skip - needs nginx\n"},
                                             {.kind = Ending::Kind::exited, .code = 77});
  ASSERT_EQ(cases.size(), 1u);
  EXPECT_EQ(cases[0].state, Case::State::skipped);
  EXPECT_EQ(cases[0].detail, "needs nginx");
}

TEST(RunnerSentences, BlamesTheCorpusFileOnWhichAReplayDied) {
  const std::string log = "replaying good\nok - good\nreplaying evil\nAddressSanitizer: boom\n";
  const std::vector<Case> cases =
      read_cases({Format::sentences, "", log}, {.kind = Ending::Kind::killed, .code = SIGABRT});
  EXPECT_EQ(names(cases, Case::State::passed), Names{"good"});
  EXPECT_EQ(names(cases, Case::State::failed), Names{"evil"});
  EXPECT_NE(cases[1].detail.find("boom"), std::string::npos);
}

TEST(RunnerSkips, FailUnlessTheListExpectsThem) {
  const std::vector<ExpectedSkip> expected = read_expected_skips("# why\nA.*V2  no cgroup2 here\n");
  std::vector<Case> cases = {{"A.NeedsV2", Case::State::skipped, "no cgroup2"},
                             {"A.NeedsRoot", Case::State::skipped, "needs root"}};
  judge_skips(cases, expected, true);
  EXPECT_EQ(cases[0].state, Case::State::skipped);
  EXPECT_EQ(cases[1].state, Case::State::failed);
  EXPECT_NE(cases[1].detail.find("expected_skips.txt"), std::string::npos);
}

TEST(RunnerSkips, AreExpectedWithoutRootWhenRootIsTheReason) {
  std::vector<Case> cases = {{"A.NeedsRoot", Case::State::skipped, "needs root"},
                             {"A.Other", Case::State::skipped, "no disk"}};
  judge_skips(cases, {}, false);
  EXPECT_EQ(cases[0].state, Case::State::skipped);
  EXPECT_EQ(cases[1].state, Case::State::failed);
}

TEST(RunnerSkips, MayNotOutliveTheirTestOrLackAReason) {
  const std::vector<ExpectedSkip> expected = read_expected_skips("A.Gone  was here\nA.Here\n");
  const std::vector<Case> stale =
      stale_skips(expected, {{"A.Here", Case::State::skipped, "because"}});
  ASSERT_EQ(stale.size(), 2u);
  EXPECT_EQ(stale[0].name, "tests/expected_skips.txt:1");
  EXPECT_NE(stale[1].detail.find("no reason"), std::string::npos);
}

TEST(RunnerSkips, PatternsMatchWholeNames) {
  EXPECT_TRUE(matches("A.B", "A.B"));
  EXPECT_TRUE(matches("A.*", "A.B"));
  EXPECT_TRUE(matches("*V2*", "A.NeedsV2Too"));
  EXPECT_FALSE(matches("A.B", "A.BC"));
  EXPECT_FALSE(matches("A.*C", "A.B"));
}

}  // namespace
}  // namespace squall::runner
