#include "engine/run.h"

#include <algorithm>

#include <fmt/core.h>

#include "sys/clock.h"
#include "sys/gauges.h"

namespace squall::engine {
namespace {

constexpr Duration watch_pause = milliseconds(10);  // how often interruptions are looked for
constexpr Duration load_pause = milliseconds(100);
constexpr std::int64_t steady_samples = 3;   // good in a row, to be steady again
constexpr std::size_t counted_samples = 10;  // fewer say nothing about a check
constexpr Duration successor_limit = seconds(10);

bool holds(const scenario::PlannedCheck& check, const Taken& taken) {
  return (check.demand == scenario::Demand::never) != taken.good;
}

std::vector<Taken> untainted(const Prober& prober, std::size_t check, std::int64_t since_ns) {
  std::vector<Taken> taken = prober.taken(check, since_ns);
  std::erase_if(taken, [](const Taken& one) { return one.tainted; });
  return taken;
}

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
      gate_is_judged_(plan.checks.size(), false) {}

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
  if (hold_baseline()) {
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
  return check_needs() && prepare_checks() && meet_guardian();
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

bool Run::hold_baseline() {
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    if (prober_.check(i).demand == scenario::Demand::steady) prober_.begin(i);
  }
  if (!wait_until(timeline_.now_ns() + plan_.baseline.nanoseconds)) return false;
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    const scenario::PlannedCheck& check = prober_.check(i);
    if (check.demand != scenario::Demand::steady) continue;
    const std::vector<Taken> taken = untainted(prober_, i, 0);
    const bool all_hold = std::all_of(taken.begin(), taken.end(),
                                      [&](const Taken& one) { return holds(check, one); });
    if (!all_hold || taken.empty()) return false;
  }
  return true;
}

std::vector<Run::Action> Run::plan_actions() const {
  std::vector<Action> actions;
  for (std::size_t i = 0; i < plan_.faults.size(); ++i) {
    const scenario::PlannedFault& fault = plan_.faults[i];
    const fault::Kind* kind = fault::find(*environment_.faults, fault.kind);
    fault::Repeat repeat;
    if (kind->repeat) {
      if (const Result<fault::Repeat> asked = kind->repeat(fault.params)) repeat = *asked;
    }
    for (std::int64_t n = 0; n < repeat.times; ++n) {
      actions.push_back({Action::Kind::strike, fault.at.nanoseconds + repeat.every.nanoseconds * n,
                         i, static_cast<std::uint64_t>(n)});
    }
    if (kind->lasting == fault::Lasting::spell) {
      actions.push_back({Action::Kind::end, fault.at.nanoseconds + fault.lasts.nanoseconds, i, 0});
    }
  }
  std::stable_sort(actions.begin(), actions.end(), [](const Action& a, const Action& b) {
    return std::pair(a.at_ns, a.kind) < std::pair(b.at_ns, b.kind);
  });
  return actions;
}

void Run::inject() {
  for (std::size_t i = 0; i < prober_.size(); ++i) prober_.begin(i);
  watches_stops_ = true;
  const std::int64_t zero = timeline_.now_ns();
  for (const Action& action : plan_actions()) {
    if (!wait_until(zero + action.at_ns)) return;
    const scenario::PlannedFault& fault = plan_.faults[action.fault];
    if (action.kind == Action::Kind::end) {
      injector_.end(fault);
    } else if (!injector_.strike(fault, action.ordinal)) {
      interrupt({"", ""});  // refused: the refusal itself is on record and is the reason
      return;
    }
  }
  watches_stops_ = false;
}

bool Run::is_steady_again() const {
  const std::int64_t end_ns = injector_.last_end_ns().value_or(0);
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    const scenario::PlannedCheck& check = prober_.check(i);
    if (check.demand != scenario::Demand::steady) continue;
    const std::vector<Taken> taken = untainted(prober_, i, end_ns);
    std::int64_t good_in_a_row = 0;
    for (const Taken& one : taken) good_in_a_row = one.good ? good_in_a_row + 1 : 0;
    if (good_in_a_row < steady_samples) return false;
  }
  return true;
}

bool Run::has_enough_samples() const {
  const std::int64_t on_ns = injector_.first_commanded_ns().value_or(0);
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    if (prober_.check(i).demand == scenario::Demand::eventually) continue;
    if (untainted(prober_, i, on_ns).size() < counted_samples) return false;
  }
  return true;
}

bool Run::are_gates_judged() const {
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    if (prober_.check(i).demand == scenario::Demand::eventually && !gate_is_judged_[i])
      return false;
  }
  return true;
}

void Run::recover() {
  const std::int64_t steady_deadline =
      injector_.last_end_ns().value_or(timeline_.now_ns()) + plan_.recover_within.nanoseconds;
  while (wait_until(timeline_.now_ns() + watch_pause.nanoseconds)) {
    judge_gates();
    if (!injector_.witnesses_are_settled()) continue;
    // What no witness saw did not bite: there is nothing to heal, and the gates wait in vain.
    if (!injector_.first_witnessed_ns()) return;
    if (!are_gates_judged()) continue;
    const bool is_late = timeline_.now_ns() > steady_deadline;
    if (is_late || (is_steady_again() && has_enough_samples())) return;
  }
}

void Run::judge_gates() {
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    if (prober_.check(i).demand == scenario::Demand::eventually && !gate_is_judged_[i])
      judge_gate(i);
  }
}

// Detection counts from the command; healing from the moment a witness saw the fault, so that a
// state which was good before the fault bit is not taken for one that was healed.
void Run::judge_gate(std::size_t index) {
  const scenario::PlannedCheck& check = prober_.check(index);
  const std::optional<std::int64_t> commanded = injector_.first_commanded_ns();
  if (!commanded) return;
  const std::int64_t base = check.gate == scenario::Gate::heal
                                ? injector_.first_witnessed_ns().value_or(timeline_.now_ns())
                                : *commanded;
  std::int64_t after_ns = base;
  std::string why = "it was never sampled";
  std::optional<std::int64_t> met_by;
  for (const Taken& one : prober_.taken(index, base)) {
    if (one.good) {
      met_by = one.done_ns;
      break;
    }
    after_ns = std::max(after_ns, one.sent_ns);
    why = one.why;
  }
  const std::int64_t deadline = base + check.within.nanoseconds;
  const bool is_over = timeline_.now_ns() > deadline + check.timeout.nanoseconds;
  if (!met_by && !is_over) return;
  gate_is_judged_[index] = true;
  const bool is_met = met_by && *met_by <= deadline;
  if (met_by && !is_met)
    why = fmt::format("met only after {}", render_rounded(Duration{*met_by - base}));
  timeline_.add("gate", {{"gate", scenario::gate_name(check.gate)},
                         {"check", check.name},
                         {"met", is_met},
                         {"within_ns", check.within.nanoseconds},
                         {"after_ns", after_ns},
                         {"by_ns", met_by.value_or(deadline)},
                         {"why", is_met ? "" : why}});
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

// The guardian died, or could not undo something at once: its successor replays the journal before
// it answers, and goes on trying what it could not undo yet.
void Run::undo_without_session() {
  const Duration deadline = sys::monotonic_now() + successor_limit;
  session_.reset();
  while (injector_.has_changes_in_force() && sys::monotonic_now() < deadline) {
    Result<guardian::Client> client = guardian::Client::connect_or_start(environment_.guardian);
    Result<json::object> status = client.ok() ? client->call({{"request", "status"}})
                                              : Result<json::object>(Error(client.error()));
    if (status.ok()) {
      std::vector<std::string> live;
      const json::array* changes = array_at(*status, "changes");
      for (std::size_t i = 0; changes != nullptr && i < changes->size(); ++i) {
        const std::string id = text_at(changes->at(i).get_object(), "change");
        if (id.starts_with(options_.run_id + "/"))
          live.push_back(id.substr(options_.run_id.size() + 1));
      }
      injector_.record_undone_by_successor(live);
    }
    sys::sleep_until(sys::monotonic_now() + watch_pause);
  }
}

void Run::report_taint() {
  const std::int64_t on_ns = injector_.first_commanded_ns().value_or(timeline_.now_ns());
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    const std::vector<Taken> taken = prober_.taken(i, on_ns);
    const auto tainted =
        std::count_if(taken.begin(), taken.end(), [](const Taken& one) { return one.tainted; });
    if (taken.size() < counted_samples || 2 * tainted <= static_cast<std::ptrdiff_t>(taken.size()))
      continue;
    timeline_.add("disturbed",
                  {{"message", fmt::format("{} of {} samples of {} were sent too late to count",
                                           tainted, taken.size(), prober_.check(i).name)}});
  }
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
  interrupt({trouble.message.find("lease") == std::string::npos ? "halted" : "lost_lease",
             trouble.message});
}

void Run::sample_load(std::stop_token stop) {
  Result<sys::Gauges> gauges = sys::Gauges::open();
  if (!gauges.ok()) {
    timeline_.add("note",
                  {{"message", "the host's load cannot be sampled: " + gauges.error().render()}});
    return;
  }
  Result<sys::GaugeReading> last = gauges->read();
  Duration next = sys::monotonic_now();
  while (last.ok() && sys::sleep_until(next = next + load_pause, stop)) {
    const Result<sys::GaugeReading> now = gauges->read();
    if (!now.ok()) continue;
    const auto since = [](std::uint64_t a, std::uint64_t b) {
      return static_cast<std::int64_t>(a >= b ? a - b : 0);
    };
    timeline_.add("gauge",
                  {{"cpu", now->cpu_busy.fraction},
                   {"memory_bytes", static_cast<std::int64_t>(now->memory_used.count)},
                   {"disk_read_bytes", since(now->disk_read.count, last->disk_read.count)},
                   {"disk_write_bytes", since(now->disk_written.count, last->disk_written.count)},
                   {"network_in_bytes", since(now->network_in.count, last->network_in.count)},
                   {"network_out_bytes", since(now->network_out.count, last->network_out.count)}});
    last = now;
    const std::lock_guard lock(mutex_);
    load_.cpu = now->cpu_busy.fraction;
    load_.memory =
        static_cast<double>(now->memory_used.count) / static_cast<double>(host_.memory.count);
  }
}

sys::FingerprintScope Run::fingerprint_scope() const {
  sys::FingerprintScope scope;
  scope.files = plan_.fingerprint_files;
  for (const scenario::PlannedFault& fault : plan_.faults) {
    const fault::Kind* kind = fault::find(*environment_.faults, fault.kind);
    if (const Result<fault::Wants> wants = kind->wants(fault.params)) {
      scope.files.insert(scope.files.end(), wants->files.begin(), wants->files.end());
    }
    for (const std::string_view key : {"namespace", "witness_namespace"}) {
      const std::string path = text_at(fault.params, key);
      if (!path.empty()) scope.network_namespaces.push_back(path);
    }
  }
  return scope;
}

void Run::take_fingerprint(std::string_view moment) {
  const Result<sys::Fingerprint> taken = sys::take_fingerprint(fingerprint_scope());
  if (!taken.ok()) {
    timeline_.add("note", {{"message", "the host's fingerprint could not be taken: " +
                                           taken.error().render()}});
    return;
  }
  json::array found;
  if (before_) {
    for (const std::string& text : sys::differences(*before_, *taken))
      found.push_back(json::string(text));
  } else {
    before_ = *taken;
  }
  timeline_.add(
      "fingerprint",
      {{"moment", moment}, {"digest", sys::digest(*taken)}, {"differences", std::move(found)}});
}

}  // namespace squall::engine
