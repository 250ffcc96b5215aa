#include "reach/service/systemd.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/core.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::reach {
namespace {

constexpr std::string_view bus_name = "org.freedesktop.systemd1";
constexpr std::string_view unit_interface = "org.freedesktop.systemd1.Unit";
constexpr std::string_view service_interface = "org.freedesktop.systemd1.Service";
constexpr std::size_t dependents_max = 64;
// Units that only one process or timer or socket hangs on: stopping and starting these is a matter
// of their own.
constexpr std::array<std::string_view, 4> plain_suffixes = {".service", ".socket", ".timer",
                                                            ".path"};

bool is_plain(std::string_view unit) {
  return std::any_of(plain_suffixes.begin(), plain_suffixes.end(),
                     [&](std::string_view suffix) { return unit.ends_with(suffix); });
}

net::BusCall on(std::string path, std::string_view interface) {
  return {.destination = std::string(bus_name),
          .path = std::move(path),
          .interface = std::string(interface),
          .member = {},
          .signature = {},
          .arguments = {}};
}

// "/proc/77/root" of "/proc/77/root/run/dbus/system_bus_socket".
std::string root_of(std::string_view socket) {
  constexpr std::string_view tail = "/root/";
  if (socket.starts_with("unix:path=")) socket.remove_prefix(10);
  if (!socket.starts_with("/proc/")) return "";
  const std::size_t end = socket.find(tail);
  return end == std::string_view::npos ? "" : std::string(socket.substr(0, end + tail.size() - 1));
}

}  // namespace

Result<Systemd> Systemd::open(const std::string& socket, sys::Patience& patience) {
  Result<net::Bus> bus = net::Bus::open(socket, patience);
  if (bus.ok()) return Systemd(std::move(*bus), root_of(socket), patience);
  if (bus.error().code != Code::not_found) return std::move(bus).error();
  return error(Code::unsupported,
               fmt::format("no systemd answers on {}: {}", printable(socket), bus.error().message),
               "name with control the bus of a host that runs systemd, or choose another manager");
}

Result<json::array> Systemd::call(const std::string& member, const std::string& signature,
                                  json::array arguments) {
  net::BusCall call = on("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager");
  call.member = member;
  call.signature = signature;
  call.arguments = std::move(arguments);
  Result<json::array> answer = bus_.call(call, *patience_);
  if (answer.ok()) return answer;
  Error problem = std::move(answer).error();
  if (problem.code == Code::refused) problem.next = "run squall as root";
  return problem;
}

Result<std::string> Systemd::path_of(const std::string& name) {
  const json::array answer = TRY(call("LoadUnit", "s", {json::string(name)}));
  if (answer.empty() || !answer[0].is_string()) {
    return error(Code::conflict, "systemd answered nonsense");
  }
  return std::string(answer[0].get_string());
}

Result<json::object> Systemd::unit(const std::string& name) {
  TRY_VOID(check_unit_name(name));
  if (!is_plain(name)) {
    return error(Code::unsupported,
                 fmt::format("{} is no service, socket, timer or path", quote(name)),
                 "name the unit in full: redis.service");
  }
  const std::string path = TRY(path_of(name));
  json::object properties = TRY(bus_.properties(on(path, unit_interface), *patience_));
  if (text_at(properties, "LoadState") == "not-found") {
    return error(Code::not_found, fmt::format("systemd knows no unit {}", printable(name)),
                 "see systemctl list-units");
  }
  if (!name.ends_with(".service")) return properties;
  for (auto& property : TRY(bus_.properties(on(path, service_interface), *patience_))) {
    properties[property.key()] = std::move(property.value());
  }
  return properties;
}

Result<std::string> Systemd::active_state(const std::string& name) {
  const json::value state =
      TRY(bus_.property(on(TRY(path_of(name)), unit_interface), "ActiveState", *patience_));
  return state.is_string() ? std::string(state.get_string()) : std::string();
}

Result<std::vector<std::string>> Systemd::dependents(const std::string& name) {
  std::set<std::string> found;
  std::vector<std::string> open{name};
  while (!open.empty()) {
    const std::string path = TRY(path_of(open.back()));
    open.pop_back();
    const json::object properties = TRY(bus_.properties(on(path, unit_interface), *patience_));
    for (const char* relation : {"RequiredBy", "BoundBy", "ConsistsOf"}) {
      const json::array* units = array_at(properties, relation);
      if (units == nullptr) continue;
      for (const json::value& unit : *units) {
        const std::string other(unit.as_string());
        if (other == name || found.contains(other)) continue;
        if (TRY(active_state(other)) != "active") continue;
        if (!is_plain(other) || found.size() >= dependents_max) {
          return error(Code::refused,
                       fmt::format("{} would be stopped together with {}", printable(other), name),
                       "choose a unit that less depends on");
        }
        found.insert(other);
        open.push_back(other);
      }
    }
  }
  return std::vector<std::string>(found.begin(), found.end());
}

std::string Systemd::cgroup(const json::object& properties) const {
  const std::string group = text_at(properties, "ControlGroup");
  if (group.empty()) return "";
  // One hierarchy for all, or, where both versions are mounted, the one that systemd counts in.
  for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"}) {
    const std::string directory = root_ + mount + group;
    if (sys::exists(directory + "/cgroup.procs")) return directory;
  }
  return "";
}

}  // namespace squall::reach
