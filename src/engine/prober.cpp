#include "engine/prober.h"

#include <algorithm>
#include <system_error>

#include <fmt/core.h>

#include "core/statistics.h"
#include "core/text.h"
#include "scenario/references.h"
#include "sys/clock.h"

namespace squall::engine {
namespace {

constexpr std::size_t check_workers_max = 64;
constexpr std::size_t workers_at_start = 2;
constexpr std::size_t all_workers_max = 512;
constexpr std::size_t waiting_jobs_max = 1024;
constexpr std::size_t stored_text_max = 200;
constexpr Duration lateness_floor = milliseconds(5);
// More CPU time than this for each of some samples in a row (the first has much to load), and the
// check is not for a prompt thread.
constexpr Duration light_sample = milliseconds(1);
constexpr int costly_samples_max = 3;

// Bodies and outputs would make a timeline huge; their beginning tells enough.
json::object shortened(const json::object& values) {
  json::object stored;
  for (const auto& [key, value] : values) {
    const bool is_long = value.is_string() && value.get_string().size() > stored_text_max;
    if (is_long) {
      stored[key] =
          json::string(printable(std::string_view(value.get_string()).substr(0, stored_text_max)));
    } else if (value.is_structured()) {
      const std::string text = canonical_json(value);
      stored[key] = text.size() <= stored_text_max ? value : json::value("(a long document)");
    } else {
      stored[key] = value;
    }
  }
  return stored;
}

// What a probe measured counts from its own start; the target had kept it waiting before.
void add_wait(probe::Sample& sample, Duration held) {
  json::value* const latency = sample.values.if_contains("latency");
  if (held <= Duration{} || latency == nullptr || !latency->is_string()) return;
  const Result<Duration> measured = parse_duration(std::string_view(latency->get_string()));
  if (measured.ok()) *latency = json::string(render(*measured + held));
}

}  // namespace

std::vector<Taken> untainted(const Prober& prober, std::size_t check, std::int64_t since_ns) {
  std::vector<Taken> taken = prober.taken(check, since_ns);
  std::erase_if(taken, [](const Taken& one) { return one.tainted; });
  return taken;
}

Duration lateness_limit(Duration every) {
  return std::max(lateness_floor, every / 5);
}

Status Prober::add(const scenario::PlannedCheck& plan, const probe::Catalogue& probes) {
  const probe::Kind* kind = probe::find(probes, plan.probe);
  if (kind == nullptr) {
    return error(Code::invalid,
                 fmt::format("check {}: there is no probe {}", plan.name, plan.probe));
  }
  const std::string doing = fmt::format("preparing the check {}", plan.name);
  const json::value params = TRY(scenario::resolve_secrets(plan.params), doing);
  std::unique_ptr<probe::Probe> probe = TRY(kind->open(params.as_object()), doing);
  Diagnostics diagnostics(plan.name);
  probe::Tolerance tolerance =
      probe::Tolerance::parse(node_from_json(plan.expect), *kind, diagnostics);
  if (!diagnostics.empty()) {
    return error(Code::invalid, diagnostics.sorted().front().message).while_doing(doing);
  }
  Check& check = checks_.emplace_back();
  check.plan = &plan;
  check.probe = std::move(probe);
  check.tolerance = std::move(tolerance);
  const std::int64_t every = std::max<std::int64_t>(plan.every.nanoseconds, 1);
  const auto wanted = static_cast<std::size_t>(plan.timeout.nanoseconds / every + 2);
  check.workers_max = std::min(wanted, check_workers_max);
  return ok();
}

void Prober::start() {
  const std::lock_guard lock(pacing_);
  for (Check& check : checks_) {
    for (std::size_t i = 0; i < workers_at_start; ++i) add_worker(check);
  }
  pacer_ = std::jthread([this](std::stop_token stop) { pace(stop); });
}

// A host that gives no more threads, perhaps by a fault of ours, has the samples wait for those
// that there are.
void Prober::add_worker(Check& check) {
  if (check.workers >= check.workers_max || workers_.size() >= all_workers_max) return;
  try {
    workers_.emplace_back([this, &check](std::stop_token stop) { work(check, stop); });
    ++check.workers;
  } catch (const std::system_error&) {
    check.workers_max = std::max<std::size_t>(check.workers, 1);
  }
}

void Prober::begin(std::size_t index) {
  {
    const std::lock_guard lock(pacing_);
    if (checks_[index].is_begun) return;
    checks_[index].is_begun = true;
    checks_[index].next = sys::monotonic_now();
    has_begun_more_ = true;
  }
  wake_pacer_.notify_all();
}

void Prober::stop() {
  if (!pacer_.joinable()) return;
  pacer_.request_stop();
  pacer_.join();
  for (std::jthread& worker : workers_) worker.request_stop();
  workers_.clear();  // joins
  record_lateness();
}

void Prober::record_lateness() {
  for (Check& check : checks_) {
    if (check.late_ns.empty()) continue;
    std::sort(check.late_ns.begin(), check.late_ns.end());
    const auto at = [&](double share) {
      return static_cast<std::int64_t>(percentile(check.late_ns, share));
    };
    timeline_.add("lateness", {{"check", check.plan->name},
                               {"promptness", sys::promptness_words(promptness_)},
                               {"samples", static_cast<std::int64_t>(check.late_ns.size())},
                               {"median_ns", at(0.5)},
                               {"p99_ns", at(0.99)},
                               {"max_ns", at(1)},
                               {"dropped", check.dropped}});
  }
}

std::vector<Taken> Prober::taken(std::size_t index, std::int64_t since_ns) const {
  const std::lock_guard lock(results_);
  std::vector<Taken> found;
  for (const Taken& one : checks_[index].taken) {
    if (one.planned_ns >= since_ns) found.push_back(one);
  }
  std::sort(found.begin(), found.end(),
            [](const Taken& a, const Taken& b) { return a.planned_ns < b.planned_ns; });
  return found;
}

std::optional<Taken> Prober::first(std::size_t index, std::int64_t since_ns,
                                   const Wanted& wanted) const {
  const std::lock_guard lock(results_);
  const Taken* found = nullptr;
  for (const Taken& one : checks_[index].taken) {
    const bool is_earlier = found == nullptr || one.planned_ns < found->planned_ns;
    if (one.planned_ns >= since_ns && is_earlier && wanted(one)) found = &one;
  }
  return found == nullptr ? std::nullopt : std::optional(*found);
}

void Prober::pace(std::stop_token stop) {
  sys::use_precise_timers();
  promptness_ = sys::run_promptly();
  if (promptness_ != sys::Promptness::real_time) {
    timeline_.add("note", {{"message", fmt::format("samples are sent and timed {}, as this host "
                                                   "allows no better: under load they may be late",
                                                   sys::promptness_words(promptness_))}});
  }
  std::unique_lock lock(pacing_);
  while (!stop.stop_requested()) {
    const Duration now = sys::monotonic_now();
    Duration next = now + seconds(1);
    for (Check& check : checks_) {
      if (!check.is_begun) continue;
      queue_due(check, now);
      next = std::min(next, check.next);
    }
    wake_pacer_.wait_for(lock, stop,
                         std::chrono::nanoseconds((next - sys::monotonic_now()).nanoseconds),
                         [this] { return has_begun_more_; });
    has_begun_more_ = false;
  }
}

void Prober::queue_due(Check& check, Duration now) {
  const Duration every = std::max(check.plan->every, milliseconds(1));
  for (; check.next <= now; check.next = check.next + every) {
    const bool all_are_out = check.idle <= check.jobs.size() && check.workers >= check.workers_max;
    const bool is_in_time = now - check.next <= lateness_limit(check.plan->every);
    if (check.jobs.size() < waiting_jobs_max) {
      check.jobs.push_back({check.next, all_are_out && is_in_time});
    } else {
      ++check.dropped;
    }
    check.wake.notify_one();
    if (check.idle <= check.jobs.size()) add_worker(check);
  }
}

void Prober::work(Check& check, std::stop_token stop) {
  sys::use_precise_timers();
  sys::run_promptly();
  Duration free_at;  // when the last sample of this worker was back
  while (true) {
    Job job;
    bool is_costly = false;
    {
      std::unique_lock lock(pacing_);
      ++check.idle;
      const bool has_job = check.wake.wait(lock, stop, [&] { return !check.jobs.empty(); });
      --check.idle;
      if (!has_job) return;
      job = check.jobs.front();
      check.jobs.pop_front();
      is_costly = check.costly_in_a_row >= costly_samples_max;
    }
    if (is_costly) sys::run_ordinarily();
    const Duration ready = job.was_kept_waiting ? std::max(job.planned, free_at) : job.planned;
    free_at = take(check, {job.planned, ready, sys::monotonic_now()}, stop);
    if (is_costly) sys::run_promptly();
  }
}

Duration Prober::take(Check& check, const Sending& sending, std::stop_token stop) {
  const Duration held = sending.ready - sending.planned;
  const Duration left = check.plan->timeout - held;
  const Duration cpu_before = sys::thread_cpu_time();
  probe::Sample sample;
  if (left > Duration{}) {
    sample = check.probe->take(left, stop);
  } else {
    sample.problem = fmt::format("no answer within {}: earlier samples still waited for theirs",
                                 render(check.plan->timeout));
  }
  const Duration done = sys::monotonic_now();
  const bool was_costly = sys::thread_cpu_time() - cpu_before > light_sample;
  if (stop.stop_requested()) return done;  // given up: neither good nor bad
  add_wait(sample, held);
  record(check, sending, done, sample);
  const std::lock_guard lock(pacing_);
  const bool is_settled = check.costly_in_a_row >= costly_samples_max;
  if (!is_settled) check.costly_in_a_row = was_costly ? check.costly_in_a_row + 1 : 0;
  return done;
}

void Prober::record(Check& check, const Sending& sending, Duration done,
                    const probe::Sample& sample) {
  const probe::Judgement judgement = check.tolerance.judge(sample);
  const Duration late = sending.sent - sending.ready;
  Taken taken;
  taken.planned_ns = timeline_.since_start_ns(sending.planned);
  taken.sent_ns = timeline_.since_start_ns(sending.sent);
  taken.done_ns = timeline_.since_start_ns(done);
  taken.late_ns = late.nanoseconds;
  taken.good = judgement.good;
  taken.answered = sample.problem.empty();
  taken.tainted = late > lateness_limit(check.plan->every);
  taken.why = judgement.why;
  timeline_.add("sample", {{"check", check.plan->name},
                           {"planned_ns", taken.planned_ns},
                           {"sent_ns", taken.sent_ns},
                           {"done_ns", taken.done_ns},
                           {"late_ns", taken.late_ns},
                           {"good", taken.good},
                           {"why", taken.why},
                           {"problem", sample.problem},
                           {"values", shortened(sample.values)},
                           {"tainted", taken.tainted}});
  const std::lock_guard lock(results_);
  check.late_ns.push_back(static_cast<double>(taken.late_ns));
  check.taken.push_back(std::move(taken));
}

}  // namespace squall::engine
