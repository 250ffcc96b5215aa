// What the kinds that act on processes have in common: refusing when there is nobody, naming the
// victims for people, for the wire, and for choices.
#pragma once

#include <string>
#include <vector>

#include "faults/fault.h"

namespace squall::fault {

// Code::not_found with advice when the facts hold no victim.
Status require_victims(const Facts& facts, const Selector& selector);

// "redis-server (pid 4711)"; of several the first four, then "and 3 more".
std::string describe(const sys::Process& victim);
std::string describe(const std::vector<sys::Process>& victims);

// {"pid": 4711, "start_ticks": 123456}, as changes and witnesses take it.
json::object identity(const sys::Process& victim);

// One name per victim for Choices, the same in every run: its command line (its name where it has
// none) and its place among victims of that same command line. Pids differ between runs, so they
// are no part of it. Taking a victim away changes only the names of later ones of the same line.
std::vector<std::string> choice_names(const std::vector<sys::Process>& victims);

}  // namespace squall::fault
