#include "change/services.h"

#include <array>
#include <charconv>

#include <fmt/core.h>

#include "change/reach.h"
#include "core/text.h"

namespace squall::change {
namespace {

constexpr Duration show_limit = seconds(2);
// What squall-reach itself may take on top of the order.
constexpr Duration start_limit = seconds(1);
constexpr std::array<std::string_view, 3> needed = {"dbus.service", "dbus.socket",
                                                    "dbus-broker.service"};

}  // namespace

json::object Service::params() const {
  return {{"manager", manager}, {"control", control}, {"unit", unit}};
}

std::string Service::describe() const {
  return fmt::format("the {} {} {}", manager, manager == "systemd" ? "unit" : "service",
                     printable(unit));
}

Result<json::object> show_service(const Service& service, std::string_view intend) {
  json::object params = service.params();
  params["intend"] = intend;
  params["limit"] = render(show_limit);
  return reach_call("service.show", params, show_limit + start_limit);
}

Status act_on_service(const Service& service, std::string_view act, json::object more,
                      Duration limit) {
  for (const auto& one : service.params()) more[one.key()] = one.value();
  more["act"] = act;
  more["limit"] = render(limit);
  TRY_VOID(reach_call("service.act", more, limit + start_limit));
  return ok();
}

std::vector<sys::ProcessId> processes_of(const json::object& shown) {
  std::vector<sys::ProcessId> ids;
  const json::array* processes = array_at(shown, "processes");
  if (processes == nullptr) return ids;
  for (const json::value& one : *processes) {
    const json::object* id = one.if_object();
    if (id == nullptr) continue;
    ids.push_back(
        {integer_at(*id, "pid"), static_cast<std::uint64_t>(integer_at(*id, "start_ticks"))});
  }
  return ids;
}

Status check_may_touch(const Service& service) {
  if (service.manager != "systemd") return ok();
  const bool is_needed = service.unit.starts_with("systemd-") ||
                         std::find(needed.begin(), needed.end(), service.unit) != needed.end();
  if (!is_needed) return ok();
  return error(
      Code::refused,
      fmt::format("{} is protected: without it the change could not be undone", service.unit),
      "choose a service of the target itself");
}

json::object host_of(std::string_view control) {
  constexpr std::string_view folder = "/proc/";
  const std::size_t at = control.find(folder);
  if (at == std::string::npos) return {};
  const std::string_view rest = control.substr(at + folder.size());
  std::int64_t pid = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), pid);
  const Result<sys::Process> process = sys::read_process(pid);
  if (!process.ok()) return {};
  return {{"pid", pid}, {"start_ticks", static_cast<std::int64_t>(process->id.start_ticks)}};
}

bool host_is_gone(const json::object& before) {
  const json::object* host = object_at(before, "host");
  if (host == nullptr || host->empty()) return false;
  return !sys::is_alive(
      {integer_at(*host, "pid"), static_cast<std::uint64_t>(integer_at(*host, "start_ticks"))});
}

}  // namespace squall::change
