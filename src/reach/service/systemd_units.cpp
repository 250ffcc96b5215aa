// systemd as a service manager: what of it is asked and told for each act.
//
// Freezing is systemd's own (FreezeUnit) where it counts in cgroup v2 alone. On a host that mounts
// both versions it offers none, although the unit's group has the kernel's freezer: then that is
// written directly.
#include <algorithm>
#include <csignal>
#include <limits>

#include <fmt/core.h>

#include "core/text.h"
#include "reach/service/systemd.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::reach {
namespace {

constexpr std::string_view name = "systemd";
// To be driven into its start limit a unit is killed so often, and for so long, at most.
constexpr std::int64_t kills_max = 50;
constexpr Duration exhaustion_max = seconds(4);

std::string phase_of(std::string_view active) {
  if (active == "active" || active == "reloading" || active == "refreshing") return "running";
  if (active == "activating" || active == "maintenance") return "starting";
  if (active == "deactivating") return "stopping";
  return active == "failed" ? "failed" : "stopped";
}

std::string freeze_file(const Systemd& systemd, const json::object& unit) {
  const std::string directory = systemd.cgroup(unit);
  const std::string file = directory + "/cgroup.freeze";
  return !directory.empty() && sys::exists(file) ? file : "";
}

bool is_frozen(const Systemd& systemd, const json::object& unit) {
  const std::string state = text_at(unit, "FreezerState");
  if (state == "frozen" || state == "freezing") return true;
  const std::string file = freeze_file(systemd, unit);
  const Result<std::string> text = file.empty() ? Result<std::string>("") : sys::read_file(file);
  return text.ok() && trim(*text) == "1";
}

// Read from disk; the unit's own property is as old as the last reload.
std::string file_state(Systemd& systemd, const std::string& unit) {
  const Result<json::array> answer = systemd.call("GetUnitFileState", "s", {json::string(unit)});
  if (!answer.ok() || answer->empty() || !(*answer)[0].is_string()) return "";
  return std::string((*answer)[0].get_string());
}

Result<UnitState> look(Systemd& systemd, const std::string& unit) {
  const json::object properties = TRY(systemd.unit(unit));
  UnitState state;
  const std::string active = text_at(properties, "ActiveState");
  state.phase = phase_of(active);
  state.is_masked =
      text_at(properties, "LoadState") == "masked" || file_state(systemd, unit) == "masked-runtime";
  state.is_frozen = is_frozen(systemd, properties);
  state.main_pid = integer_at(properties, "MainPID");
  const std::string directory = systemd.cgroup(properties);
  if (!directory.empty()) state.pids = sys::cgroup_members(directory);
  state.dependents = TRY(systemd.dependents(unit));
  state.detail = fmt::format("{} ({})", active,
                             text_at(properties, active == "failed" ? "Result" : "SubState"));
  return state;
}

Result<UnitState> show(const Place& place, sys::Patience& patience) {
  Systemd systemd = TRY(Systemd::open(place.control, patience));
  return look(systemd, place.unit);
}

// --- what can be done, and undone ---------------------------------------------------------------

Status check_stop(const std::string& unit, const json::object& properties) {
  if (bool_at(properties, "Transient")) {
    return cannot(name, "stop and start", unit + " is transient: systemd forgets it once it stops",
                  "choose a unit with a file of its own");
  }
  if (!bool_at(properties, "CanStop") || !bool_at(properties, "CanStart")) {
    return cannot(name, "stop and start",
                  unit +
                      " may not be stopped or started by hand (RefuseManualStop, "
                      "RefuseManualStart)",
                  "choose another unit, or kill its processes: process.kill");
  }
  return ok();
}

Status check_mask(const std::string& unit, const json::object& properties) {
  const std::string file = text_at(properties, "FragmentPath");
  if (file.find("/etc/systemd/") == std::string::npos) return ok();
  return cannot(name, "mask",
                fmt::format("the file of {} is in /etc, where a mask for the time being, which "
                            "lies in /run, does not cover it",
                            unit),
                "stop it instead: service.stop");
}

Status check_freeze(const Systemd& systemd, const std::string& unit,
                    const json::object& properties) {
  if (!freeze_file(systemd, properties).empty()) return ok();
  return cannot(name, "freeze",
                fmt::format("the control group of {} has no freezer (cgroup v2 has one)", unit),
                "use process.pause with select: {unit: ...}");
}

// The start limit: more than `burst` starts within `interval`.
struct StartLimit {
  std::int64_t burst = 0;
  Duration interval;
  Duration pause;  // between an end and the next start
};

Result<StartLimit> start_limit(const std::string& unit, const json::object& properties) {
  const auto duration_of = [&](const char* key) {
    const std::int64_t count = integer_at(properties, key);
    return microseconds(std::min(count, std::numeric_limits<std::int64_t>::max() / 1'000));
  };
  const StartLimit limit{.burst = integer_at(properties, "StartLimitBurst"),
                         .interval = duration_of("StartLimitIntervalUSec"),
                         .pause = duration_of("RestartUSec")};
  const std::string restart = text_at(properties, "Restart");
  if (restart != "always" && restart != "on-failure" && restart != "on-abnormal" &&
      restart != "on-abort") {
    return cannot(name, "exhaust",
                  fmt::format("{} is not started again after a kill (Restart={})", unit, restart),
                  "choose a unit with Restart=always or on-failure");
  }
  if (limit.burst == 0 || limit.interval == Duration{}) {
    return cannot(name, "exhaust",
                  fmt::format("{} has no start limit (StartLimitIntervalSec=0)", unit),
                  "choose a unit with a start limit, or kill it with process.kill and times");
  }
  const bool is_too_slow = limit.pause.nanoseconds > exhaustion_max.nanoseconds / limit.burst;
  if (limit.burst > kills_max || is_too_slow || limit.pause * limit.burst >= limit.interval) {
    return cannot(
        name, "exhaust",
        fmt::format("{} allows {} starts in {} and pauses {} before each, which takes too "
                    "long to exhaust",
                    unit, limit.burst, render(limit.interval), render(limit.pause)),
        fmt::format("a unit is killed at most {} times within {}, and within its interval",
                    kills_max, render(exhaustion_max)));
  }
  return limit;
}

Status check(const Place& place, std::string_view verb, sys::Patience& patience) {
  Systemd systemd = TRY(Systemd::open(place.control, patience));
  const json::object unit = TRY(systemd.unit(place.unit));
  if (verb == "stop") return check_stop(place.unit, unit);
  if (verb == "mask") return check_mask(place.unit, unit);
  if (verb == "freeze") return check_freeze(systemd, place.unit, unit);
  if (verb == "exhaust") {
    TRY_VOID(start_limit(place.unit, unit));
    return check_stop(place.unit, unit);
  }
  if (verb == "restart" && !bool_at(unit, "CanStart")) return check_stop(place.unit, unit);
  return ok();
}

// --- acts ---------------------------------------------------------------------------------------

Status wait_for(Systemd& systemd, const std::string& unit, std::string_view what,
                bool (*fits)(std::string_view phase)) {
  return wait_until(
      [&]() -> Result<bool> { return fits(phase_of(TRY(systemd.active_state(unit)))); },
      fmt::format("{} did not {}", unit, what), systemd.patience());
}

Status stop(Systemd& systemd, const std::string& unit) {
  TRY_VOID(systemd.call("StopUnit", "ss", {json::string(unit), "replace"}));
  return wait_for(systemd, unit, "stop",
                  [](std::string_view phase) { return phase == "stopped" || phase == "failed"; });
}

Status start(Systemd& systemd, const std::string& unit) {
  // Our own start must not fail because a limit was used up on the way, nor leave it used up.
  static_cast<void>(systemd.call("ResetFailedUnit", "s", {json::string(unit)}).ok());
  TRY_VOID(systemd.call("StartUnit", "ss", {json::string(unit), "replace"}));
  return wait_for(systemd, unit, "start",
                  [](std::string_view phase) { return phase == "running"; });
}

Status mask(Systemd& systemd, const std::string& unit) {
  const json::array units{json::string(unit)};
  TRY_VOID(systemd.call("MaskUnitFiles", "asbb", {units, true, false}));
  TRY_VOID(systemd.call("Reload", "", {}));
  if (text_at(TRY(systemd.unit(unit)), "LoadState") == "masked") return ok();
  return error(Code::failed, fmt::format("{} is not masked although systemd took the order", unit),
               "see systemctl cat for where its file is");
}

Status unmask(Systemd& systemd, const std::string& unit) {
  TRY_VOID(systemd.call("UnmaskUnitFiles", "asb", {json::array{json::string(unit)}, true}));
  TRY_VOID(systemd.call("Reload", "", {}));
  return ok();
}

Status freeze(Systemd& systemd, const std::string& unit, bool freezes) {
  const json::object before = TRY(systemd.unit(unit));
  const std::string file = freeze_file(systemd, before);
  const bool is_systemds = text_at(before, "FreezerState") != "running";
  if (freezes || is_systemds) {
    const Result<json::array> told =
        systemd.call(freezes ? "FreezeUnit" : "ThawUnit", "s", {json::string(unit)});
    if (!told.ok() && told.error().code != Code::unsupported) return told.error();
  }
  if (is_frozen(systemd, TRY(systemd.unit(unit))) != freezes && !file.empty()) {
    TRY_VOID(sys::write_control(file, freezes ? "1" : "0"));
  }
  const std::string events = file.empty() ? "" : sys::folder_of(file) + "/cgroup.events";
  return wait_until(
      [&]() -> Result<bool> {
        if (events.empty()) return is_frozen(systemd, TRY(systemd.unit(unit))) == freezes;
        return (TRY(sys::read_file(events)).find("frozen 1") != std::string::npos) == freezes;
      },
      fmt::format("{} did not {}", unit, freezes ? "freeze" : "thaw"), systemd.patience());
}

Status kill(Systemd& systemd, const std::string& unit, const Act& act) {
  const std::string who = act.main_only ? "main" : "all";
  TRY_VOID(systemd.call("KillUnit", "ssi", {json::string(unit), json::string(who), act.signal}));
  return ok();
}

// Kills it as soon as it runs again, until systemd gives up.
Status exhaust(Systemd& systemd, const std::string& unit) {
  TRY_VOID(start_limit(unit, TRY(systemd.unit(unit))));
  std::int64_t last_killed = 0;
  std::int64_t kills = 0;
  return wait_until(
      [&]() -> Result<bool> {
        const json::object now = TRY(systemd.unit(unit));
        // Its result goes on naming the signal of the last kill.
        if (text_at(now, "ActiveState") == "failed" && integer_at(now, "NRestarts") > 0)
          return true;
        if (text_at(now, "ActiveState") == "failed") {
          return cannot(name, "exhaust", unit + " was not started again after a kill",
                        "look at its RestartPreventExitStatus");
        }
        const std::int64_t pid = integer_at(now, "MainPID");
        if (pid == 0 || pid == last_killed || kills > kills_max) return false;
        // It may have ended by itself since: then the next look finds its successor.
        if (kill(systemd, unit, {.verb = "kill", .signal = SIGKILL}).ok()) ++kills;
        last_killed = pid;
        return false;
      },
      fmt::format("{} did not reach its start limit", unit), systemd.patience());
}

Status act(const Place& place, const Act& act, sys::Patience& patience) {
  Systemd systemd = TRY(Systemd::open(place.control, patience));
  const std::string& unit = place.unit;
  TRY_VOID(systemd.unit(unit));
  if (act.verb == "stop") return stop(systemd, unit);
  if (act.verb == "start") {
    TRY_VOID(start(systemd, unit));
    for (const std::string& other : act.also) TRY_VOID(start(systemd, other));
    return ok();
  }
  if (act.verb == "mask") return mask(systemd, unit);
  if (act.verb == "unmask") return unmask(systemd, unit);
  if (act.verb == "freeze" || act.verb == "thaw") {
    return freeze(systemd, unit, act.verb == "freeze");
  }
  if (act.verb == "kill") return kill(systemd, unit, act);
  if (act.verb == "exhaust") return exhaust(systemd, unit);
  if (act.verb == "restart") {
    TRY_VOID(systemd.call("RestartUnit", "ss", {json::string(unit), "replace"}));
    return ok();
  }
  return cannot(name, act.verb, "there is no such order", "");
}

}  // namespace

extern const Manager systemd_manager;
const Manager systemd_manager{.name = name,
                              .usual_control = "/run/dbus/system_bus_socket",
                              .show = show,
                              .act = act,
                              .check = check};

}  // namespace squall::reach
