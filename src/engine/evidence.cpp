// Which samples count. Tainted samples never do. A sample says something of one unknown instant
// between its sending and its answer, so one that was under way when the fault was commanded
// belongs to neither side: a good one is left out, a broken one is laid to the fault.
#include "engine/evidence.h"

#include <algorithm>

#include "core/statistics.h"

namespace squall::engine {
namespace {

using scenario::Demand;

std::int64_t end_of_watch(const Story& story) {
  for (const std::string_view name : {"restore", "verdict"}) {
    if (const Phase* phase = story.find_phase(name)) return phase->start_ns;
  }
  return story.last_ns;
}

Moments moments_of(const Story& story) {
  Moments moments;
  moments.watched_until = end_of_watch(story);
  const auto later = [&](std::int64_t at) { moments.off = std::max(moments.off.value_or(at), at); };
  for (const Strike& strike : story.strikes) {
    moments.on = std::min(moments.on.value_or(strike.commanded_ns), strike.commanded_ns);
  }
  for (const scenario::PlannedFault& fault : story.plan.faults) {
    const bool is_spell = fault.lasts > Duration{};
    if (is_spell) moments.is_instant = false;
    for (const Strike& strike : story.strikes) {
      if (!is_spell && strike.fault == fault.id) later(strike.commanded_ns);
    }
    // Only the first time counts: what resists is told again.
    const auto end = std::find_if(story.ends.begin(), story.ends.end(),
                                  [&](const FaultEnd& one) { return one.fault == fault.id; });
    if (is_spell && end != story.ends.end()) later(end->commanded_ns);
  }
  return moments;
}

// Where the first harm began: between the last good sample before the first broken one, and the
// first answer that was broken (a later probe may be answered before an earlier one times out).
Interval onset_of_harm(const WatchedCheck& check, const Sample& first_broken, std::int64_t on) {
  Interval onset{on, first_broken.done_ns};
  for (const Sample& sample : check.samples) {
    if (sample.tainted) continue;
    if (check.is_broken_by(sample)) {
      if (sample.done_ns > on) onset.by_ns = std::min(onset.by_ns, sample.done_ns);
    } else if (sample.planned_ns < first_broken.planned_ns) {
      onset.after_ns = sample.sent_ns;
    }
  }
  onset.after_ns = std::min(onset.after_ns, onset.by_ns);
  return onset;
}

void add_latencies(CheckSummary& summary, std::vector<double> latencies_ms) {
  if (latencies_ms.empty()) return;
  std::sort(latencies_ms.begin(), latencies_ms.end());
  summary.latency_p50_ms = percentile(latencies_ms, 0.5);
  summary.latency_p90_ms = percentile(latencies_ms, 0.9);
  summary.latency_p99_ms = percentile(latencies_ms, 0.99);
  summary.latency_max_ms = latencies_ms.back();
}

void count_in_baseline(CheckEvidence& evidence, const Sample& sample) {
  ++evidence.baseline_samples;
  if (!evidence.check->is_broken_by(sample)) return;
  ++evidence.baseline_broken;
  if (evidence.first_broken_in_baseline == nullptr) evidence.first_broken_in_baseline = &sample;
}

void count_during(CheckEvidence& evidence, const Sample& sample, const Moments& moments) {
  const bool is_broken = evidence.check->is_broken_by(sample);
  ++evidence.summary.samples;
  if (is_broken) ++evidence.summary.bad;
  if (moments.is_instant || !moments.off || sample.sent_ns < *moments.off) {
    ++evidence.demanded_samples;
    if (is_broken) ++evidence.demanded_broken;
    if (is_broken && evidence.first_broken_demanded == nullptr) {
      evidence.first_broken_demanded = &sample;
    }
  }
  if (moments.off && sample.sent_ns >= *moments.off && !is_broken) ++evidence.good_after_end;
  if (is_broken) {
    evidence.recovery = Recovery{.last_broken = &sample};
  } else if (evidence.recovery) {
    Recovery& recovery = *evidence.recovery;
    if (recovery.first_good == nullptr) recovery.first_good = &sample;
    ++recovery.good_after;
  }
}

CheckEvidence examine(const WatchedCheck& check, const Moments& moments) {
  CheckEvidence evidence{.check = &check};
  evidence.summary.name = check.plan.name;
  evidence.summary.demand = scenario::demand_name(check.plan.demand);
  evidence.summary.floor = check.plan.every + check.plan.timeout;
  std::vector<double> latencies_ms;
  const Sample* first_broken = nullptr;
  for (const Sample& sample : check.samples) {
    const bool is_before = !moments.on || sample.done_ns <= *moments.on;
    if (sample.tainted) {
      if (!is_before) ++evidence.summary.tainted;
      continue;
    }
    const bool is_broken = check.is_broken_by(sample);
    if (is_before) {
      count_in_baseline(evidence, sample);
      continue;
    }
    if (sample.sent_ns < *moments.on && !is_broken) continue;
    count_during(evidence, sample, moments);
    if (is_broken && first_broken == nullptr) first_broken = &sample;
    if (sample.answered()) latencies_ms.push_back(sample.latency_ms());
  }
  evidence.summary.harm_bound =
      upper_bound_of_share(evidence.summary.bad, evidence.summary.samples);
  add_latencies(evidence.summary, std::move(latencies_ms));
  if (first_broken != nullptr) evidence.harm = onset_of_harm(check, *first_broken, *moments.on);
  return evidence;
}

void take_earlier(std::optional<Interval>& clock, Interval at) {
  if (!clock || at.by_ns < clock->by_ns) clock = at;
}

// An instant which is the later of two has both its bounds at the later one.
void take_later(std::optional<Interval>& clock, Interval at) {
  clock = clock ? Interval{std::max(clock->after_ns, at.after_ns), std::max(clock->by_ns, at.by_ns)}
                : at;
}

std::optional<Interval> steady_again(const std::vector<CheckEvidence>& checks) {
  std::optional<Interval> at;
  for (const CheckEvidence& check : checks) {
    if (check.demand() != Demand::steady || !check.recovery) continue;
    if (!check.recovery->is_established()) return std::nullopt;
    take_later(at, check.recovery->at());
  }
  return at;
}

Clocks clocks_of(const Evidence& evidence) {
  Clocks clocks;
  const Story& story = evidence.story;
  if (evidence.moments.on) clocks.commanded = {*evidence.moments.on, *evidence.moments.on};
  if (!evidence.moments.is_instant && evidence.moments.off) {
    clocks.commanded_off = {*evidence.moments.off, *evidence.moments.off};
  }
  for (const Edge& edge : story.edges) {
    if (!edge.was_seen) continue;
    if (edge.is_onset) take_earlier(clocks.witnessed_on, edge.at);
    if (!edge.is_onset) take_later(clocks.witnessed_off, edge.at);
  }
  for (const CheckEvidence& check : evidence.checks) {
    if (check.demand() == Demand::steady && check.harm)
      take_earlier(clocks.first_harm, *check.harm);
  }
  for (const GateSummary& gate : evidence.gates) {
    if (!gate.met) continue;
    take_earlier(gate.gate == "heal" ? clocks.healed : clocks.first_trigger, gate.at);
  }
  clocks.steady_again = steady_again(evidence.checks);
  return clocks;
}

bool is_restored(const Story& story) {
  const Fingerprint* after = story.find_fingerprint("after");
  if (after != nullptr && !after->differences.empty()) return false;
  const Fingerprint* before = story.find_fingerprint("before");
  const bool was_compared = before != nullptr && after != nullptr;
  // The named differences judge, not the digests: these differ for what others did, too.
  return (was_compared || story.strikes.empty()) &&
         std::all_of(story.changes.begin(), story.changes.end(),
                     [](const LivedChange& change) { return change.is_undone(); });
}

}  // namespace

Evidence::Evidence(const std::vector<Event>& timeline)
    : story(read_story(timeline)), moments(moments_of(story)) {
  for (const WatchedCheck& check : story.checks) {
    if (check.plan.demand != Demand::eventually) checks.push_back(examine(check, moments));
  }
  for (const JudgedGate& gate : story.gates) {
    gates.push_back({gate.gate, gate.check, gate.met, gate.at, gate.within, gate.proves_nothing,
                     gate.needless});
  }
  clocks = clocks_of(*this);
  is_restored = squall::engine::is_restored(story);
}

}  // namespace squall::engine
