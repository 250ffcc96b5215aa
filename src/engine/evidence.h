// Evidence is what a story comes to when it is measured: which samples count for what, the clocks,
// and what every check came to. The rules of the verdict look at nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/story.h"
#include "engine/verdict.h"

namespace squall::engine {

// A check is steady again from the first of this many good samples in a row on.
inline constexpr std::int64_t steady_run = 3;

// The moments that part the samples of a run, in nanoseconds since its start.
struct Moments {
  std::optional<std::int64_t> on;  // the first fault was commanded
  // The last fault ended: a spell when it was told to, an instant fault when it struck.
  std::optional<std::int64_t> off;
  std::int64_t watched_until = 0;  // the start of `restore` or `verdict`, or the last event
  bool is_instant = true;          // no fault of the plan lasts
};

// How a steady check came back after its last broken sample.
struct Recovery {
  const Sample* last_broken = nullptr;
  const Sample* first_good = nullptr;  // the first good one after it
  std::int64_t good_after = 0;         // good samples after it, all in a row

  bool is_established() const { return good_after >= steady_run; }
  // From the last broken sample's sending to the first good one's answer.
  Interval at() const { return {last_broken->sent_ns, first_good->done_ns}; }
};

struct CheckEvidence {
  const WatchedCheck* check = nullptr;
  std::int64_t baseline_samples = 0;
  const Sample* first_broken_in_baseline = nullptr;
  std::int64_t baseline_broken = 0;
  // Samples that had to hold: for a spell while it was in force, for instant faults until the end.
  std::int64_t demanded_samples = 0;
  std::int64_t demanded_broken = 0;
  const Sample* first_broken_demanded = nullptr;
  std::int64_t good_after_end = 0;  // good samples sent after the last fault ended
  std::optional<Interval> harm;     // onset of the first broken sample
  std::optional<Recovery> recovery;
  CheckSummary summary;

  scenario::Demand demand() const { return check->plan.demand; }
};

// Points into the story, and so is not copied.
struct Evidence {
  explicit Evidence(const std::vector<Event>& timeline);
  Evidence(const Evidence&) = delete;
  Evidence& operator=(const Evidence&) = delete;

  const Story story;
  Moments moments;
  std::vector<CheckEvidence> checks;  // steady, always and never checks, in the order of the plan
  std::vector<GateSummary> gates;
  Clocks clocks;
  bool is_restored = false;
};

}  // namespace squall::engine
