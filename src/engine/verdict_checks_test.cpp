// The rules of the verdict that weigh samples, gates and clocks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/tale_test.h"
#include "engine/verdict.h"

namespace squall::engine {
namespace {

using scenario::Demand;
using testing::HasSubstr;

std::string all_reasons(const Verdict& verdict) {
  return join(verdict.reasons, "\n");
}

void expect(const Verdict& verdict, Outcome outcome, std::string_view reason) {
  EXPECT_EQ(outcome_name(verdict.outcome), outcome_name(outcome)) << all_reasons(verdict);
  EXPECT_THAT(all_reasons(verdict), HasSubstr(std::string(reason)));
}

void expect_interval(const std::optional<Interval>& at, std::int64_t after_ns, std::int64_t by_ns) {
  ASSERT_TRUE(at.has_value());
  EXPECT_EQ(at->after_ns, after_ns);
  EXPECT_EQ(at->by_ns, by_ns);
}

// --- steady again

TEST(SteadyCheck, IsRefutedWhenItNeverComesBack) {
  const Verdict verdict = judge(Tale::of({.broken_until_ms = 6000}).events);
  expect(verdict, Outcome::refuted,
         "the check ping was not steady again: still broken 3.95 s after the end of the "
         "fault (limit 1.5 s): connection refused");
  EXPECT_THAT(verdict.learnt,
              HasSubstr("After process.kill on redis-server (pid 4711), the check"));
}

TEST(SteadyCheck, IsRefutedWhenItComesBackTooLate) {
  expect(judge(Tale::of({.broken_until_ms = 4000}).events), Outcome::refuted,
         "the check ping was steady again only 1.95 to 2.01 s after the end of the fault, 0.45 to "
         "0.51 s past the limit of 1.5 s");
}

TEST(SteadyCheck, HoldsWhenItComesBackJustInTime) {
  EXPECT_EQ(judge(Tale::of({.broken_until_ms = 3450}).events).outcome, Outcome::held);
}

TEST(SteadyCheck, IsUnclearWhenItsReturnLiesAcrossTheLimit) {
  expect(judge(Tale::of({.broken_until_ms = 3500}).events), Outcome::inconclusive,
         "steady again 1.45 to 1.51 s after the end of the fault, which lies across the limit");
}

TEST(SteadyCheck, IsUnclearWhenTheWatchEndedBeforeTheLimit) {
  const Verdict verdict =
      judge(Tale::of({.broken_until_ms = 6000, .recover_within = seconds(10)}).events);
  expect(verdict, Outcome::inconclusive, "has 0 good samples after the fault");
}

TEST(SteadyCheck, IsUnclearWithoutThreeGoodSamplesAtTheEnd) {
  const Tale::Options options{.watched_until_ms = 3500, .broken_until_ms = 3400};
  expect(judge(Tale::of(options).events), Outcome::inconclusive,
         "has 2 good samples after the fault, 3 in a row show that it is steady: 1 more");
  const Tale::Options longer{.watched_until_ms = 3550, .broken_until_ms = 3400};
  EXPECT_EQ(judge(Tale::of(longer).events).outcome, Outcome::held);
}

TEST(SteadyCheck, NeedsTheEndOfTheRunToBeGood) {
  Tale tale = Tale::of({.broken_until_ms = 2200});
  tale.add(5951 * ms, "sample", sample("ping", 5949 * ms, false));
  tale.drop([](const Event& event) { return integer_at(event, "planned_ns") >= 5950 * ms; });
  expect(judge(tale.events), Outcome::refuted, "still broken 3.95 s after the end");
}

TEST(SteadyCheck, CountsTheLimitOfASpellFromItsEnd) {
  EXPECT_EQ(judge(Tale::of({.is_spell = true, .broken_until_ms = 5400}).events).outcome,
            Outcome::held);
  expect(judge(Tale::of({.is_spell = true, .broken_until_ms = 5700}).events), Outcome::refuted,
         "1.65 to 1.71 s after the end of the fault");
}

TEST(SteadyCheck, HasNoLimitWhenNoneIsGiven) {
  EXPECT_EQ(judge(Tale::of({.broken_until_ms = 5500, .recover_within = {}}).events).outcome,
            Outcome::held);
  expect(judge(Tale::of({.broken_until_ms = 6000, .recover_within = {}}).events), Outcome::refuted,
         "still broken 3.95 s after the end of the fault: connection refused");
}

// --- too few samples

TEST(SampleCount, IsInconclusiveWithAShortBaseline) {
  const Verdict verdict = judge(Tale::of({.strikes_at_ms = 400}).events);
  expect(verdict, Outcome::inconclusive,
         "the check ping has 8 samples before the fault, 10 are needed: 2 more (let the baseline "
         "last at least 550 ms, or probe more often)");
  EXPECT_THAT(verdict.learnt, HasSubstr("Too little was measured"));
}

TEST(SampleCount, SufficesWithTenBefore) {
  EXPECT_EQ(judge(Tale::of({.strikes_at_ms = 500}).events).outcome, Outcome::held);
}

TEST(SampleCount, IsInconclusiveWithAShortSpell) {
  expect(judge(Tale::of({.is_spell = true, .ends_at_ms = 2450}).events), Outcome::inconclusive,
         "has 9 samples while the fault was in force, 10 are needed: 1 more (let the fault last");
  EXPECT_EQ(judge(Tale::of({.is_spell = true, .ends_at_ms = 2500}).events).outcome, Outcome::held);
}

TEST(SampleCount, CountsTheRecoveryOfAnInstantFaultToo) {
  expect(judge(Tale::of({.watched_until_ms = 2450}).events), Outcome::inconclusive,
         "has 9 samples after the fault, 10 are needed: 1 more (watch the recovery for");
  EXPECT_EQ(judge(Tale::of({.watched_until_ms = 2500}).events).outcome, Outcome::held);
}

TEST(SampleCount, LeavesTaintedSamplesOut) {
  Tale tale = Tale::of({.broken_until_ms = 2250});
  tale.edit("sample", [](Event& event) {
    const std::int64_t at = integer_at(event, "planned_ns");
    event["tainted"] = at >= 2000 * ms && at < 2400 * ms;
  });
  const Verdict verdict = judge(tale.events);
  EXPECT_EQ(verdict.outcome, Outcome::held);
  EXPECT_EQ(verdict.checks.at(0).samples, 72);
  EXPECT_EQ(verdict.checks.at(0).tainted, 8);
  EXPECT_EQ(verdict.checks.at(0).bad, 0);
  tale.edit("sample", [](Event& event) { event["tainted"] = true; });
  expect(judge(tale.events), Outcome::inconclusive, "has 0 samples before the fault");
}

// --- always and never

TEST(AlwaysCheck, IsRefutedByOneBrokenSample) {
  const Tale::Options options{.broken_until_ms = 2050, .demand = Demand::always};
  expect(judge(Tale::of(options).events), Outcome::refuted,
         "the check ping must always hold, but broke in 1 of 80 samples, first 0 to 2 ms after the "
         "fault: connection refused");
}

TEST(AlwaysCheck, HoldsWithoutOne) {
  EXPECT_EQ(judge(Tale::of({.demand = Demand::always}).events).outcome, Outcome::held);
}

TEST(AlwaysCheck, IsNotAskedBeforeTheFaultNorAfterASpell) {
  const Tale::Options before{
      .is_spell = true, .broken_from_ms = 500, .broken_until_ms = 1000, .demand = Demand::always};
  EXPECT_EQ(judge(Tale::of(before).events).outcome, Outcome::held);
  const Tale::Options after{
      .is_spell = true, .broken_from_ms = 4000, .broken_until_ms = 4500, .demand = Demand::always};
  EXPECT_EQ(judge(Tale::of(after).events).outcome, Outcome::held);
  const Tale::Options within{
      .is_spell = true, .broken_from_ms = 3950, .broken_until_ms = 4500, .demand = Demand::always};
  EXPECT_EQ(judge(Tale::of(within).events).outcome, Outcome::refuted);
}

TEST(AlwaysCheck, NeedsSamplesToHold) {
  Tale tale = Tale::of({.demand = Demand::always});
  tale.drop([](const Event& event) { return integer_at(event, "planned_ns") >= 2000 * ms; });
  expect(judge(tale.events), Outcome::inconclusive, "has 0 samples after the fault");
}

TEST(NeverCheck, IsRefutedByOneSampleThatHolds) {
  // Broken throughout is what `never` wants; the last second of good samples is not.
  const Tale::Options options{
      .broken_from_ms = 0, .broken_until_ms = 5000, .demand = Demand::never};
  const Verdict verdict = judge(Tale::of(options).events);
  expect(
      verdict, Outcome::refuted,
      "the check ping must never hold, but held in 20 of 80 samples, first 3.000 to 3.002 s after");
  EXPECT_EQ(verdict.checks.at(0).bad, 20);
}

TEST(NeverCheck, HoldsWhileItDoesNot) {
  const Tale::Options options{
      .broken_from_ms = 0, .broken_until_ms = 6000, .demand = Demand::never};
  EXPECT_EQ(judge(Tale::of(options).events).outcome, Outcome::held);
}

// --- gates

Tale gated(scenario::Gate gate, bool is_met) {
  Tale tale = Tale::of({.broken_until_ms = 2250});
  tale.plan.checks.push_back({.name = "alert",
                              .probe = "http",
                              .every = milliseconds(100),
                              .demand = Demand::eventually,
                              .within = seconds(3),
                              .gate = gate});
  tale.settle_plan();
  tale.add(5000 * ms, "gate",
           {{"gate", scenario::gate_name(gate)},
            {"check", "alert"},
            {"met", is_met},
            {"within_ns", 3000 * ms},
            {"after_ns", 3200 * ms},
            {"by_ns", 3300 * ms},
            {"why", is_met ? "" : "no alert is firing"}});
  return tale;
}

TEST(Gate, IsRefutedWhenNobodyNoticed) {
  expect(judge(gated(scenario::Gate::detect, false).events), Outcome::refuted,
         "nobody noticed it within 3 s: the check alert was not met: no alert is firing");
}

TEST(Gate, IsRefutedWhenNothingHealed) {
  expect(judge(gated(scenario::Gate::heal, false).events), Outcome::refuted,
         "nothing healed it within 3 s: the check alert was not met");
}

TEST(Gate, TellsWhenItWasNoticed) {
  const Verdict verdict = judge(gated(scenario::Gate::detect, true).events);
  expect(verdict, Outcome::held, "the detect gate alert was met after 1.2 to 1.3 s (limit 3 s)");
  EXPECT_THAT(verdict.learnt, HasSubstr("; it was noticed after 1.2 to 1.3 s."));
  expect_interval(verdict.clocks.first_trigger, 3200 * ms, 3300 * ms);
  EXPECT_FALSE(verdict.clocks.healed.has_value());
  ASSERT_EQ(verdict.gates.size(), 1U);
  EXPECT_TRUE(verdict.gates[0].met);
}

TEST(Gate, TellsWhenItWasHealed) {
  const Verdict verdict = judge(gated(scenario::Gate::heal, true).events);
  EXPECT_THAT(verdict.learnt, HasSubstr("the target came back 0.20 to 0.26 s later"));
  EXPECT_THAT(verdict.learnt, HasSubstr("; it was healed after 1.2 to 1.3 s."));
  expect_interval(verdict.clocks.healed, 3200 * ms, 3300 * ms);
}

TEST(Gate, LeavesARunOpenThatItProvesNothingOf) {
  Tale tale = gated(scenario::Gate::detect, false);
  tale.edit("gate", [](Event& event) {
    event["proves_nothing"] = true;
    event["why"] = "the check was met already before the fault";
  });
  const Verdict verdict = judge(tale.events);
  expect(verdict, Outcome::inconclusive,
         "the detect gate alert proves nothing, the check was met already before the fault: nobody "
         "is shown to have noticed");
}

TEST(Gate, LeavesARunOpenWhoseHealingItDoesNotShow) {
  Tale tale = gated(scenario::Gate::heal, false);
  tale.edit("gate", [](Event& event) {
    event["proves_nothing"] = true;
    event["why"] = "the check was met before the fault and never broke";
  });
  const Verdict verdict = judge(tale.events);
  expect(verdict, Outcome::inconclusive,
         "the heal gate alert proves nothing, the check was met before the fault and never broke: "
         "nothing was healed");
  EXPECT_FALSE(verdict.clocks.healed.has_value());
}

TEST(Gate, IsContentWhereNothingHadToHeal) {
  Tale tale = gated(scenario::Gate::heal, false);
  tale.edit("gate", [](Event& event) { event["needless"] = true; });
  const Verdict verdict = judge(tale.events);
  expect(verdict, Outcome::held, "the heal gate alert had nothing to heal: nothing broke");
  EXPECT_FALSE(verdict.clocks.healed.has_value());
  EXPECT_EQ(verdict.learnt.find("it was healed"), std::string::npos);
}

TEST(Gate, IsInvalidWhenNeverJudged) {
  Tale tale = gated(scenario::Gate::detect, true);
  tale.drop("gate");
  expect(judge(tale.events), Outcome::invalid, "the detect gate alert was never judged");
}

// --- clocks

TEST(Clocks, AreIntervalsAroundEachInstant) {
  const Clocks clocks = judge(Tale::of({.is_spell = true, .broken_until_ms = 4050}).events).clocks;
  expect_interval(clocks.commanded, 2000 * ms, 2000 * ms);
  expect_interval(clocks.witnessed_on, 2000 * ms + 800'000, 2000 * ms + 1'300'000);
  expect_interval(clocks.first_harm, 1950 * ms, 2002 * ms);
  expect_interval(clocks.commanded_off, 4000 * ms, 4000 * ms);
  expect_interval(clocks.witnessed_off, 4000 * ms + 500'000, 4001 * ms);
  expect_interval(clocks.steady_again, 4000 * ms, 4052 * ms);
  EXPECT_FALSE(clocks.first_trigger.has_value());
  EXPECT_FALSE(clocks.healed.has_value());
}

TEST(Clocks, TakeTheFirstTimeAFaultWasToldToEnd) {
  Tale tale = Tale::of({.is_spell = true});
  tale.add(5000 * ms, "revert_commanded", {{"fault", "process.pause"}});
  expect_interval(judge(tale.events).clocks.commanded_off, 4000 * ms, 4000 * ms);
}

TEST(Clocks, LeaveTheEndOfAnInstantFaultOpen) {
  const Clocks clocks = judge(Tale::of({.broken_until_ms = 2250}).events).clocks;
  EXPECT_FALSE(clocks.commanded_off.has_value());
  EXPECT_FALSE(clocks.witnessed_off.has_value());
  expect_interval(clocks.steady_again, 2200 * ms, 2252 * ms);
}

TEST(Clocks, TakeTheFirstBrokenAnswerRatherThanTheFirstBrokenQuestion) {
  // The probe of 2000 ms hangs until its timeout; the one of 2050 ms is refused at once.
  Tale tale = Tale::of({.broken_until_ms = 2250});
  tale.edit("sample", [](Event& event) {
    if (integer_at(event, "planned_ns") == 2000 * ms) event["done_ns"] = 2100 * ms;
  });
  expect_interval(judge(tale.events).clocks.first_harm, 1950 * ms, 2052 * ms);
}

TEST(Clocks, ArePutOffByATaintedSample) {
  Tale tale = Tale::of({.broken_until_ms = 2250});
  tale.edit("sample", [](Event& event) {
    const std::int64_t at = integer_at(event, "planned_ns");
    event["tainted"] = at == 1950 * ms || at == 2250 * ms;
  });
  const Clocks clocks = judge(tale.events).clocks;
  expect_interval(clocks.first_harm, 1900 * ms, 2002 * ms);
  expect_interval(clocks.steady_again, 2200 * ms, 2302 * ms);
}

TEST(Clocks, WaitForTheLastOfSeveralChecks) {
  Tale tale = Tale::of({.broken_until_ms = 2250});
  scenario::PlannedCheck second = tale.plan.checks.front();
  second.name = "web";
  tale.plan.checks.push_back(second);
  tale.settle_plan();
  for (std::int64_t at = 25 * ms; at < 6000 * ms; at += 50 * ms) {
    tale.add(at + 2 * ms, "sample", sample("web", at, at < 2100 * ms || at > 2800 * ms));
  }
  const Verdict verdict = judge(tale.events);
  EXPECT_EQ(verdict.outcome, Outcome::held) << all_reasons(verdict);
  expect_interval(verdict.clocks.first_harm, 1950 * ms, 2002 * ms);
  expect_interval(verdict.clocks.steady_again, 2775 * ms, 2827 * ms);
  EXPECT_THAT(verdict.learnt, HasSubstr("the check web failed"));
}

// --- summaries

TEST(CheckSummary, MeasuresLatencyFromThePlannedInstant) {
  Tale tale = Tale::of({});
  tale.edit("sample", [](Event& event) {
    const std::int64_t at = integer_at(event, "planned_ns");
    if (at == 3000 * ms) event["done_ns"] = at + 90 * ms;
    if (at == 3050 * ms) event["sent_ns"] = at + 38 * ms;  // sent late, answered fast
    if (at == 3050 * ms) event["done_ns"] = at + 40 * ms;
  });
  const CheckSummary summary = judge(tale.events).checks.at(0);
  EXPECT_DOUBLE_EQ(summary.latency_p50_ms, 2);
  EXPECT_DOUBLE_EQ(summary.latency_p90_ms, 2);
  EXPECT_DOUBLE_EQ(summary.latency_p99_ms, 90);
  EXPECT_DOUBLE_EQ(summary.latency_max_ms, 90);
  EXPECT_EQ(summary.floor, milliseconds(150));
  EXPECT_EQ(summary.demand, "steady");
}

TEST(CheckSummary, TakesNoLatencyFromATargetThatDidNotAnswer) {
  Tale tale = Tale::of({.broken_until_ms = 2250});
  tale.edit("sample", [](Event& event) {
    if (!bool_at(event, "good")) event["done_ns"] = integer_at(event, "planned_ns") + 100 * ms;
  });
  EXPECT_DOUBLE_EQ(judge(tale.events).checks.at(0).latency_max_ms, 2);
}

TEST(CheckSummary, LeavesOutChecksThatOnlyGate) {
  EXPECT_EQ(judge(gated(scenario::Gate::detect, true).events).checks.size(), 1U);
}

}  // namespace
}  // namespace squall::engine
