// container.state: a container is paused or stopped by its daemon, until it is put back.
//
// Journaled, because a paused or stopped container stays so when the one who did it dies. The undo
// looks first: a container that somebody unpaused, started or removed meanwhile is left as it is.
//
// A daemon goes on with an order when the one who gave it has died. So the undo does not believe at
// once that nothing is to be undone: a container that runs might still be on its way down, until
// its grace is over.
//
// A stop that somebody repeats by hand while ours is in force cannot be told from ours.
#include <fmt/core.h>

#include "change/containers.h"
#include "change/services.h"
#include "change/typed.h"
#include "sys/patience.h"
#include "sys/process.h"

namespace squall::change {
namespace {

enum class State { paused, stopped };

struct ContainerState : Container {
  State state = State::paused;
  Duration grace = seconds(2);

  bool is_stop() const { return state == State::stopped; }
  std::string_view done() const { return is_stop() ? "stopped" : "paused"; }
};

param::Table<ContainerState> make_table() {
  std::vector<param::Field<ContainerState>> fields = container_fields<ContainerState>();
  fields.push_back(param::choice("state", &ContainerState::state,
                                 {{"paused", State::paused}, {"stopped", State::stopped}},
                                 "What becomes of it."));
  fields.push_back(param::field("grace", &ContainerState::grace,
                                {.about = "For a stop: how long it may take to end by itself.",
                                 .min = Duration{},
                                 .max = seconds(5)}));
  return {std::move(fields)};
}
const param::Table<ContainerState> table = make_table();

// What the daemon itself may take beside the grace.
constexpr Duration order_limit = seconds(3);
// Longer than containers need to start on a loaded host; a start that takes longer is found done by
// the next try.
constexpr Duration back_limit = seconds(10);
// How much later than its grace a stop that nobody waits for any more may be over.
constexpr Duration settled_after = milliseconds(500);

bool is_made(const ContainerState& params, const json::object& shown) {
  return params.is_stop() ? !bool_at(shown, "running") : bool_at(shown, "paused");
}

Result<Footprint> footprint(const ContainerState& params) {
  return container_footprint(TRY(show_container(params, params.container)), "activity");
}

Result<json::object> capture(const ContainerState& params) {
  const json::object shown = TRY(show_container(params, params.container));
  TRY_VOID(container_footprint(shown, ""));
  TRY_VOID(check_is_running(params, shown));
  if (params.is_stop() && bool_at(shown, "removes_itself")) {
    return error(Code::refused,
                 fmt::format("{} would be removed when it stops, and could not be started again "
                             "(--rm)",
                             params.describe()),
                 "use container.pause, or start it without --rm");
  }
  return identity_of(params, shown);
}

Result<json::object> apply(const ContainerState& params, const json::object& before) {
  json::object more;
  if (params.is_stop()) more["grace"] = render(params.grace);
  const Duration limit = params.is_stop() ? params.grace + order_limit : order_limit;
  TRY_VOID(act_on_container(params, text_at(before, "id"), params.is_stop() ? "stop" : "pause",
                            std::move(more), limit));
  return json::object{};
}

Result<Presence> verify(const ContainerState& params, const json::object& before) {
  const Found found = TRY(find_again(params, before));
  if (!found.gone.empty()) return Presence::absent;
  return is_made(params, found.shown) ? Presence::in_force : Presence::absent;
}

// Whether a stop that nobody waits for any more is under way: waits until the main process has
// ended and the daemon knows it, or until the grace is over. A successor of the main process was
// started by somebody else.
Result<bool> is_on_its_way_down(const ContainerState& params, const json::object& before,
                                const json::object& shown) {
  const std::vector<sys::ProcessId> processes = processes_of(shown);
  if (processes.empty()) return false;
  const Result<sys::Fd> main = sys::open_process(processes.front());
  if (main.ok() && !sys::wait_for_end(*main, params.grace + settled_after)) return false;
  sys::Patience patience(order_limit);
  while (!patience.is_over()) {
    const Found now = TRY(find_again(params, before));
    if (!now.gone.empty() || is_made(params, now.shown)) return true;
    const std::vector<sys::ProcessId> successors = processes_of(now.shown);
    if (!successors.empty() && successors.front() != processes.front()) return false;
    sys::Patience(milliseconds(5)).wait({});
  }
  return error(Code::timed_out,
               fmt::format("{} ended, but its daemon does not notice", params.describe()),
               "look at the log of the daemon");
}

Result<Reverted> revert(const ContainerState& params, const json::object& before) {
  const Found found = TRY(find_settled(params, before, [&](const json::object& shown) {
    return params.is_stop() || is_made(params, shown);
  }));
  if (!found.gone.empty()) return Reverted{Ending::gone, found.gone};
  const bool is_in_force =
      is_made(params, found.shown) ||
      (params.is_stop() && TRY(is_on_its_way_down(params, before, found.shown)));
  if (!is_in_force) {
    return Reverted{Ending::was_absent, fmt::format("it was not {} any more", params.done())};
  }
  TRY_VOID(act_on_container(params, text_at(before, "id"), params.is_stop() ? "start" : "unpause",
                            {}, back_limit));
  return Reverted{Ending::restored, ""};
}

std::string describe(const ContainerState& params) {
  return fmt::format("{} {}", params.is_stop() ? "stop" : "pause", params.describe());
}

std::string undo(const ContainerState& params) {
  return fmt::format("{} {}, unless somebody else did or removed it",
                     params.is_stop() ? "start" : "unpause", params.describe());
}

}  // namespace

extern const Kind kind_container_state;
const Kind kind_container_state = make_kind<ContainerState>({
    .name = "container.state",
    .about = "A container is paused or stopped by its daemon.",
    .keeping = Keeping::journaled,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
