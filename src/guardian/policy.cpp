#include "guardian/policy.h"

#include <functional>
#include <map>

#include <fmt/core.h>

#include "core/text.h"
#include "core/units.h"
#include "sys/file.h"

namespace squall::guardian {
namespace {

// False when the value is none for the name.
using Setter = std::function<bool(Policy&, const std::string& value)>;

std::optional<double> positive_number(const std::string& value) {
  const Result<Quantity> quantity = parse_quantity(value);
  if (!quantity.ok() || !quantity->unit.empty() || quantity->number <= 0) return std::nullopt;
  return quantity->number;
}

template <class Number>
Setter number(Number Policy::*member) {
  return [member](Policy& policy, const std::string& value) {
    const std::optional<double> found = positive_number(value);
    if (found) policy.*member = static_cast<Number>(*found);
    return found.has_value();
  };
}

Setter path(std::vector<std::string> Policy::*member) {
  return [member](Policy& policy, const std::string& value) {
    if (value.starts_with('/')) (policy.*member).push_back(value);
    return value.starts_with('/');
  };
}

// "10 %", or an amount: bytes with their unit, or a count.
Setter reserve(Reserve Policy::*member, bool is_bytes) {
  return [member, is_bytes](Policy& policy, const std::string& value) {
    if (const Result<Share> share = parse_share(value); share.ok() && share->fraction <= 1) {
      policy.*member = {.share = share->fraction};
      return true;
    }
    if (is_bytes) {
      const Result<Bytes> bytes = parse_bytes(value);
      if (bytes.ok()) policy.*member = {.amount = static_cast<double>(bytes->count)};
      return bytes.ok();
    }
    const std::optional<double> count = positive_number(value);
    if (count) policy.*member = {.amount = *count};
    return count.has_value();
  };
}

const std::map<std::string_view, Setter>& setters() {
  static const std::map<std::string_view, Setter> all = {
      {"changes_max", number(&Policy::changes_max)},
      {"processes_max", number(&Policy::processes_max)},
      {"cores_max", number(&Policy::cores_max)},
      {"allow_commands",
       [](Policy& policy, const std::string& value) {
         policy.allow_commands = value == "yes";
         return value == "yes" || value == "no";
       }},
      {"protect_path", path(&Policy::protected_paths)},
      {"allow_path", path(&Policy::allowed_paths)},
      {"protect_port",
       [](Policy& policy, const std::string& value) {
         const std::optional<double> port = positive_number(value);
         if (port) policy.protected_ports.push_back(static_cast<int>(*port));
         return port.has_value();
       }},
      {"memory_reserve", reserve(&Policy::memory_reserve, true)},
      {"disk_reserve", reserve(&Policy::disk_reserve, true)},
      {"descriptors_reserve", reserve(&Policy::descriptors_reserve, false)},
      {"processes_reserve", reserve(&Policy::processes_reserve, false)},
      {"guard_disk", path(&Policy::guarded_disks)},
  };
  return all;
}

}  // namespace

Result<Policy> read_policy(const std::string& path) {
  Policy policy;
  if (!sys::exists(path)) return policy;
  const std::string text = TRY(sys::read_file(path, 1 << 20), "reading the policy");
  int line_number = 0;
  for (const std::string& whole : split(text, '\n')) {
    ++line_number;
    const std::string_view line = trim(std::string_view(whole).substr(0, whole.find('#')));
    if (line.empty()) continue;
    const std::size_t blank = line.find_first_of(" \t");
    const std::string value(blank == std::string_view::npos ? "" : trim(line.substr(blank)));
    const auto setter = setters().find(line.substr(0, blank));
    if (setter != setters().end() && setter->second(policy, value)) continue;
    return error(
        Code::invalid,
        fmt::format("{}:{}: \"{}\" is not understood", path, line_number, printable(line)),
        "lines are: changes_max N, processes_max N, cores_max N, allow_commands yes or no, "
        "protect_path /P, allow_path /P, protect_port N, "
        "memory_reserve and disk_reserve 5 % or 2 GiB, descriptors_reserve and processes_reserve "
        "5 % or N, guard_disk /P");
  }
  return policy;
}

}  // namespace squall::guardian
