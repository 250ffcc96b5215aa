// What the kinds of the power family have in common: one change in the mount namespace of one
// victim, who stands for everybody in it.
#pragma once

#include <string_view>
#include <vector>

#include "core/duration.h"
#include "core/units.h"
#include "faults/fault.h"

namespace squall::fault {

std::vector<sys::Need> supply_needs(const sys::HostFacts& host);

struct SupplyChange {
  Share from;
  Share to;
  Duration over;
};
// The mains are off. Code::invalid when more than one victim is left after picking: two victims of
// one namespace cannot both be its one change.
Result<Strike> change_supplies(const Facts& facts, const Selector& selector,
                               const SupplyChange& change, std::string_view witness);

}  // namespace squall::fault
