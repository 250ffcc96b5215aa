#include "faults/services.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"

namespace squall::fault {
namespace {

constexpr std::array<std::string_view, 4> suffixes = {".service", ".socket", ".timer", ".path"};

std::string full_name(const Unit& unit) {
  const bool is_full = std::any_of(suffixes.begin(), suffixes.end(), [&](std::string_view suffix) {
    return unit.unit.ends_with(suffix);
  });
  if (unit.manager != ServiceManager::systemd || is_full) return unit.unit;
  return unit.unit + ".service";
}

}  // namespace

std::string manager_name(ServiceManager manager) {
  static constexpr std::array<const char*, 4> names = {"systemd", "runit", "s6", "supervisor"};
  return names.at(static_cast<std::size_t>(manager));
}

json::object identity(const Unit& unit) {
  return {{"manager", manager_name(unit.manager)},
          {"control", unit.control},
          {"unit", full_name(unit)}};
}

std::string describe(const Unit& unit) {
  return fmt::format("{} ({})", printable(full_name(unit)), manager_name(unit.manager));
}

Status check_unit(const Unit& unit) {
  const bool is_word =
      !unit.unit.empty() && unit.unit[0] != '.' && unit.unit.size() < 256 &&
      unit.unit.find_first_of(std::string_view("/ \t\n\0", 5)) == std::string::npos;
  if (!is_word) {
    return error(Code::invalid,
                 fmt::format("unit: {} is not the name of a service", quote(unit.unit)),
                 "name it as its manager does, without a path: redis.service");
  }
  if (unit.control.empty() || unit.control.starts_with('/')) return ok();
  return error(Code::invalid,
               fmt::format("control: {} is not an absolute path", quote(unit.control)),
               "name the socket of the manager, or the folder that holds its services");
}

Status check_is_systemd(const Unit& unit, std::string_view what, std::string_view instead) {
  if (unit.manager == ServiceManager::systemd) return ok();
  return error(Code::unsupported,
               fmt::format("manager: {} cannot {}", manager_name(unit.manager), what),
               std::string(instead));
}

std::vector<sys::Need> service_needs(const sys::HostFacts&) {
  return {note("a service manager that answers where `control` says, and knows the service"),
          note("the right to give it orders: root, or the user whose manager it is")};
}

}  // namespace squall::fault
