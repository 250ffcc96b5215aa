// What a service manager can be asked and told, whichever it is. One file for each of them;
// managers.cpp lists them.
//
// Whoever calls never trusts that an order was carried out because it was taken: acts end only when
// the manager shows the wanted state, or with Code::timed_out.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/node.h"
#include "core/result.h"
#include "sys/patience.h"

namespace squall::reach {

// Where a unit is.
struct Place {
  // How the manager is reached: systemd the socket of its bus, supervisor the socket of its
  // interface, runit and s6 the folder that holds the folders of the services. Never empty.
  std::string control;
  std::string unit;
};

struct UnitState {
  std::string phase;  // running, starting, stopping, stopped, failed
  bool is_masked = false;
  bool is_frozen = false;
  std::int64_t main_pid = 0;            // as the manager numbers it; 0: none
  std::vector<std::int64_t> pids;       // the unit's processes, as we number them
  std::vector<std::string> dependents;  // what runs now and would be stopped with it, sorted
  std::string detail;                   // for people: "active (running)"
};

struct Act {
  std::string verb;               // stop, start, mask, unmask, freeze, thaw, kill, restart, exhaust
  int signal = 0;                 // kill only
  bool main_only = false;         // kill only: spare the other processes of the unit
  std::vector<std::string> also;  // start only: units to start afterwards
};

struct Manager {
  std::string_view name;
  std::string_view usual_control;
  Result<UnitState> (*show)(const Place& place, sys::Patience& patience);
  // Errors: Code::unsupported with the reason for what this manager cannot do.
  Status (*act)(const Place& place, const Act& act, sys::Patience& patience);
  // Whether an act could be done and undone, found out without touching anything. `verb` as in Act.
  Status (*check)(const Place& place, std::string_view verb, sys::Patience& patience);
};

// Code::invalid when there is no manager of this name.
Result<const Manager*> find_manager(std::string_view name);

// Asks `is_done` again and again. Code::timed_out with "`what` within 5 s" when the patience ends
// first.
Status wait_until(const std::function<Result<bool>()>& is_done, const std::string& what,
                  sys::Patience& patience);

// The name of a unit is one word of a path.
Status check_unit_name(std::string_view unit);
Error cannot(std::string_view manager, std::string_view verb, std::string_view why,
             std::string_view instead);

}  // namespace squall::reach
