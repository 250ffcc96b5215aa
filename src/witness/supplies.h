// The power supplies that a process sees: what stands in /sys/class/power_supply below its own
// root folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "param/table.h"
#include "witness/subject.h"

namespace squall::witness {

struct Supply {
  std::string name;            // "BAT0"
  std::string type;            // "Battery", "Mains", "USB"
  std::string status;          // "Discharging"; empty where there is none
  std::optional<int> percent;  // of a battery
  std::optional<bool> online;  // of an adapter
};
// Empty when the process has ended or has no such folder.
Result<std::vector<Supply>> read_supplies(const Subject& subject);

struct SupplyTarget {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;

  sys::ProcessId id() const { return {pid, static_cast<std::uint64_t>(start_ticks)}; }
};
extern const param::Table<SupplyTarget> supply_table;

}  // namespace squall::witness
