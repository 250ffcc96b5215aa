#include "engine/watcher.h"

#include <algorithm>

#include <fmt/core.h>

#include "sys/clock.h"
#include "sys/promptness.h"

namespace squall::engine {
namespace {

// While a fault is known to be in force, looking this often is enough to measure its dose.
constexpr Duration calm_pause = milliseconds(20);
// A look that takes less than this part of the time between two looks, of CPU time, may be taken
// before all ordinary threads without disturbing them.
constexpr std::int64_t light_part = 10;
// A fault has ended before its time when this many looks in a row, over at least this long and
// this part of the time since it was first seen, showed it gone right up to its commanded end.
constexpr std::int64_t gone_looks = 3;
constexpr Duration gone_time = milliseconds(100);
constexpr std::int64_t gone_part = 20;
constexpr Duration noted_gap = milliseconds(500);

// Whom a witness looks at, where that is one process.
std::optional<sys::ProcessId> victim_of(const json::object& params) {
  const std::int64_t pid = integer_at(params, "pid");
  if (pid <= 0 || !params.contains("start_ticks")) return std::nullopt;
  return sys::ProcessId{pid, static_cast<std::uint64_t>(integer_at(params, "start_ticks"))};
}

}  // namespace

Result<std::unique_ptr<Watcher>> Watcher::open(TimelineWriter& timeline, const fault::Watch& watch,
                                               const witness::Catalogue& witnesses,
                                               Subject subject) {
  const witness::Kind* kind = witness::find(witnesses, watch.witness);
  if (kind == nullptr) {
    return error(Code::invalid, fmt::format("there is no witness {}", watch.witness));
  }
  std::unique_ptr<Watcher> watcher(new Watcher(timeline, *kind, std::move(subject)));
  const std::string doing = fmt::format("opening the witness {}", watch.witness);
  watcher->witness_ = TRY(kind->open(watch.params), doing);
  watcher->victim_ = victim_of(watch.params);
  watcher->last_other_ns_ = timeline.now_ns();
  const Duration cpu_before = sys::thread_cpu_time();
  const witness::Sighting first = TRY(watcher->witness_->look(), doing);
  watcher->is_light_ = sys::thread_cpu_time() - cpu_before < kind->every / light_part;
  watcher->was_on_before_ = first.on;
  watcher->last_detail_ = first.detail;
  watcher->thread_ =
      std::jthread([self = watcher.get()](std::stop_token stop) { self->watch(stop); });
  return watcher;
}

void Watcher::expect_on(Duration limit) {
  const std::lock_guard lock(mutex_);
  deadline_ns_ = timeline_.now_ns() + limit.nanoseconds;
  stage_ = Stage::expecting_on;
  if (was_on_before_) {
    write_unseen("on", fmt::format("it showed already before the fault ({})", last_detail_));
    stage_ = Stage::settled;
  }
  wake_.notify_all();
}

void Watcher::expect_off(Duration limit) {
  const std::lock_guard lock(mutex_);
  if (stage_ == Stage::expecting_on) {
    write_unseen("on", fmt::format("not seen before it ended; last look: {}", last_detail_));
    stage_ = Stage::settled;
  }
  if (stage_ != Stage::in_force) return;
  if (has_ended_early(timeline_.now_ns())) {
    write_edge("off", gap_->after_ns, gap_->by_ns, gap_->detail);
    stage_ = Stage::settled;
    return;
  }
  last_other_ns_ = timeline_.now_ns();
  deadline_ns_ = last_other_ns_ + limit.nanoseconds;
  stage_ = Stage::expecting_off;
  wake_.notify_all();
}

void Watcher::excuse_onset() {
  const std::lock_guard lock(mutex_);
  if (stage_ == Stage::waiting || stage_ == Stage::expecting_on) stage_ = Stage::settled;
}

bool Watcher::is_settled() const {
  const std::lock_guard lock(mutex_);
  return stage_ == Stage::settled;
}

bool Watcher::has_seen_on() const {
  return on_by_ns().has_value();
}

std::optional<std::int64_t> Watcher::on_by_ns() const {
  const std::lock_guard lock(mutex_);
  return on_by_ns_;
}

void Watcher::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  wake_.notify_all();
  thread_.join();
  if (looks_ == 0) return;
  timeline_.add("dose", {{"fault", subject_.fault},
                         {"witness", kind_.name},
                         {"unit", kind_.dose_unit},
                         {"looks", looks_},
                         {"on_looks", on_looks_},
                         {"mean", dose_sum_ / static_cast<double>(looks_)},
                         {"min", dose_min_},
                         {"max", dose_max_},
                         {"steady", must_see_end() && !kind_.comes_and_goes}});
}

Duration Watcher::pause() const {
  return stage_ == Stage::in_force ? std::max(kind_.every, calm_pause) : kind_.every;
}

void Watcher::watch(std::stop_token stop) {
  sys::use_precise_timers();
  if (is_light_) sys::run_promptly();
  while (!stop.stop_requested()) {
    take_look();
    std::unique_lock lock(mutex_);
    const Stage before = stage_;
    if (before == Stage::settled) {
      wake_.wait(lock, stop, [] { return false; });
      return;
    }
    wake_.wait_for(lock, stop, std::chrono::nanoseconds(pause().nanoseconds),
                   [&] { return stage_ != before; });
  }
}

void Watcher::take_look() {
  const std::int64_t before_ns = timeline_.now_ns();
  const Result<witness::Sighting> sighting = witness_->look();
  const std::int64_t after_ns = timeline_.now_ns();
  const std::lock_guard lock(mutex_);
  if (sighting.ok()) {
    see(*sighting, before_ns, after_ns);
  } else {
    last_detail_ = sighting.error().render();
  }
  give_up_when_late(after_ns);
}

void Watcher::see(const witness::Sighting& sighting, std::int64_t before_ns,
                  std::int64_t after_ns) {
  last_detail_ = sighting.detail;
  const std::int64_t oldest_ns = std::min(before_ns, after_ns - sighting.oldest.nanoseconds);
  const std::int64_t newest_ns = std::max(last_other_ns_, after_ns - sighting.newest.nanoseconds);
  const bool waits_for_on = stage_ == Stage::waiting || stage_ == Stage::expecting_on;
  if (waits_for_on && !sighting.on) {
    last_other_ns_ = oldest_ns;
  } else if (stage_ == Stage::expecting_on && sighting.on) {
    on_by_ns_ = newest_ns;
    last_on_ns_ = oldest_ns;
    write_edge("on", last_other_ns_, newest_ns, sighting.detail);
    stage_ = must_see_end() ? Stage::in_force : Stage::settled;
    count_dose(sighting);
  } else if (stage_ == Stage::in_force) {
    see_in_force(sighting, oldest_ns, after_ns - sighting.newest.nanoseconds);
  } else if (stage_ == Stage::expecting_off && sighting.on) {
    last_other_ns_ = oldest_ns;
  } else if (stage_ == Stage::expecting_off) {
    write_edge("off", last_other_ns_, newest_ns, sighting.detail);
    stage_ = Stage::settled;
  }
}

// A process that ended has taken the fault with it, and no look will ever show it again. Any other
// fault may come back, so that its end is certain only when the fault is told to end.
void Watcher::see_in_force(const witness::Sighting& sighting, std::int64_t oldest_ns,
                           std::int64_t newest_ns) {
  if (sighting.on) {
    count_dose(sighting);
    last_on_ns_ = oldest_ns;
    gap_.reset();
    return;
  }
  if (kind_.comes_and_goes) return count_dose(sighting);
  if (!gap_) gap_ = Gap{last_on_ns_, std::max(newest_ns, last_on_ns_), 0, sighting.detail};
  ++gap_->looks;
  if (victim_ && !sys::is_alive(*victim_)) {
    write_edge("off", gap_->after_ns, gap_->by_ns, gap_->detail, true);
    stage_ = Stage::settled;
    return;
  }
  count_dose(sighting);
  if (gap_->is_noted || newest_ns - gap_->by_ns < noted_gap.nanoseconds) return;
  gap_->is_noted = true;
  timeline_.add("note", {{"message", fmt::format("{} is in force no more, as {} sees it: {}",
                                                 subject_.fault, kind_.name, sighting.detail)}});
}

bool Watcher::has_ended_early(std::int64_t now_ns) const {
  if (!gap_ || gap_->looks < gone_looks) return false;
  const std::int64_t part = (now_ns - on_by_ns_.value_or(now_ns)) / gone_part;
  return now_ns - gap_->by_ns > std::max(gone_time.nanoseconds, part);
}

void Watcher::give_up_when_late(std::int64_t now_ns) {
  const bool waits = stage_ == Stage::expecting_on || stage_ == Stage::expecting_off;
  if (!waits || now_ns < deadline_ns_) return;
  write_unseen(stage_ == Stage::expecting_on ? "on" : "off",
               fmt::format("not seen in time; last look: {}", last_detail_));
  stage_ = Stage::settled;
}

void Watcher::count_dose(const witness::Sighting& sighting) {
  dose_min_ = looks_ == 0 ? sighting.dose : std::min(dose_min_, sighting.dose);
  dose_max_ = looks_ == 0 ? sighting.dose : std::max(dose_max_, sighting.dose);
  dose_sum_ += sighting.dose;
  ++looks_;
  if (sighting.on) ++on_looks_;
}

void Watcher::write_edge(std::string_view edge, std::int64_t after_ns, std::int64_t by_ns,
                         const std::string& detail, bool has_victim_ended) {
  Event event{{"fault", subject_.fault}, {"strike", static_cast<std::int64_t>(subject_.strike)},
              {"witness", kind_.name},   {"edge", edge},
              {"after_ns", after_ns},    {"by_ns", by_ns},
              {"detail", detail}};
  if (subject_.is_spell && !kind_.sees_end) event["has_end"] = false;
  if (has_victim_ended) event["victim_ended"] = true;
  timeline_.add("witnessed", std::move(event));
}

void Watcher::write_unseen(std::string_view edge, const std::string& message) {
  timeline_.add("unwitnessed", {{"fault", subject_.fault},
                                {"strike", static_cast<std::int64_t>(subject_.strike)},
                                {"witness", kind_.name},
                                {"edge", edge},
                                {"message", message}});
}

}  // namespace squall::engine
