#include "engine/run.h"

#include <algorithm>

#include <fmt/core.h>

namespace squall::engine {
namespace {

constexpr Duration watch_pause = milliseconds(10);  // how often interruptions are looked for

}  // namespace

Run::Run(const scenario::Plan& plan, const Environment& environment, const RunOptions& options,
         TimelineWriter& timeline)
    : plan_(plan),
      environment_(environment),
      options_(options),
      timeline_(timeline),
      host_(sys::look_at_host()),
      prober_(timeline),
      injector_(timeline, plan, environment, host_),
      stops_(plan),
      gate_is_judged_(plan.checks.size(), false),
      gate_was_met_before_(plan.checks.size()) {}

void Run::phase(std::string_view name) {
  timeline_.add("phase", {{"phase", name}});
}

void Run::go() {
  phase("gates");
  if (!pass_gates()) return;
  take_fingerprint("before");
  sampler_ = std::jthread([this](std::stop_token stop) { sample_load(stop); });
  prober_.start();
  phase("baseline");
  if (hold_baseline() && open_first_witnesses()) {
    phase("fault");
    inject();
    if (!interruption_) {
      phase("recovery");
      recover();
    }
  }
  phase("restore");
  restore();
}

bool Run::pass_gates() {
  return check_needs() && check_first_strikes() && prepare_checks() && meet_guardian() &&
         ask_guardian();
}

bool Run::check_first_strikes() {
  return std::all_of(
      plan_.faults.begin(), plan_.faults.end(),
      [this](const scenario::PlannedFault& fault) { return injector_.can_strike(fault); });
}

bool Run::check_needs() {
  bool all_met = true;
  for (const scenario::PlannedFault& fault : plan_.faults) {
    const fault::Kind* kind = fault::find(*environment_.faults, fault.kind);
    CHECK(kind != nullptr, "the plan was checked against the catalogue");
    for (const sys::Need& need : kind->needs(host_)) {
      all_met = all_met && need.met;
      timeline_.add(
          "need",
          {{"fault", fault.id}, {"what", need.what}, {"met", need.met}, {"reason", need.reason}});
    }
  }
  return all_met;
}

bool Run::prepare_checks() {
  for (const scenario::PlannedCheck& check : plan_.checks) {
    const Status added = prober_.add(check, *environment_.probes);
    if (added.ok()) continue;
    const bool is_unsupported = added.error().code == Code::unsupported;
    timeline_.add(is_unsupported ? "need" : "change_refused",
                  {{"fault", check.name},
                   {"what", fmt::format("the probe {}", check.probe)},
                   {"met", false},
                   {"reason", added.error().render()},
                   {"kind", check.probe},
                   {"code", code_name(added.error().code)},
                   {"message", added.error().render()},
                   {"next", added.error().next}});
    return false;
  }
  return true;
}

bool Run::meet_guardian() {
  Result<guardian::Client> client = guardian::Client::connect_or_start(environment_.guardian);
  Result<std::unique_ptr<guardian::Session>> session =
      client.ok()
          ? guardian::Session::open(
                std::move(*client),
                {.run = options_.run_id,
                 .lease = options_.lease,
                 .accept_irreversible = !plan_.accept_irreversible.empty(),
                 .ssh_connection = options_.ssh_connection,
                 .protected_paths = options_.protected_paths,
                 .on_trouble = [this](const guardian::Session::Trouble& t) { on_trouble(t); }})
          : Result<std::unique_ptr<guardian::Session>>(Error(client.error()));
  if (session.ok()) {
    session_ = std::move(*session);
    injector_.use(session_.get());
    return true;
  }
  const std::string fault = plan_.faults.empty() ? "" : plan_.faults.front().id;
  timeline_.add("change_refused", {{"fault", fault},
                                   {"kind", "guardian"},
                                   {"code", code_name(session.error().code)},
                                   {"message", session.error().render()},
                                   {"next", session.error().next}});
  return false;
}

// A plan that the guardian is going to refuse is not begun: later ones of its faults would be
// refused when others had struck already.
bool Run::ask_guardian() {
  const std::vector<Rehearsal> rehearsals = rehearse(plan_, environment_);
  const std::vector<guardian::Step> steps = steps_of(plan_, environment_, rehearsals);
  const Result<std::vector<guardian::Foreseen>> foreseen = session_->foresee(steps);
  if (!foreseen.ok()) return true;  // what is wrong will be told by the first change
  for (const guardian::Foreseen& one : *foreseen) {
    const auto step = std::find_if(steps.begin(), steps.end(), [&](const guardian::Step& other) {
      return other.change == one.change && other.request;
    });
    timeline_.add("change_refused",
                  {{"fault", fault_of_change(one.change)},
                   {"kind", step == steps.end() ? "" : std::string_view(step->request->kind)},
                   {"code", code_name(one.problem.code)},
                   {"message", one.problem.render()},
                   {"next", one.problem.next},
                   // Another run's change may end: that is no trait of this plan and host.
                   {"foreseen", one.problem.code != Code::conflict}});
  }
  return foreseen->empty();
}

bool Run::hold_baseline() {
  // Gates too: what holds already before the fault is no sign of it.
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    const scenario::Demand demand = prober_.check(i).demand;
    if (demand == scenario::Demand::steady || demand == scenario::Demand::eventually)
      prober_.begin(i);
  }
  const std::int64_t start_ns = timeline_.now_ns();
  if (!wait_until(start_ns + plan_.baseline.nanoseconds)) return false;
  // On a busy host some samples come late and do not count; what is lost is waited for.
  const std::int64_t longest_ns = start_ns + 2 * plan_.baseline.nanoseconds;
  Baseline baseline = look_at_baseline();
  while ((baseline == Baseline::too_short || baseline == Baseline::unseen) &&
         timeline_.now_ns() < longest_ns) {
    if (!wait_until(timeline_.now_ns() + watch_pause.nanoseconds)) return false;
    baseline = look_at_baseline();
  }
  return baseline == Baseline::steady || baseline == Baseline::too_short;
}

void Run::recover() {
  const std::int64_t steady_deadline =
      injector_.last_end_ns().value_or(timeline_.now_ns()) + plan_.recover_within.nanoseconds;
  while (wait_until(timeline_.now_ns() + watch_pause.nanoseconds)) {
    judge_gates();
    if (!injector_.witnesses_are_settled()) continue;
    // What no witness saw did not bite: there is nothing to heal, and the gates wait in vain.
    if (!injector_.first_witnessed_ns()) return;
    const bool is_late = timeline_.now_ns() > steady_deadline;
    if (!is_late && !(is_steady_again() && has_enough_samples())) continue;
    close_gates(is_late);
    if (are_gates_judged()) return;
  }
}

void Run::restore() {
  const bool asked = !guardian_is_gone_ && injector_.end_everything();
  if (session_ && (!asked || injector_.has_changes_in_force())) undo_without_session();
  injector_.await_ends();
  injector_.stop_witnesses();
  prober_.stop();
  if (sampler_.joinable()) {
    sampler_.request_stop();
    sampler_.join();
  }
  report_taint();
  session_.reset();
  injector_.use(nullptr);
  take_fingerprint("after");
}

bool Run::wait_until(std::int64_t instant_ns) {
  while (true) {
    if (look_for_interruption()) return false;
    const std::int64_t left = instant_ns - timeline_.now_ns();
    if (left <= 0) return true;
    std::unique_lock lock(mutex_);
    const Duration pause = std::min(Duration{left}, watch_pause);
    wake_.wait_for(lock, options_.stop, std::chrono::nanoseconds(pause.nanoseconds),
                   [this] { return interruption_.has_value(); });
  }
}

bool Run::look_for_interruption() {
  if (options_.stop.stop_requested()) interrupt({"operator", "an operator asked for it"});
  if (const auto failure = timeline_.failure()) interrupt({"timeline", failure->render()});
  std::vector<std::pair<std::string, std::string>> lost;
  Load load;
  {
    const std::lock_guard lock(mutex_);
    lost.swap(lost_);
    load = load_;
  }
  for (const auto& [change, message] : lost) injector_.record_lost(change, message);
  if (!lost.empty()) interrupt({"", ""});  // the loss itself is on record and is the reason
  judge_gates();
  if (watches_stops_ && injector_.first_commanded_ns()) {
    if (const auto text =
            stops_.check(prober_, load, *injector_.first_commanded_ns(), timeline_.now_ns())) {
      interrupt({"condition", *text});
    }
  }
  const std::lock_guard lock(mutex_);
  return interruption_.has_value();
}

void Run::interrupt(Interruption interruption) {
  {
    const std::lock_guard lock(mutex_);
    if (interruption_) return;
    interruption_ = interruption;
  }
  if (!interruption.reason.empty()) {
    timeline_.add("stop", {{"reason", interruption.reason}, {"text", interruption.text}});
  }
  wake_.notify_all();
}

void Run::on_trouble(const guardian::Session::Trouble& trouble) {
  using Kind = guardian::Session::Trouble::Kind;
  if (trouble.kind == Kind::change_lost) {
    const std::lock_guard lock(mutex_);
    lost_.emplace_back(trouble.change, trouble.message);
    return;
  }
  if (trouble.kind == Kind::disconnected) {
    {
      const std::lock_guard lock(mutex_);
      guardian_is_gone_ = true;
    }
    interrupt({"lost_lease", trouble.message});
    return;
  }
  std::string reason = "halted";
  if (trouble.message.starts_with("head-room")) reason = "head_room";
  if (trouble.message.find("lease") != std::string::npos) reason = "lost_lease";
  interrupt({reason, trouble.message});
}

}  // namespace squall::engine
