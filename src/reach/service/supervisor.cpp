// supervisor (supervisord.org): XML-RPC over its unix socket. A service is a program, or
// "group:program" where it is one of a group.
#include <fmt/core.h>

#include "core/text.h"
#include "net/xml_rpc.h"
#include "reach/service/managers.h"
#include "sys/process.h"

namespace squall::reach {
namespace {

constexpr std::string_view name = "supervisor";

Result<json::value> call(const Place& place, const std::string& method, json::array arguments,
                         sys::Patience& patience) {
  Result<json::value> answer = net::call_xml_rpc({.unix_path = place.control,
                                                  .method = "supervisor." + method,
                                                  .arguments = std::move(arguments)},
                                                 patience);
  if (answer.ok()) return answer;
  Error problem = std::move(answer).error();
  const std::string unit = printable(place.unit);
  if (problem.message.starts_with("BAD_NAME")) {
    return error(Code::not_found, fmt::format("supervisor knows no program {}", unit),
                 "see supervisorctl status; one of a group is written group:program");
  }
  const bool is_absent =
      problem.code == Code::not_found || problem.message.starts_with("connection refused");
  if (is_absent) {
    return error(Code::unsupported,
                 fmt::format("no supervisor answers on {}", printable(place.control)),
                 "start supervisord, or name its unix_http_server socket with control");
  }
  return problem;
}

std::string phase_of(std::string_view state) {
  if (state == "RUNNING") return "running";
  if (state == "STARTING" || state == "BACKOFF") return "starting";
  if (state == "STOPPING") return "stopping";
  return state == "FATAL" ? "failed" : "stopped";
}

Result<UnitState> show(const Place& place, sys::Patience& patience) {
  TRY_VOID(check_unit_name(place.unit));
  const json::value answer =
      TRY(call(place, "getProcessInfo", {json::string(place.unit)}, patience));
  const json::object* info = answer.if_object();
  if (info == nullptr) return error(Code::conflict, "supervisor answered nonsense");
  UnitState state;
  state.detail = text_at(*info, "statename");
  state.phase = phase_of(state.detail);
  state.main_pid = integer_at(*info, "pid");
  if (state.main_pid == 0) return state;
  state.pids.push_back(state.main_pid);
  const Result<sys::Process> process = sys::read_process(state.main_pid);
  state.is_frozen = process.ok() && process->state == 'T';
  return state;
}

Status check(const Place& place, std::string_view verb, sys::Patience& patience) {
  if (verb == "mask") {
    return cannot(name, verb, "it starts whatever it is told to start",
                  "stop it instead: service.stop");
  }
  if (verb == "exhaust") {
    return cannot(name, verb, "it gives up only on programs that end while they start", "");
  }
  if (verb == "restart") {
    return cannot(name, verb,
                  "that takes a stop and a start, and if squall died between the two, nobody would "
                  "start it",
                  "use service.kill, after which supervisor starts it, or service.stop");
  }
  TRY_VOID(show(place, patience));
  return ok();
}

// "KILL" as signalProcess wants it.
std::string short_name(int signal) {
  std::string text = sys::signal_name(signal);
  return text.starts_with("SIG") ? text.substr(3) : text;
}

Status signal_main(const Place& place, const std::string& signal, sys::Patience& patience) {
  TRY_VOID(
      call(place, "signalProcess", {json::string(place.unit), json::string(signal)}, patience));
  return ok();
}

Status act(const Place& place, const Act& act, sys::Patience& patience) {
  TRY_VOID(check(place, act.verb, patience));
  const auto wait_for = [&](std::string_view phase, std::string_view what) {
    return wait_until(
        [&]() -> Result<bool> {
          return TRY(show(place, patience))
          .phase == phase;
        },
        fmt::format("{} did not {}", place.unit, what), patience);
  };
  if (act.verb == "stop" || act.verb == "start") {
    const bool stops = act.verb == "stop";
    const Result<json::value> told = call(place, stops ? "stopProcess" : "startProcess",
                                          {json::string(place.unit), false}, patience);
    // NOT_RUNNING and ALREADY_STARTED: it is as wanted, or on its way.
    const bool is_known = !told.ok() && (told.error().message.starts_with("NOT_RUNNING") ||
                                         told.error().message.starts_with("ALREADY_STARTED"));
    if (!told.ok() && !is_known) return told.error();
    return stops ? wait_for("stopped", "stop") : wait_for("running", "start");
  }
  if (act.verb == "kill") return signal_main(place, short_name(act.signal), patience);
  if (act.verb == "freeze" || act.verb == "thaw") {
    const bool freezes = act.verb == "freeze";
    TRY_VOID(signal_main(place, freezes ? "STOP" : "CONT", patience));
    return wait_until(
        [&]() -> Result<bool> {
          return TRY(show(place, patience))
          .is_frozen == freezes;
        },
        fmt::format("{} did not {}", place.unit, act.verb), patience);
  }
  return cannot(name, act.verb, "there is no such order", "");
}

}  // namespace

extern const Manager supervisor_manager;
const Manager supervisor_manager{.name = name,
                                 .usual_control = "/run/supervisor.sock",
                                 .show = show,
                                 .act = act,
                                 .check = check};

}  // namespace squall::reach
