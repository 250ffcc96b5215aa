// Whole runs on real processes and files, through a real guardian.
#include "engine/engine.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <semaphore>
#include <thread>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"
#include "guardian/state.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::engine {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "engine-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    environment_ = {&fault::catalogue(), &probe::catalogue(), &witness::catalogue(), {}};
    environment_.guardian = {.state_folder = folder_,
                             .program = std::string(SQUALL_BINARY_DIR) + "/squall-guardian",
                             .policy_file = folder_ + "/policy",
                             .idle_limit = milliseconds(300)};
    file_ = folder_ + "/target";
    ASSERT_TRUE(sys::write_file_durably(file_, "the target's content").ok());
    other_file_ = folder_ + ".target";
    ASSERT_TRUE(sys::write_file_durably(other_file_, "another target's content").ok());
    options_.run_id = "test-run";
    options_.timeline_path = folder_ + "/timeline.jsonl";
    plan_ = make_plan();
  }
  void TearDown() override {
    const Duration deadline = sys::monotonic_now() + seconds(10);
    while (guardian::is_state_locked(folder_) && sys::monotonic_now() < deadline) {
      sys::sleep_until(sys::monotonic_now() + milliseconds(5));
    }
    EXPECT_FALSE(guardian::is_state_locked(folder_)) << "a guardian stays";
    std::filesystem::remove_all(folder_);
    std::filesystem::remove(other_file_);
  }

  scenario::PlannedCheck file_check(const std::string& name, scenario::Demand demand) const {
    scenario::PlannedCheck check;
    check.name = name;
    check.probe = "file";
    check.params = {{"path", file_}};
    check.expect = json::object{{"exists", true}};
    check.every = milliseconds(20);
    check.timeout = milliseconds(200);
    check.demand = demand;
    return check;
  }
  scenario::PlannedFault pause(Duration lasts) const {
    scenario::PlannedFault fault;
    fault.id = "process.pause";
    fault.kind = "process.pause";
    fault.params = {{"select", {{"pid", victim_.id().pid}}}};
    fault.lasts = lasts;
    return fault;
  }
  scenario::PlannedFault kill() const {
    scenario::PlannedFault fault;
    fault.id = "process.kill";
    fault.kind = "process.kill";
    fault.params = {{"select", {{"pid", victim_.id().pid}}}};
    return fault;
  }
  scenario::PlannedFault permissions(Duration at) const {
    scenario::PlannedFault fault;
    fault.id = "permissions";
    fault.kind = "file.permissions";
    fault.params = {{"path", other_file_}, {"mode", "0640"}};
    fault.at = at;
    fault.lasts = milliseconds(300);
    return fault;
  }
  // From now on the witness of permissions() opens only when may_open_ is released, or too late.
  void hold_opening(std::function<void()> when_it_opens) {
    const witness::Kind* kind = witness::find(witness::catalogue(), "file.mode");
    ASSERT_NE(kind, nullptr);
    slow_kind_ = *kind;
    slow_kind_.open = [this, kind, when_it_opens](const json::object& params) {
      when_it_opens();
      static_cast<void>(may_open_.try_acquire_for(std::chrono::seconds(3)));
      return kind->open(params);
    };
    witnesses_ = witness::catalogue();
    std::replace(witnesses_.begin(), witnesses_.end(), kind,
                 static_cast<const witness::Kind*>(&slow_kind_));
    environment_.witnesses = &witnesses_;
  }
  scenario::Plan make_plan() const {
    scenario::Plan plan;
    plan.name = "engine-test";
    plan.title = "A test of the engine";
    plan.seed = 7;
    plan.baseline = milliseconds(400);
    plan.recover_within = seconds(2);
    plan.checks = {file_check("file", scenario::Demand::steady)};
    plan.faults = {pause(milliseconds(400))};
    return plan;
  }
  Verdict run() {
    Result<RunResult> result = engine::run(plan_, environment_, options_);
    if (!result.ok()) {
      ADD_FAILURE() << result.error().render();
      return {};
    }
    timeline_ = result->timeline;
    return result->verdict;
  }
  bool has_event(std::string_view name, std::string_view key = "",
                 std::string_view value = "") const {
    for (const Event& event : timeline_) {
      if (text_at(event, "event") == name && (key.empty() || text_at(event, key) == value))
        return true;
    }
    return false;
  }
  // Runs `act` from the observer once, when the fault was both applied and witnessed.
  void when_witnessed(std::function<void()> act) {
    options_.observer = [act = std::move(act), left = 2](const Event& event) mutable {
      const std::string name = text_at(event, "event");
      if ((name == "witnessed" || name == "change_applied") && --left == 0) act();
    };
  }
  bool victim_is_stopped() const {
    const Result<sys::Process> process = sys::read_process(victim_.id().pid);
    return process.ok() && process->state == 'T';
  }

  std::string folder_;
  std::string file_;
  std::string other_file_;  // outside of the state folder, which no fault may touch
  sys::Child victim_;
  Environment environment_;
  RunOptions options_;
  scenario::Plan plan_;
  std::vector<Event> timeline_;
  witness::Kind slow_kind_;
  witness::Catalogue witnesses_;
  std::counting_semaphore<> may_open_{0};
};

TEST_F(EngineTest, HoldsWhenTheTargetStaysSteady) {
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::held) << join(verdict.reasons, "; ");
  EXPECT_TRUE(has_event("witnessed", "edge", "on"));
  EXPECT_TRUE(has_event("witnessed", "edge", "off"));
  EXPECT_TRUE(has_event("change_reverted", "ending", "restored"));
  EXPECT_TRUE(verdict.restored);
  EXPECT_FALSE(victim_is_stopped());
  EXPECT_FALSE(verdict.learnt.empty());
}

TEST_F(EngineTest, WaitsForTheTenSamplesOfABaseline) {
  plan_.baseline = milliseconds(120);  // about six samples
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::held) << join(verdict.reasons, "; ");
}

TEST_F(EngineTest, WaitsForThemNoLongerThanTwiceTheBaseline) {
  plan_.baseline = milliseconds(50);
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::inconclusive) << join(verdict.reasons, "; ");
  ASSERT_FALSE(verdict.reasons.empty());
  EXPECT_THAT(verdict.reasons[0], HasSubstr("let the baseline last"));
}

TEST_F(EngineTest, WritesTheSameTimelineThatItJudges) {
  run();
  const Result<std::vector<Event>> read = read_timeline(options_.timeline_path);
  ASSERT_TRUE(read.ok()) << read.error().render();
  EXPECT_EQ(read->size(), timeline_.size());
}

TEST_F(EngineTest, OrdersTheClocks) {
  const Verdict verdict = run();
  ASSERT_TRUE(verdict.clocks.commanded && verdict.clocks.witnessed_on &&
              verdict.clocks.commanded_off && verdict.clocks.witnessed_off);
  EXPECT_LE(verdict.clocks.commanded->by_ns, verdict.clocks.witnessed_on->by_ns);
  EXPECT_LE(verdict.clocks.witnessed_on->by_ns, verdict.clocks.commanded_off->by_ns);
  EXPECT_LE(verdict.clocks.commanded_off->by_ns, verdict.clocks.witnessed_off->by_ns);
}

TEST_F(EngineTest, RefutesWhenNobodyHeals) {
  plan_.faults = {kill()};
  plan_.accept_irreversible = "it is a child of this test";
  plan_.recover_within = milliseconds(600);
  scenario::PlannedCheck alive = file_check("alive", scenario::Demand::steady);
  alive.probe = "process";
  alive.params = {{"select", {{"pid", victim_.id().pid}}}};
  alive.expect = json::object{{"count", 1}};
  plan_.checks = {alive};
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::refuted) << join(verdict.reasons, "; ");
}

TEST_F(EngineTest, RefusesWhatCannotBeUndoneUnlessItIsAccepted) {
  plan_.faults = {kill()};
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::unsupported) << join(verdict.reasons, "; ");
  EXPECT_TRUE(has_event("change_refused", "code", "refused"));
  EXPECT_TRUE(sys::is_alive(victim_.id()));
}

TEST_F(EngineTest, BeginsNothingWhenALaterFaultWillBeRefused) {
  scenario::PlannedFault second = pause(milliseconds(100));
  second.id = "second";
  second.at = milliseconds(200);
  plan_.faults.push_back(second);
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::unsupported) << join(verdict.reasons, "; ");
  ASSERT_FALSE(verdict.reasons.empty());
  EXPECT_THAT(verdict.reasons[0], HasSubstr("another fault of this run"));
  EXPECT_TRUE(has_event("change_refused", "fault", "second"));
  EXPECT_FALSE(has_event("phase", "phase", "baseline"));
  EXPECT_FALSE(has_event("change_applied"));
}

TEST_F(EngineTest, IsInvalidWhenSomebodyEndsTheFaultBeforeItsTime) {
  plan_.faults = {pause(milliseconds(800))};
  when_witnessed([this] { ::kill(static_cast<pid_t>(victim_.id().pid), SIGCONT); });
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::invalid) << join(verdict.reasons, "; ");
  ASSERT_FALSE(verdict.reasons.empty());
  EXPECT_THAT(verdict.reasons[0], HasSubstr("then something else ended it"));
  ASSERT_TRUE(verdict.clocks.witnessed_off && verdict.clocks.commanded_off);
  EXPECT_LT(verdict.clocks.witnessed_off->by_ns, verdict.clocks.commanded_off->by_ns);
  EXPECT_TRUE(verdict.restored);
}

TEST_F(EngineTest, TakesAnEarlyEndForTheHealingThatWasAskedFor) {
  plan_.faults = {pause(milliseconds(800))};
  scenario::PlannedCheck gate = file_check("woken", scenario::Demand::eventually);
  gate.params = {{"path", folder_ + "/woken"}};
  gate.gate = scenario::Gate::heal;
  gate.within = seconds(5);
  plan_.checks.push_back(gate);
  when_witnessed([this] {
    ::kill(static_cast<pid_t>(victim_.id().pid), SIGCONT);
    static_cast<void>(sys::write_file_durably(folder_ + "/woken", "by the healer").ok());
  });
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::held) << join(verdict.reasons, "; ");
  EXPECT_THAT(join(verdict.reasons, "; "), HasSubstr("then something else ended it"));
}

TEST_F(EngineTest, TakesTheDeathOfItsVictimForNoEarlyEnd) {
  when_witnessed([this] { ::kill(static_cast<pid_t>(victim_.id().pid), SIGKILL); });
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::held) << join(verdict.reasons, "; ");
  ASSERT_TRUE(verdict.clocks.witnessed_off && verdict.clocks.commanded_off);
  EXPECT_LT(verdict.clocks.witnessed_off->by_ns, verdict.clocks.commanded_off->by_ns);
}

TEST_F(EngineTest, IsInvalidWhenTheInjectorDoesNothing) {
  environment_.guardian.program = std::string(SQUALL_BINARY_DIR) + "/squall-guardian-noop";
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::invalid);
  EXPECT_TRUE(has_event("unwitnessed", "edge", "on"));
}

TEST_F(EngineTest, EndsWithoutHealingWhatNeverBit) {
  environment_.guardian.program = std::string(SQUALL_BINARY_DIR) + "/squall-guardian-noop";
  scenario::PlannedCheck gate = file_check("back", scenario::Demand::eventually);
  gate.gate = scenario::Gate::heal;
  gate.within = milliseconds(300);
  plan_.checks.push_back(gate);
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::invalid) << join(verdict.reasons, "; ");
}

TEST_F(EngineTest, InjectsNothingWhenTheBaselineDoesNotHold) {
  ASSERT_TRUE(sys::remove_file(file_).ok());
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::aborted);
  EXPECT_FALSE(has_event("change_applied"));
}

TEST_F(EngineTest, RefutesWhenSomethingThatMustHoldBreaks) {
  plan_.checks.push_back(file_check("always", scenario::Demand::always));
  when_witnessed([this] { static_cast<void>(sys::remove_file(file_).ok()); });
  plan_.recover_within = milliseconds(500);
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::refuted) << join(verdict.reasons, "; ");
  ASSERT_FALSE(verdict.reasons.empty());
}

TEST_F(EngineTest, StopsAndUndoesWhenAConditionIsBreached) {
  plan_.faults = {pause(seconds(30))};
  plan_.stops = {{.text = "failing file",
                  .metric = "failing",
                  .check = "file",
                  .comparison = ">=",
                  .threshold = 1}};
  when_witnessed([this] { static_cast<void>(sys::remove_file(file_).ok()); });
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::aborted);
  EXPECT_TRUE(has_event("stop", "reason", "condition"));
  EXPECT_TRUE(has_event("witnessed", "edge", "off"));
  EXPECT_FALSE(victim_is_stopped());
}

TEST_F(EngineTest, EndsAndUndoesWhenTheOperatorAsksForIt) {
  plan_.faults = {pause(seconds(30))};
  std::stop_source operator_stop;
  options_.stop = operator_stop.get_token();
  when_witnessed([&] { operator_stop.request_stop(); });
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::aborted);
  EXPECT_TRUE(has_event("stop", "reason", "operator"));
  EXPECT_FALSE(victim_is_stopped());
}

TEST_F(EngineTest, HearsTheOperatorWhileAWitnessOpens) {
  plan_.faults = {pause(seconds(30)), permissions(milliseconds(100))};
  std::stop_source operator_stop;
  options_.stop = operator_stop.get_token();
  hold_opening([&] { operator_stop.request_stop(); });
  options_.observer = [this](const Event& event) {
    if (text_at(event, "event") == "change_reverted") may_open_.release();
  };
  EXPECT_EQ(run().outcome, Outcome::aborted);
  EXPECT_TRUE(has_event("change_reverted", "fault", "process.pause"));
  EXPECT_FALSE(has_event("fault_commanded", "fault", "permissions"));
  EXPECT_FALSE(victim_is_stopped());
}

TEST_F(EngineTest, EndsOtherFaultsWhileAWitnessOpens) {
  plan_.faults = {pause(milliseconds(400)), permissions(milliseconds(100))};
  hold_opening([] {});
  options_.observer = [this](const Event& event) {
    const bool is_end = text_at(event, "event") == "revert_commanded";
    if (is_end && text_at(event, "fault") == "process.pause") may_open_.release();
  };
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::held) << join(verdict.reasons, "; ");
  std::int64_t struck_ns = 0;
  std::int64_t ended_ns = 0;
  for (const Event& event : timeline_) {
    if (text_at(event, "fault") != "permissions") continue;
    if (text_at(event, "event") == "fault_commanded") struck_ns = integer_at(event, "t_ns");
    if (text_at(event, "event") == "revert_commanded") ended_ns = integer_at(event, "t_ns");
  }
  EXPECT_GE(ended_ns - struck_ns, plan_.faults[1].lasts.nanoseconds)
      << "late, and as long as asked";
  EXPECT_TRUE(has_event("note"));
}

TEST_F(EngineTest, EndsAndUndoesWhenEverythingIsHalted) {
  plan_.faults = {pause(seconds(30))};
  when_witnessed([this] { static_cast<void>(guardian::raise_stop(folder_, "drill over").ok()); });
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::aborted);
  EXPECT_TRUE(has_event("stop", "reason", "halted"));
  EXPECT_FALSE(victim_is_stopped());
}

TEST_F(EngineTest, EndsAndUndoesWhenTheGuardianIsKilled) {
  plan_.faults = {pause(seconds(30))};
  when_witnessed([this] {
    Result<guardian::Client> client = guardian::Client::connect(folder_);
    ASSERT_TRUE(client.ok());
    const json::object status = client->call({{"request", "status"}}).value();
    ::kill(static_cast<pid_t>(integer_at(status, "guardian_pid")), SIGKILL);
  });
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::aborted);
  EXPECT_TRUE(has_event("stop", "reason", "lost_lease"));
  EXPECT_FALSE(victim_is_stopped());
  EXPECT_TRUE(verdict.restored) << join(verdict.reasons, "; ");
}

TEST_F(EngineTest, IsInvalidWhenItsVictimStaysStopped) {
  options_.observer = [this](const Event& event) {
    if (text_at(event, "event") == "change_reverted")
      ::kill(static_cast<pid_t>(victim_.id().pid), SIGSTOP);
  };
  const Verdict verdict = run();
  ::kill(static_cast<pid_t>(victim_.id().pid), SIGCONT);
  EXPECT_EQ(verdict.outcome, Outcome::invalid) << join(verdict.reasons, "; ");
  EXPECT_FALSE(verdict.restored);
}

TEST_F(EngineTest, NotesWhatSomebodyElseStoppedMeanwhile) {
  const sys::Child other;
  options_.observer = [&](const Event& event) {
    if (text_at(event, "event") == "change_reverted")
      ::kill(static_cast<pid_t>(other.id().pid), SIGSTOP);
  };
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::held) << join(verdict.reasons, "; ");
  EXPECT_TRUE(verdict.restored);
  const std::string pid = fmt::format("process {} ", other.id().pid);
  const bool is_noted = std::any_of(timeline_.begin(), timeline_.end(), [&](const Event& event) {
    return text_at(event, "event") == "note" &&
           text_at(event, "message").find("somebody else changed the host meanwhile: " + pid) !=
               std::string::npos;
  });
  EXPECT_TRUE(is_noted);
}

TEST_F(EngineTest, SaysSoWhenTheTargetDiesFirst) {
  const sys::ProcessId id = victim_.id();
  const Result<sys::Fd> pidfd = sys::open_process(id);
  ASSERT_TRUE(pidfd.ok());
  options_.observer = [&](const Event& event) {
    if (text_at(event, "phase") == "fault") {
      ASSERT_TRUE(sys::send_signal(*pidfd, SIGKILL).ok());
      ASSERT_TRUE(sys::wait_for_end(*pidfd, seconds(5)));
    }
  };
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::aborted);
  EXPECT_TRUE(has_event("change_refused", "code", "not_found"));
  EXPECT_FALSE(has_event("unwitnessed")) << "it was refused, and not unseen";
}

TEST_F(EngineTest, HealsOnlyWhatBroke) {
  scenario::PlannedCheck gate = file_check("back", scenario::Demand::eventually);
  gate.probe = "process";
  gate.params = {{"select", {{"pid", victim_.id().pid}}}};
  gate.expect = json::object{{"state", "!= stopped"}};
  gate.gate = scenario::Gate::heal;
  gate.within = seconds(5);
  plan_.checks.push_back(gate);
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::held) << join(verdict.reasons, "; ");
  ASSERT_EQ(verdict.gates.size(), 1U);
  EXPECT_TRUE(verdict.gates[0].met);
  EXPECT_GE(verdict.gates[0].at.by_ns, verdict.clocks.commanded_off->by_ns);
}

TEST_F(EngineTest, SaysThatNothingHadToHealWhenNothingBroke) {
  scenario::PlannedCheck gate = file_check("back", scenario::Demand::eventually);
  gate.gate = scenario::Gate::heal;
  gate.within = seconds(5);
  plan_.checks.push_back(gate);
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::held) << join(verdict.reasons, "; ");
  ASSERT_EQ(verdict.gates.size(), 1U);
  EXPECT_TRUE(verdict.gates[0].needless);
  EXPECT_THAT(verdict.reasons, Contains(HasSubstr("had nothing to heal")));
  EXPECT_THAT(verdict.reasons, Each(Not(HasSubstr("was met after"))));
  EXPECT_FALSE(verdict.clocks.healed.has_value());
  EXPECT_EQ(verdict.learnt.find("it was healed"), std::string::npos);
}

TEST_F(EngineTest, SaysThatAGateProvesNothingWhenOnlyOthersBroke) {
  scenario::PlannedCheck runs = file_check("runs", scenario::Demand::steady);
  runs.probe = "process";
  runs.params = {{"select", {{"pid", victim_.id().pid}}}};
  runs.expect = json::object{{"state", "!= stopped"}};
  plan_.checks.push_back(runs);
  scenario::PlannedCheck gate = file_check("back", scenario::Demand::eventually);
  gate.gate = scenario::Gate::heal;
  gate.within = seconds(5);
  plan_.checks.push_back(gate);
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::inconclusive) << join(verdict.reasons, "; ");
  ASSERT_FALSE(verdict.reasons.empty());
  EXPECT_THAT(verdict.reasons[0], HasSubstr("never broke"));
  EXPECT_FALSE(verdict.clocks.healed.has_value());
}

TEST_F(EngineTest, SaysThatAGateProvesNothingWhenItsCheckWasMetBefore) {
  scenario::PlannedCheck gate = file_check("alarm", scenario::Demand::eventually);
  gate.gate = scenario::Gate::detect;
  gate.within = milliseconds(300);
  plan_.checks.push_back(gate);
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::inconclusive) << join(verdict.reasons, "; ");
  ASSERT_FALSE(verdict.reasons.empty());
  EXPECT_THAT(verdict.reasons[0], HasSubstr("met already before the fault"));
  EXPECT_FALSE(verdict.clocks.first_trigger.has_value());
}

TEST_F(EngineTest, RefutesWhenNobodyNotices) {
  scenario::PlannedCheck gate = file_check("alarm", scenario::Demand::eventually);
  gate.params = {{"path", folder_ + "/alarm"}};
  gate.gate = scenario::Gate::detect;
  gate.within = milliseconds(300);
  plan_.checks.push_back(gate);
  const Verdict verdict = run();
  EXPECT_EQ(verdict.outcome, Outcome::refuted);
  ASSERT_FALSE(verdict.reasons.empty());
  EXPECT_THAT(verdict.reasons[0], HasSubstr("alarm"));
}

TEST_F(EngineTest, RehearsesWithoutTouchingAnything) {
  const std::vector<Rehearsal> rehearsals = rehearse(plan_, environment_);
  ASSERT_EQ(rehearsals.size(), 1U);
  ASSERT_TRUE(rehearsals[0].strike.ok()) << rehearsals[0].strike.error().render();
  EXPECT_EQ(rehearsals[0].strike->changes.at(0).kind, "process.stop");
  EXPECT_FALSE(victim_is_stopped());
}

// Found before a guardian is met, let alone a fault begun.
TEST_F(EngineTest, RefusesAVictimThatThisUserMayNotTouch) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  const pid_t stranger = ::fork();
  if (stranger == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    options_.timeline_path.clear();
    const Verdict verdict = run();
    const bool is_said = join(verdict.reasons, "; ").find("may not touch it") != std::string::npos;
    ::_exit(verdict.outcome == Outcome::unsupported && is_said && !has_event("sample") ? 0 : 1);
  }
  int status = 0;
  ::waitpid(stranger, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(victim_is_stopped());
}

TEST_F(EngineTest, MakesRunIdsThatDiffer) {
  const std::string first = make_run_id(plan_);
  EXPECT_THAT(first, HasSubstr("-engine-test-"));
  EXPECT_NE(first, make_run_id(plan_));
  EXPECT_THAT(first, testing::ContainsRegex("^[0-9]{8}-[0-9]{6}\\.[0-9]{3}-"));
}

}  // namespace
}  // namespace squall::engine
