// service.state: a service is stopped, masked, frozen, or given up by its manager, until it is put
// back.
//
// All of it is done by the service's own manager, in the way an administrator would. Journaled,
// because a stopped service stays stopped when the one who stopped it dies. The undo looks first:
// a service that somebody started, unmasked or thawed meanwhile is as it was, and one that somebody
// masked, removed or reset meanwhile is left to them. What was stopped together with it, because it
// needs it, is started again with it.
//
// A stop that somebody repeats by hand while ours is in force cannot be told from ours.
#include <array>

#include <fmt/core.h>

#include "change/services.h"
#include "change/typed.h"
#include "core/text.h"

namespace squall::change {
namespace {

enum class State { stopped, masked, frozen, exhausted };

struct ServiceState : Service {
  State state = State::stopped;
};

param::Table<ServiceState> make_table() {
  std::vector<param::Field<ServiceState>> fields = service_fields<ServiceState>();
  fields.push_back(param::choice("state", &ServiceState::state,
                                 {{"stopped", State::stopped},
                                  {"masked", State::masked},
                                  {"frozen", State::frozen},
                                  {"exhausted", State::exhausted}},
                                 "What becomes of it; exhausted: killed until its manager gives "
                                 "up."));
  return {std::move(fields)};
}
const param::Table<ServiceState> table = make_table();

struct Way {
  std::string_view there;
  std::string_view back;
  std::string_view done;  // for people
  Duration limit;
};
const Way& way_of(State state) {
  static const std::array<Way, 4> ways = {{{"stop", "start", "stopped", seconds(5)},
                                           {"mask", "unmask", "masked", seconds(5)},
                                           {"freeze", "thaw", "frozen", seconds(2)},
                                           {"exhaust", "start", "given up", seconds(5)}}};
  return ways.at(static_cast<std::size_t>(state));
}
// Longer than most services need to start; a start that takes longer goes on by itself and is found
// done by the next try.
constexpr Duration back_limit = seconds(5);

// Whether `shown` is what this change makes.
bool is_made(State state, const json::object& shown) {
  const std::string phase = text_at(shown, "phase");
  switch (state) {
    case State::stopped:
      return phase == "stopped" || phase == "failed" || phase == "stopping";
    case State::exhausted:
      return phase == "failed";
    case State::masked:
      return bool_at(shown, "masked");
    case State::frozen:
      return bool_at(shown, "frozen");
  }
  return false;
}

Result<Footprint> footprint(const ServiceState& params) {
  TRY_VOID(check_may_touch(params));
  const json::object shown = TRY(show_service(params, way_of(params.state).there));
  const bool is_mask = params.state == State::masked;
  const std::string_view aspect = is_mask                         ? "mask"
                                  : params.state == State::frozen ? "freezer"
                                                                  : "activity";
  Footprint touched;
  if (!is_mask) touched.processes = processes_of(shown);
  touched.resources = {
      fmt::format("service {} {} {} {}", params.manager, params.control, params.unit, aspect)};
  return touched;
}

Result<json::object> capture(const ServiceState& params) {
  const json::object shown = TRY(show_service(params));
  const std::string phase = text_at(shown, "phase");
  if (params.state != State::masked && phase != "running") {
    return error(
        Code::conflict,
        fmt::format("{} does not run: it is {}", params.describe(), text_at(shown, "detail")),
        "start it first: a drill begins with a healthy target");
  }
  if (is_made(params.state, shown)) {
    return error(Code::conflict,
                 fmt::format("{} is {} already", params.describe(), way_of(params.state).done),
                 "undo that first: there is nothing to see of a change that changes nothing");
  }
  json::object before{{"host", host_of(params.control)}};
  if (const json::array* dependents = array_at(shown, "dependents")) {
    before["dependents"] = *dependents;
  }
  return before;
}

Result<json::object> apply(const ServiceState& params, const json::object&) {
  const Way& way = way_of(params.state);
  TRY_VOID(act_on_service(params, way.there, {}, way.limit));
  return json::object{};
}

Result<Presence> verify(const ServiceState& params, const json::object& before) {
  if (host_is_gone(before)) return Presence::absent;
  const Result<json::object> shown = show_service(params);
  if (!shown.ok() && shown.error().code == Code::not_found) return Presence::absent;
  if (!shown.ok()) return shown.error();
  if (is_made(params.state, *shown)) return Presence::in_force;
  const bool is_reset = params.state == State::exhausted && text_at(*shown, "phase") == "stopped";
  return is_reset ? Presence::foreign : Presence::absent;
}

// Whether the order back is given although nothing is to be seen of the change: an order which was
// given right before we died may still be on its way, and this one comes after it; what was stopped
// together with the service may still be down; starts may be used up. Where nothing of that is so,
// it changes nothing.
bool insists(const ServiceState& params, std::string_view phase) {
  if (way_of(params.state).back == "start") return true;
  return params.state == State::frozen && params.manager != "systemd" && phase == "running";
}

Result<Reverted> revert(const ServiceState& params, const json::object& before) {
  if (host_is_gone(before)) return Reverted{Ending::gone, "the host of the service ended"};
  const Result<json::object> shown = show_service(params);
  if (!shown.ok() && shown.error().code == Code::not_found) {
    return Reverted{Ending::gone, shown.error().message};
  }
  if (!shown.ok()) return shown.error();
  const Way& way = way_of(params.state);
  const std::string phase = text_at(*shown, "phase");
  const bool is_in_force = is_made(params.state, *shown);
  if (way.back == "start" && phase != "running" && bool_at(*shown, "masked")) {
    return Reverted{Ending::foreign,
                    fmt::format("somebody masked {}; it stays as it is", params.describe())};
  }
  if (params.state == State::exhausted && phase == "stopped") {
    return Reverted{Ending::foreign, "somebody reset it without starting it"};
  }
  const std::string absence = fmt::format("it was not {} any more", way.done);
  if (!is_in_force && !insists(params, phase)) return Reverted{Ending::was_absent, absence};
  json::object more;
  const json::array* dependents = array_at(before, "dependents");
  if (way.back == "start" && dependents != nullptr) more["also"] = *dependents;
  TRY_VOID(act_on_service(params, way.back, std::move(more), back_limit));
  if (is_in_force) return Reverted{Ending::restored, ""};
  return Reverted{Ending::was_absent, absence};
}

std::string describe(const ServiceState& params) {
  const Way& way = way_of(params.state);
  if (params.state == State::exhausted) {
    return fmt::format("kill {} until its manager gives up", params.describe());
  }
  return fmt::format("{} {}", way.there, params.describe());
}

std::string undo(const ServiceState& params) {
  return fmt::format("{} {}, unless somebody else did, masked it or removed it",
                     way_of(params.state).back, params.describe());
}

}  // namespace

extern const Kind kind_service_state;
const Kind kind_service_state = make_kind<ServiceState>({
    .name = "service.state",
    .about = "A service is stopped, masked, frozen, or given up by its manager.",
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
