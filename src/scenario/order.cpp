// When each fault starts and ends, from the four ways in which an author may order them.
//
//   together   `at` as written
//   in_turn    each `at` counts from the end of the fault before
//   shuffled   in_turn, in an order that the seed decides
//   cascade    each starts one `step` after the one before; all that last end at the same moment
#include <algorithm>
#include <numeric>

#include <fmt/core.h>

#include "core/choices.h"
#include "scenario/parts.h"

namespace squall::scenario {
namespace {

void demand_durations(const std::vector<DraftFault>& drafts, Diagnostics& diagnostics) {
  for (const DraftFault& draft : drafts) {
    if (draft.kind == nullptr || draft.kind->lasting != fault::Lasting::spell || draft.has_for) {
      continue;
    }
    diagnostics.add(draft.mark, fmt::format("{} needs \"for\"", draft.fault.kind),
                    "say how long it stays in force, for example for: 5 s");
  }
}

void put_in_turn(std::vector<DraftFault>& drafts, const std::vector<std::size_t>& order) {
  Duration end;
  for (const std::size_t index : order) {
    DraftFault& draft = drafts[index];
    draft.fault.at = end + draft.fault.at;
    end = draft.fault.at + (draft.kind == nullptr ? Duration{} : span_of(draft.fault, *draft.kind));
  }
}

// Each fault is ranked by its own hash: without one of them, the others keep their order.
std::vector<std::size_t> shuffled(const std::vector<DraftFault>& drafts, std::uint64_t seed) {
  std::vector<std::size_t> order(drafts.size());
  std::iota(order.begin(), order.end(), 0);
  const auto rank = [&](std::size_t index) {
    return std::pair(Choices(seed, drafts[index].fault.id).bits("", "order", 0), index);
  };
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  return order;
}

void cascade(std::vector<DraftFault>& drafts, Duration step, Diagnostics& diagnostics) {
  Duration start = drafts.empty() ? Duration{} : drafts.front().fault.at;
  Duration end;
  bool any_spell = false;
  bool any_for = false;
  for (DraftFault& draft : drafts) {
    if (draft.has_at && &draft != &drafts.front()) {
      diagnostics.add(draft.mark, "\"at\" has no meaning here: in a cascade the step decides",
                      "only the first fault may have it");
    }
    draft.fault.at = start;
    start = start + step;
    any_for = any_for || draft.has_for;
    any_spell = any_spell || (draft.kind && draft.kind->lasting == fault::Lasting::spell);
    if (draft.has_for) end = std::max(end, draft.fault.at + draft.fault.lasts);
  }
  if (any_spell && !any_for) demand_durations(drafts, diagnostics);
  for (DraftFault& draft : drafts) {
    if (draft.kind == nullptr || draft.kind->lasting != fault::Lasting::spell || !any_for) continue;
    draft.fault.lasts = end - draft.fault.at;
    if (draft.fault.lasts > Duration{}) continue;
    diagnostics.add(
        draft.mark, fmt::format("{} would start after the cascade has ended", draft.fault.kind),
        fmt::format("the others end at {}; make \"for\" longer or the step shorter", render(end)));
  }
}

}  // namespace

Duration span_of(const PlannedFault& fault, const fault::Kind& kind) {
  constexpr std::int64_t strikes_max = 10'000;
  constexpr Duration every_max = minutes(24 * 60);
  if (kind.lasting == fault::Lasting::spell || !kind.repeat) return fault.lasts;
  const Result<fault::Repeat> repeat = kind.repeat(fault.params);
  if (!repeat.ok()) return {};
  return std::min(repeat->every, every_max) *
         std::clamp<std::int64_t>(repeat->times - 1, 0, strikes_max);
}

void arrange(std::vector<DraftFault>& drafts, const Arrangement& arrangement,
             Diagnostics& diagnostics) {
  if (arrangement.order == Order::cascade) {
    cascade(drafts, arrangement.step, diagnostics);
    return;
  }
  demand_durations(drafts, diagnostics);
  if (arrangement.order == Order::in_turn) {
    std::vector<std::size_t> order(drafts.size());
    std::iota(order.begin(), order.end(), 0);
    put_in_turn(drafts, order);
  } else if (arrangement.order == Order::shuffled) {
    put_in_turn(drafts, shuffled(drafts, arrangement.seed));
  }
}

}  // namespace squall::scenario
