#include "engine/prober.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "scenario/references.h"
#include "sys/clock.h"

namespace squall::engine {
namespace {

constexpr std::size_t workers_max = 32;
constexpr std::size_t waiting_jobs_max = 1024;
constexpr std::size_t stored_text_max = 200;
constexpr Duration lateness_floor = milliseconds(5);

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
  Check check;
  check.plan = &plan;
  check.probe = TRY(kind->open(params.as_object()), doing);
  Diagnostics diagnostics(plan.name);
  check.tolerance = probe::Tolerance::parse(node_from_json(plan.expect), *kind, diagnostics);
  if (!diagnostics.empty()) {
    return error(Code::invalid, diagnostics.sorted().front().message).while_doing(doing);
  }
  checks_.push_back(std::move(check));
  return ok();
}

void Prober::start() {
  std::size_t workers = 1;
  for (const Check& check : checks_) {
    const std::int64_t every = std::max<std::int64_t>(check.plan->every.nanoseconds, 1);
    workers += static_cast<std::size_t>(check.plan->timeout.nanoseconds / every + 1);
  }
  workers = std::min(workers, workers_max);
  threads_.emplace_back([this](std::stop_token stop) { pace(stop); });
  for (std::size_t i = 0; i < workers; ++i) {
    threads_.emplace_back([this](std::stop_token stop) { work(stop); });
  }
}

void Prober::begin(std::size_t index) {
  {
    const std::lock_guard lock(mutex_);
    if (checks_[index].is_begun) return;
    checks_[index].is_begun = true;
    checks_[index].next = sys::monotonic_now();
    has_begun_more_ = true;
  }
  wake_pacer_.notify_all();
}

void Prober::stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();  // joins
}

std::vector<Taken> Prober::taken(std::size_t index, std::int64_t since_ns) const {
  const std::lock_guard lock(mutex_);
  std::vector<Taken> found;
  for (const Taken& one : checks_[index].taken) {
    if (one.planned_ns >= since_ns) found.push_back(one);
  }
  std::sort(found.begin(), found.end(),
            [](const Taken& a, const Taken& b) { return a.planned_ns < b.planned_ns; });
  return found;
}

void Prober::pace(std::stop_token stop) {
  sys::use_precise_timers();
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const Duration now = sys::monotonic_now();
    Duration next = now + seconds(1);
    for (std::size_t i = 0; i < checks_.size(); ++i) {
      Check& check = checks_[i];
      if (!check.is_begun) continue;
      while (check.next <= now) {
        if (jobs_.size() < waiting_jobs_max) jobs_.push_back({i, check.next});
        check.next = check.next + std::max(check.plan->every, milliseconds(1));
        wake_workers_.notify_one();
      }
      next = std::min(next, check.next);
    }
    wake_pacer_.wait_for(lock, stop,
                         std::chrono::nanoseconds((next - sys::monotonic_now()).nanoseconds),
                         [this] { return has_begun_more_; });
    has_begun_more_ = false;
  }
}

void Prober::work(std::stop_token stop) {
  sys::use_precise_timers();
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      if (!wake_workers_.wait(lock, stop, [this] { return !jobs_.empty(); })) return;
      job = jobs_.front();
      jobs_.pop_front();
    }
    take(job, stop);
  }
}

void Prober::take(const Job& job, std::stop_token stop) {
  const Check& check = checks_[job.check];
  const Duration sent = sys::monotonic_now();
  const probe::Sample sample = check.probe->take(check.plan->timeout, stop);
  if (stop.stop_requested()) return;  // given up: neither good nor bad
  const probe::Judgement judgement = check.tolerance.judge(sample);
  Taken taken;
  taken.planned_ns = timeline_.since_start_ns(job.planned);
  taken.sent_ns = timeline_.since_start_ns(sent);
  taken.done_ns = timeline_.now_ns();
  taken.good = judgement.good;
  taken.answered = sample.problem.empty();
  taken.tainted = sent - job.planned > lateness_limit(check.plan->every);
  taken.why = judgement.why;
  timeline_.add("sample", {{"check", check.plan->name},
                           {"planned_ns", taken.planned_ns},
                           {"sent_ns", taken.sent_ns},
                           {"done_ns", taken.done_ns},
                           {"good", taken.good},
                           {"why", taken.why},
                           {"problem", sample.problem},
                           {"values", shortened(sample.values)},
                           {"tainted", taken.tainted}});
  const std::lock_guard lock(mutex_);
  checks_[job.check].taken.push_back(std::move(taken));
}

}  // namespace squall::engine
