#include "engine/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/tale_test.h"

namespace squall::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string all_reasons(const Verdict& verdict) {
  return join(verdict.reasons, "\n");
}

void expect(const Verdict& verdict, Outcome outcome, std::string_view reason) {
  EXPECT_EQ(outcome_name(verdict.outcome), outcome_name(outcome)) << all_reasons(verdict);
  ASSERT_FALSE(verdict.reasons.empty());
  EXPECT_THAT(verdict.reasons.front(), HasSubstr(std::string(reason)));
}

Tale kill() {
  return Tale::of({.broken_until_ms = 2250});
}
Tale pause() {
  return Tale::of({.is_spell = true, .broken_until_ms = 4050});
}

TEST(Verdict, HoldsAKillThatIsHealed) {
  const Verdict verdict = judge(kill().events);
  expect(verdict, Outcome::held, "the steady check ping: 5 of 80 samples broken, so harm < 13 %");
  EXPECT_TRUE(verdict.restored);
  EXPECT_EQ(verdict.learnt,
            "After process.kill on redis-server (pid 4711) the target came back by itself 0.20 to "
            "0.26 s later; 5 of 80 samples of the check ping failed meanwhile (at most 13 %).");
}

TEST(Verdict, HoldsAPauseThatIsOver) {
  const Verdict verdict = judge(pause().events);
  expect(verdict, Outcome::held, "41 of 80 samples");
  EXPECT_THAT(verdict.learnt, HasSubstr("came back 0 to 52 ms after the fault ended"));
}

TEST(Verdict, BoundsTheHarmWhenNoneWasSeen) {
  const Verdict verdict = judge(Tale::of({}).events);
  expect(verdict, Outcome::held, "0 of 80 samples broken, so harm < 3.8 %");
  EXPECT_DOUBLE_EQ(verdict.checks.at(0).harm_bound, 3.0 / 80);
  EXPECT_THAT(verdict.learnt, HasSubstr("did no harm that was seen: none of 80 samples"));
  EXPECT_FALSE(verdict.clocks.first_harm.has_value());
  EXPECT_FALSE(verdict.clocks.steady_again.has_value());
}

TEST(Verdict, SaysWhenTheTargetAdaptedWhileTheFaultLasted) {
  const Verdict verdict = judge(Tale::of({.is_spell = true, .broken_until_ms = 2500}).events);
  expect(verdict, Outcome::held, "10 of 80");
  EXPECT_THAT(verdict.learnt, HasSubstr("while it still lasted"));
}

// --- ended before its time

// The pause of two seconds is seen to end 51 ms after it was commanded.
Tale cut_short() {
  Tale tale = pause();
  tale.edit("witnessed", [](Event& event) {
    if (text_at(event, "edge") != "off") return;
    event["after_ns"] = 2050 * ms;
    event["by_ns"] = 2051 * ms;
  });
  return tale;
}

TEST(Verdict, IsInvalidWhenAFaultEndedBeforeItsTime) {
  expect(judge(cut_short().events), Outcome::invalid,
         "was in force for 50 to 51 ms of 2 s, then something else ended it: the witness "
         "process.stopped saw pid 4711 runs");
}

TEST(Verdict, HoldsWhenAFaultEndedWithItsVictim) {
  Tale tale = cut_short();
  tale.edit("witnessed", [](Event& event) { event["victim_ended"] = true; });
  EXPECT_EQ(judge(tale.events).outcome, Outcome::held);
}

TEST(Verdict, IsInvalidWhenAFaultCameAndWent) {
  Tale tale = pause();
  tale.add(4002 * ms, "dose",
           {{"fault", "process.pause"},
            {"witness", "process.stopped"},
            {"looks", 100},
            {"on_looks", 49},
            {"steady", true}});
  expect(judge(tale.events), Outcome::invalid, "saw it in 49 of 100 looks only");
  tale.edit("dose", [](Event& event) { event["steady"] = false; });
  EXPECT_EQ(judge(tale.events).outcome, Outcome::held);
}

// --- aborted and unsupported

TEST(Verdict, AbortsARunThatEndsInTheMiddle) {
  Tale tale = kill();
  tale.drop([](const Event& event) { return integer_at(event, "t_ns") > 3000 * ms; });
  const Verdict verdict = judge(tale.events);
  expect(verdict, Outcome::aborted, "the runner died in the phase \"recovery\", 2.952 s into");
  EXPECT_FALSE(verdict.restored);
  EXPECT_THAT(verdict.learnt, HasSubstr("it is not shown that the host was restored"));
}

TEST(Verdict, AbortsAnEmptyTimeline) {
  expect(judge({}), Outcome::aborted, "before its first phase");
}

TEST(Verdict, TakesARunThatEndedForComplete) {
  Tale tale = kill();
  tale.drop([](const Event& event) { return text_at(event, "phase") == "verdict"; });
  tale.add(6010 * ms, "run_ended", {{"verdict", "held"}});
  EXPECT_EQ(judge(tale.events).outcome, Outcome::held);
}

TEST(Verdict, IsUnsupportedWhenANeedIsNotMet) {
  Tale tale = kill();
  tale.edit("need", [](Event& event) {
    event["met"] = false;
    event["reason"] = "run as root";
  });
  tale.drop([](const Event& event) {
    return integer_at(event, "t_ns") > 4 && text_at(event, "phase") != "verdict";
  });
  const Verdict verdict = judge(tale.events);
  expect(verdict, Outcome::unsupported, "needs leave to signal other processes");
  EXPECT_THAT(verdict.learnt, HasSubstr("Nothing was touched: "));
  EXPECT_THAT(verdict.learnt, HasSubstr("run as root"));
}

Tale refused_tale(std::string_view code) {
  Tale tale = kill();
  tale.drop("change_applied");
  tale.drop("witnessed");
  tale.add(2001 * ms, "change_refused",
           {{"fault", "process.kill"},
            {"kind", "process.kill"},
            {"code", code},
            {"message", "pid 1 is protected"},
            {"next", "choose another target"}});
  return tale;
}

TEST(Verdict, AbortsWhenAChangeIsRefused) {
  for (const char* code : {"refused", "conflict", "not_found", "failed"}) {
    expect(judge(refused_tale(code).events), Outcome::aborted,
           "pid 1 is protected; choose another target");
  }
}

TEST(Verdict, IsUnsupportedWhenAChangeIsNotPossibleHere) {
  expect(judge(refused_tale("unsupported").events), Outcome::unsupported, "pid 1 is protected");
}

TEST(Verdict, AbortsForEveryReasonToStop) {
  const std::vector<std::pair<std::string, std::string>> words = {
      {"condition", "a stop condition was met"},     {"operator", "the operator ended the run"},
      {"lost_lease", "the lease on the changes"},    {"halted", "everything was halted"},
      {"head_room", "the host came too near to"},    {"timeline", "the timeline could not be"},
      {"whatever", "the run was stopped (whatever)"}};
  for (const auto& [reason, said] : words) {
    Tale tale = kill();
    tale.add(2500 * ms, "stop", {{"reason", reason}, {"text", "error_rate > 20 %"}});
    const Verdict verdict = judge(tale.events);
    expect(verdict, Outcome::aborted, said);
    EXPECT_THAT(verdict.reasons.front(), HasSubstr(", after 2.500 s: error_rate > 20 %"));
    EXPECT_TRUE(verdict.restored);
    EXPECT_THAT(verdict.learnt, Not(HasSubstr("restored")));
  }
}

TEST(Verdict, SaysThatTheHostIsNotAsBeforeEvenWhenAborted) {
  Tale tale = pause();
  tale.add(2500 * ms, "stop", {{"reason", "operator"}, {"text", ""}});
  tale.drop("change_reverted");
  const Verdict verdict = judge(tale.events);
  expect(verdict, Outcome::aborted, "the operator ended the run");
  EXPECT_THAT(all_reasons(verdict), HasSubstr("signal.stop of process.pause is not known to be"));
  EXPECT_FALSE(verdict.restored);
}

TEST(Verdict, AbortsWhenTheSteadyStateDidNotHoldBefore) {
  Tale tale = Tale::of({.broken_from_ms = 500, .broken_until_ms = 600});
  for (const char* name : {"fault_commanded", "change_applied", "witnessed"}) tale.drop(name);
  tale.drop([](const Event& event) {
    return text_at(event, "event") == "sample" && integer_at(event, "t_ns") > 700 * ms;
  });
  expect(judge(tale.events), Outcome::aborted,
         "the steady state did not hold before the fault, so nothing was injected: the check ping "
         "broke in 2 of 14 samples: connection refused");
}

TEST(Verdict, AbortsWhenTheSteadyStateWasNotMeasuredBefore) {
  Tale tale = Tale::of({});
  for (const char* name : {"fault_commanded", "change_applied", "witnessed", "sample"}) {
    tale.drop(name);
  }
  expect(judge(tale.events), Outcome::aborted, "the check ping has no sample that counts");
}

TEST(Verdict, IsInvalidWhenStruckAlthoughTheBaselineWasBroken) {
  expect(judge(Tale::of({.broken_from_ms = 500, .broken_until_ms = 600}).events), Outcome::invalid,
         "the check ping was already broken in 2 of 40 samples before the fault");
}

TEST(Verdict, LaysASampleUnderWayAtTheStrikeToTheFault) {
  Tale tale = kill();
  tale.add(2100 * ms, "sample", sample("ping", 1990 * ms, false, 100 * ms));
  tale.add(2003 * ms, "sample", sample("ping", 1995 * ms, true, 10 * ms));
  const Verdict verdict = judge(tale.events);
  EXPECT_EQ(verdict.outcome, Outcome::held) << all_reasons(verdict);
  EXPECT_EQ(verdict.checks.at(0).samples, 81);  // the good one counts for neither side
  EXPECT_EQ(verdict.checks.at(0).bad, 6);
}

// --- invalid

TEST(Verdict, IsInvalidWhenTheWitnessSawNothing) {
  Tale tale = kill();
  tale.drop("witnessed");
  tale.add(3000 * ms, "unwitnessed",
           {{"fault", "process.kill"},
            {"strike", 0},
            {"witness", "process.ended"},
            {"edge", "on"},
            {"message", "pid 4711 is alive after 1 s"}});
  const Verdict verdict = judge(tale.events);
  expect(verdict, Outcome::invalid,
         "process.kill on redis-server (pid 4711) did not bite: the witness process.ended never "
         "saw it (pid 4711 is alive after 1 s)");
  EXPECT_THAT(verdict.learnt, HasSubstr("Nothing was learnt about the target: process.kill"));
}

TEST(Verdict, IsInvalidWhenOneOfTwoWitnessesSawNothing) {
  Tale tale = kill();
  tale.add(3000 * ms, "unwitnessed",
           {{"fault", "process.kill"}, {"strike", 0}, {"witness", "other"}, {"edge", "on"}});
  expect(judge(tale.events), Outcome::invalid, "the witness other never saw it");
}

TEST(Verdict, IsInvalidWhenNoWitnessLooked) {
  Tale tale = kill();
  tale.drop("witnessed");
  expect(judge(tale.events), Outcome::invalid, "no witness looked at process.kill on redis-server");
}

TEST(Verdict, IsInvalidWhenTheSecondStrikeIsUnwitnessed) {
  Tale tale = kill();
  tale.add(2500 * ms, "fault_commanded",
           {{"fault", "process.kill"}, {"kind", "process.kill"}, {"strike", 1}, {"target", "x"}});
  expect(judge(tale.events), Outcome::invalid, "no witness looked at process.kill on x (strike 2)");
}

TEST(Verdict, IsInvalidWhenAPlannedFaultNeverStruck) {
  Tale tale = kill();
  tale.plan.faults.push_back({.id = "cpu.burn", .kind = "cpu.burn"});
  tale.settle_plan();
  expect(judge(tale.events), Outcome::invalid, "cpu.burn never struck");
}

TEST(Verdict, IsInvalidWithoutAPlan) {
  Tale tale = kill();
  tale.edit("run_started", [](Event& event) { event["plan"] = json::object{{"name", 3}}; });
  expect(judge(tale.events), Outcome::invalid, "no plan to judge by");
}

TEST(Verdict, IsInvalidWhenAChangeWasLost) {
  Tale tale = pause();
  tale.add(3000 * ms, "change_lost",
           {{"fault", "process.pause"}, {"change", 1}, {"message", "its holder was killed"}});
  expect(judge(tale.events), Outcome::invalid, "lost before its time: its holder was killed");
}

TEST(Verdict, IsInvalidWhenAChangeWasNotUndone) {
  Tale tale = pause();
  tale.drop("change_reverted");
  const Verdict verdict = judge(tale.events);
  expect(verdict, Outcome::invalid, "not known to be undone; to undo: continues pid 4711");
  EXPECT_FALSE(verdict.restored);
}

TEST(Verdict, TakesEveryGoodEndingForAnUndo) {
  for (const char* ending : {"restored", "was_absent", "gone"}) {
    Tale tale = pause();
    tale.edit("change_reverted", [&](Event& event) { event["ending"] = ending; });
    EXPECT_EQ(judge(tale.events).outcome, Outcome::held) << ending;
  }
}

TEST(Verdict, IsInvalidWhenAThirdPartyChangedItMeanwhile) {
  Tale tale = pause();
  tale.edit("change_reverted", [](Event& event) {
    event["ending"] = "foreign";
    event["detail"] = "the value is 7";
  });
  expect(judge(tale.events), Outcome::invalid,
         "was not restored by squall, a third party changed it meanwhile: the value is 7");
}

TEST(Verdict, TellsTheChangesOfTwoFaultsApart) {
  Tale tale = pause();
  tale.add(2001 * ms, "change_applied",
           {{"fault", "other"}, {"change", 1}, {"kind", "file"}, {"keeping", "journaled"}});
  expect(judge(tale.events), Outcome::invalid, "the change file of other is not known");
}

TEST(Verdict, IsInvalidWhenTheFingerprintDiffers) {
  Tale tale = kill();
  tale.edit("fingerprint", [](Event& event) {
    if (text_at(event, "moment") != "after") return;
    event["digest"] = "bb22";
    event["differences"] = {"route added: 10.0.0.0/8"};
  });
  const Verdict verdict = judge(tale.events);
  expect(verdict, Outcome::invalid, "the host is not as before: route added: 10.0.0.0/8");
  EXPECT_FALSE(verdict.restored);
}

// The digest names a state. What ends by itself (a process that somebody else had stopped, and that
// died) changes it too, and is no difference that anybody left behind.
TEST(Verdict, DoesNotJudgeByTheDigestOfTheFingerprint) {
  Tale tale = kill();
  tale.edit("fingerprint", [](Event& event) {
    if (text_at(event, "moment") == "after") event["digest"] = "bb22";
  });
  EXPECT_NE(judge(tale.events).outcome, Outcome::invalid);
}

TEST(Verdict, IsInvalidWithoutAFingerprintOfEitherMoment) {
  for (const std::string moment : {"before", "after"}) {
    Tale tale = kill();
    tale.drop([&](const Event& event) { return text_at(event, "moment") == moment; });
    expect(judge(tale.events), Outcome::invalid,
           "no fingerprint of the host was taken " + moment + " the run");
  }
}

TEST(Verdict, ShortensALongListOfDifferences) {
  Tale tale = kill();
  tale.edit("fingerprint", [](Event& event) {
    json::array many;
    for (int i = 0; i < 12; ++i) many.emplace_back("difference " + std::to_string(i));
    if (text_at(event, "moment") == "after") event["differences"] = many;
  });
  EXPECT_EQ(judge(tale.events).reasons.back(), "the host differs in 7 more places");
}

TEST(Verdict, IsInvalidWhenTheToolDisturbedItsMeasurement) {
  Tale tale = kill();
  tale.add(3000 * ms, "disturbed", {{"message", "31 % of the samples were late"}});
  expect(judge(tale.events), Outcome::invalid,
         "squall disturbed its own measurement: 31 % of the samples were late");
}

TEST(Verdict, AsksForNoEndOfWhatHasNone) {
  Tale tale = pause();
  tale.drop([](const Event& event) { return text_at(event, "edge") == "off"; });
  tale.edit("witnessed", [](Event& event) { event["has_end"] = false; });
  EXPECT_NE(judge(tale.events).outcome, Outcome::invalid);
}

TEST(Verdict, IsInvalidWhenTheEndWasNotSeen) {
  Tale tale = pause();
  tale.drop([](const Event& event) { return text_at(event, "edge") == "off"; });
  expect(judge(tale.events), Outcome::invalid, "was never asked whether process.pause");
  tale.add(5000 * ms, "unwitnessed",
           {{"fault", "process.pause"},
            {"strike", 0},
            {"witness", "process.stopped"},
            {"edge", "off"},
            {"message", "state T"}});
  expect(judge(tale.events), Outcome::invalid, "still sees it (state T)");
}

TEST(Verdict, IsInvalidWhenTheEndWasSeenForOneOfTwoVictims) {
  Tale tale = pause();
  const json::object edge = {{"fault", "process.pause"},
                             {"strike", 0},
                             {"witness", "process.stopped"},
                             {"after_ns", 2000 * ms},
                             {"by_ns", 2001 * ms}};
  json::object on = edge;
  on["edge"] = "on";
  tale.add(2002 * ms, "witnessed", on);
  expect(judge(tale.events), Outcome::invalid, "was never asked whether process.pause");
  json::object off = edge;
  off["edge"] = "off";
  off["after_ns"] = 4000 * ms;
  off["by_ns"] = 4001 * ms;
  tale.add(4002 * ms, "witnessed", off);
  EXPECT_EQ(judge(tale.events).outcome, Outcome::held);
}

TEST(Verdict, AsksForNoEndOfAFaultThatEndsByItself) {
  Tale tale = kill();
  EXPECT_TRUE(std::none_of(tale.events.begin(), tale.events.end(),
                           [](const Event& event) { return text_at(event, "edge") == "off"; }));
  EXPECT_EQ(judge(tale.events).outcome, Outcome::held);
}

TEST(Verdict, CountsTheReturnFromTheFirstStrikeWhenTheLastDidNoHarm) {
  Tale tale = Tale::of({.broken_until_ms = 2250, .recover_within = seconds(3)});
  tale.add(3000 * ms, "fault_commanded",
           {{"fault", "process.kill"}, {"kind", "process.kill"}, {"strike", 1}, {"target", "x"}});
  tale.add(3002 * ms, "witnessed",
           {{"fault", "process.kill"}, {"strike", 1}, {"witness", "w"}, {"edge", "on"}});
  const Verdict verdict = judge(tale.events);
  EXPECT_EQ(verdict.outcome, Outcome::held) << all_reasons(verdict);
  EXPECT_THAT(verdict.learnt, HasSubstr("was steady again 0.20 to 0.26 s after the first strike"));
}

// --- several findings, and hostile text

TEST(Verdict, NamesEveryFindingOfItsOutcomeAndNoOther) {
  Tale tale = Tale::of({.broken_until_ms = 6000});  // would be refuted
  tale.drop("witnessed");
  tale.add(3000 * ms, "disturbed", {{"message", "late"}});
  EXPECT_THAT(judge(tale.events).reasons,
              ElementsAre(HasSubstr("no witness looked"), HasSubstr("disturbed its own")));
}

TEST(Verdict, MakesHostileTextPrintable) {
  Tale tale = kill();
  tale.add(2500 * ms, "stop", {{"reason", "operator"}, {"text", "\x1b[2Jgone\n\x07"}});
  const Verdict verdict = judge(tale.events);
  EXPECT_THAT(verdict.reasons.front(), HasSubstr("?[2Jgone??"));
  EXPECT_THAT(verdict.learnt, Not(HasSubstr("\x1b")));
}

TEST(Verdict, SurvivesEventsWithoutAnyMember) {
  for (const char* name : {"run_started",
                           "phase",
                           "need",
                           "sample",
                           "gauge",
                           "fault_commanded",
                           "change_applied",
                           "change_refused",
                           "witnessed",
                           "unwitnessed",
                           "dose",
                           "revert_commanded",
                           "change_reverted",
                           "change_lost",
                           "gate",
                           "stop",
                           "fingerprint",
                           "disturbed",
                           "note",
                           "run_ended",
                           "?"}) {
    Tale tale = pause();
    tale.add(2500 * ms, name, {});
    EXPECT_FALSE(judge(tale.events).reasons.empty()) << name;
    EXPECT_FALSE(judge({json::object{{"event", name}}}).reasons.empty()) << name;
  }
}

TEST(Verdict, SurvivesTimesAtTheEndOfTheirRange) {
  Tale tale = pause();
  tale.edit("sample", [](Event& event) {
    event["planned_ns"] = INT64_MIN;
    event["done_ns"] = INT64_MAX;
  });
  tale.edit("witnessed", [](Event& event) { event["by_ns"] = INT64_MIN; });
  EXPECT_FALSE(judge(tale.events).learnt.empty());
}

TEST(Verdict, CanBeNamedAndReadBack) {
  for (const Outcome outcome : {Outcome::held, Outcome::refuted, Outcome::invalid,
                                Outcome::inconclusive, Outcome::aborted, Outcome::unsupported}) {
    EXPECT_EQ(outcome_from_name(outcome_name(outcome)), outcome);
  }
  EXPECT_FALSE(outcome_from_name("passed").has_value());
  EXPECT_EQ(exit_code(Outcome::held), 0);
  EXPECT_EQ(exit_code(Outcome::refuted), 1);
  EXPECT_EQ(exit_code(Outcome::invalid), 4);
  EXPECT_EQ(exit_code(Outcome::inconclusive), 5);
  EXPECT_EQ(exit_code(Outcome::aborted), 6);
  EXPECT_EQ(exit_code(Outcome::unsupported), 3);
}

TEST(Verdict, BecomesJson) {
  const json::object object = to_json(judge(kill().events));
  EXPECT_EQ(text_at(object, "outcome"), "held");
  EXPECT_EQ(integer_at(object, "exit_code", -1), 0);
  EXPECT_TRUE(bool_at(object, "restored"));
  EXPECT_EQ(object_at(object, "clocks")->size(), 8U);
  EXPECT_EQ(array_at(object, "checks")->size(), 1U);
}

}  // namespace
}  // namespace squall::engine
