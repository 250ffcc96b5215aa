#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/drills_test.h"
#include "report/looks_test.h"
#include "report/odd_drills_test.h"
#include "report/report.h"

namespace squall::report {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string page(const Tale& tale) {
  return html(tale.events, engine::judge(tale.events));
}

TEST(Html, IsWholeForEveryDrill) {
  for (const Tale& tale : {redis_drill(), refuted_drill(), invalid_drill(), aborted_drill(),
                           unsupported_drill(), hostile_drill(), long_drill(), Tale()}) {
    EXPECT_EQ(first_broken_tag(page(tale)), "");
  }
}

TEST(Html, LoadsNothingAndRunsNothing) {
  for (const Tale& tale : {redis_drill(), hostile_drill()}) {
    const std::string text = page(tale);
    for (const char* loader : {"<script", " src=", " href=", "url(", "@import", "<link", "<img",
                               "<iframe", " onload", "javascript:"}) {
      EXPECT_THAT(text, Not(HasSubstr(loader)));
    }
    EXPECT_THAT(text, HasSubstr("Content-Security-Policy\" content=\"default-src 'none'"));
  }
}

TEST(Html, EscapesEveryHostileText) {
  const std::string text = page(hostile_drill());
  EXPECT_EQ(count_of(text, "<script>"), 0U);
  EXPECT_GT(count_of(text, "&lt;script&gt;"), 20U);
  EXPECT_FALSE(has_control_characters(text));
  EXPECT_EQ(count_of(text, "</title>"), count_of(text, "<title>"));
}

TEST(Html, SaysTheVerdictInWordsAndWhatWasLearnt) {
  const std::string text = page(refuted_drill());
  EXPECT_THAT(text, HasSubstr("<span class=\"word\">refuted</span>"));
  EXPECT_THAT(text, HasSubstr("class=\"card top tone-refuted\""));
  EXPECT_THAT(text, HasSubstr("After process.kill on redis-server (pid 4711), the check ping was "
                              "not steady again"));
}

TEST(Html, HasATableForEachPart) {
  const std::string text = page(redis_drill());
  for (const char* heading :
       {"Timeline", "Clocks", "Gates", "Checks, from the fault on",
        "Faults, and how they were undone", "The host afterwards", "This run"}) {
    EXPECT_THAT(text, HasSubstr(std::string("<h2>") + heading + "</h2>"));
  }
  EXPECT_THAT(text, HasSubstr("squall run redis-kill.yaml --seed 7"));
  EXPECT_THAT(text, HasSubstr("processes: 1, seen in 1 of 1 look"));
  EXPECT_THAT(text, HasSubstr("asked: select (unit redis.service, pick one), signal SIGKILL"));
  EXPECT_THAT(text, HasSubstr("100 ms + 500 ms timeout (front page)"));
  EXPECT_THAT(text, HasSubstr("its fingerprints are equal"));
}

TEST(Html, SaysHowToMakeTheRunAgain) {
  Tale drill = redis_drill();
  for (engine::Event& event : drill.events) {
    if (text_at(event, "event") != "run_started") continue;
    event["file"] = "drills/a b.yaml";
    event["arguments"] = json::array{"--targets", "t.yaml", "--set", "x=y z"};
  }
  EXPECT_THAT(page(drill), HasSubstr("squall run &#39;drills/a b.yaml&#39; --targets t.yaml --set "
                                     "&#39;x=y z&#39; --seed 7"));
}

TEST(Html, TellsHowEachChangeEnded) {
  const std::string text = page(invalid_drill());
  EXPECT_THAT(text, HasSubstr("<td class=\"yes-text\">restored, at 4.001 s</td>"));
  EXPECT_THAT(text, HasSubstr("<td class=\"no-text\">left as a third party made it, at 3.502 s "
                              "(nice is 5)</td>"));
  EXPECT_THAT(text, HasSubstr("<li>process limit of pid 4711: 1024 became 512</li>"));
  EXPECT_THAT(text, HasSubstr("<td class=\"no-text\">did not see it begin</td>"));
  EXPECT_THAT(page(redis_drill()), HasSubstr("<td class=\"soft\">cannot be undone</td>"));
}

TEST(Html, PlotsNothingForARunThatEndedAtItsGates) {
  const std::string text = page(unsupported_drill());
  EXPECT_THAT(text, Not(HasSubstr("<svg")));
  EXPECT_THAT(text, HasSubstr("This host cannot do what the scenario asks."));
}

TEST(Html, FollowsLightAndDark) {
  EXPECT_THAT(page(redis_drill()), HasSubstr("@media (prefers-color-scheme: dark)"));
}

// The interval of the return begins with the last broken sample, which was sent before the end.
TEST(Html, CountsTheReturnFromTheEndUnlessItCameBefore) {
  const Tale::Options at_the_end{
      .is_spell = true, .every = milliseconds(30), .broken_until_ms = 4010};
  EXPECT_THAT(page(Tale::of(at_the_end)), HasSubstr("<td>0 to 22 ms after the end</td>"));
  EXPECT_THAT(page(Tale::of({.is_spell = true, .broken_until_ms = 2500})),
              HasSubstr("<td>0.45 to 0.51 s after the command</td>"));
}

TEST(Html, SaysThatDurationsWereScaled) {
  Tale tale = redis_drill();
  tale.plan.time_scale = 0.1;
  tale.settle_plan();
  EXPECT_THAT(page(tale), HasSubstr("<dt>time scale</dt><dd>0.1: the author&#39;s durations"));
  EXPECT_THAT(page(tale), HasSubstr("--seed 7 --time-scale 0.1"));
}

TEST(Html, IsTheSameForTheSameRun) {
  EXPECT_EQ(page(redis_drill()), page(redis_drill()));
}

}  // namespace
}  // namespace squall::report
