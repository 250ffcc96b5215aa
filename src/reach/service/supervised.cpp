// runit and s6: the supervisor of each service takes commands of one letter and keeps a status file
// (sys/supervised.h). Both are so alike that they share all but the letters.
#include "sys/supervised.h"

#include <csignal>
#include <map>

#include <fmt/core.h>

#include "core/text.h"
#include "reach/service/managers.h"
#include "sys/process.h"

namespace squall::reach {
namespace {

const std::map<int, char> signal_letters = {{SIGTERM, 't'}, {SIGKILL, 'k'}, {SIGHUP, 'h'},
                                            {SIGINT, 'i'},  {SIGALRM, 'a'}, {SIGQUIT, 'q'},
                                            {SIGUSR1, '1'}, {SIGUSR2, '2'}};

Result<std::string> folder_of(const Place& place) {
  TRY_VOID(check_unit_name(place.unit));
  return place.control + "/" + place.unit;
}

// Between two starts both supervisors pause for a second: then a service that should be up is not.
std::string phase_of(const sys::Supervised& status) {
  if (status.wants_up) return status.pid != 0 && !status.is_finishing ? "running" : "starting";
  return status.pid != 0 ? "stopping" : "stopped";
}

bool is_stopped_process(std::int64_t pid) {
  const Result<sys::Process> process = sys::read_process(pid);
  return process.ok() && process->state == 'T';
}

template <sys::Supervisor S>
Result<UnitState> show(const Place& place, sys::Patience&) {
  const std::string folder = TRY(folder_of(place));
  const sys::Supervised status = TRY(sys::read_supervised(S, folder));
  UnitState state;
  state.phase = phase_of(status);
  state.is_frozen = status.pid != 0 && (status.is_paused || is_stopped_process(status.pid));
  state.main_pid = status.pid;
  if (status.pid != 0) state.pids.push_back(status.pid);
  state.detail = state.is_frozen ? state.phase + ", paused" : state.phase;
  return state;
}

constexpr std::string_view name_of(sys::Supervisor supervisor) {
  return supervisor == sys::Supervisor::runit ? "runit" : "s6";
}

template <sys::Supervisor S>
Status check(const Place& place, std::string_view verb, sys::Patience& patience) {
  constexpr std::string_view name = name_of(S);
  if (verb == "mask") {
    return cannot(name, "mask", "it starts whatever it is told to start",
                  "stop it instead: service.stop");
  }
  if (verb == "exhaust") {
    return cannot(name, "exhaust", "it never gives up; it starts a dead service again every second",
                  "kill it again and again instead: service.kill");
  }
  TRY_VOID(show<S>(place, patience));
  return ok();
}

Status send(const std::string& folder, char letter) {
  return sys::command_supervisor(folder, std::string_view(&letter, 1));
}

template <sys::Supervisor S>
Status kill(const std::string& folder, int signal) {
  const auto letter = signal_letters.find(signal);
  if (letter != signal_letters.end()) return send(folder, letter->second);
  return cannot(name_of(S), fmt::format("send {} to", sys::signal_name(signal)),
                "it knows only TERM, KILL, HUP, INT, ALRM, QUIT, USR1 and USR2",
                "choose one of these, or use process.signal");
}

template <sys::Supervisor S>
Status act(const Place& place, const Act& act, sys::Patience& patience) {
  TRY_VOID(check<S>(place, act.verb, patience));
  const std::string folder = TRY(folder_of(place));
  const auto shows = [&](const auto& fits) {
    return
        [&place, &patience, fits]() -> Result<bool> { return fits(TRY(show<S>(place, patience))); };
  };
  if (act.verb == "stop") {
    TRY_VOID(send(folder, 'd'));
    return wait_until(shows([](const UnitState& now) { return now.phase == "stopped"; }),
                      place.unit + " did not stop", patience);
  }
  if (act.verb == "start") {
    TRY_VOID(send(folder, 'u'));
    return wait_until(shows([](const UnitState& now) { return now.phase == "running"; }),
                      place.unit + " did not start", patience);
  }
  if (act.verb == "freeze" || act.verb == "thaw") {
    const bool freezes = act.verb == "freeze";
    TRY_VOID(send(folder, freezes ? 'p' : 'c'));
    // The letter is taken at once, its effect shows a moment later.
    return wait_until(shows([freezes](const UnitState& now) {
                        return now.is_frozen == freezes &&
                               (!freezes || is_stopped_process(now.main_pid));
                      }),
                      fmt::format("{} did not {}", place.unit, act.verb), patience);
  }
  if (act.verb == "kill") return kill<S>(folder, act.signal);
  if (act.verb == "restart") return send(folder, S == sys::Supervisor::runit ? 't' : 'r');
  return cannot(name_of(S), act.verb, "there is no such order", "");
}

}  // namespace

extern const Manager runit_manager;
const Manager runit_manager{.name = "runit",
                            .usual_control = "/etc/service",
                            .show = show<sys::Supervisor::runit>,
                            .act = act<sys::Supervisor::runit>,
                            .check = check<sys::Supervisor::runit>};

extern const Manager s6_manager;
const Manager s6_manager{.name = "s6",
                         .usual_control = "/run/service",
                         .show = show<sys::Supervisor::s6>,
                         .act = act<sys::Supervisor::s6>,
                         .check = check<sys::Supervisor::s6>};

}  // namespace squall::reach
