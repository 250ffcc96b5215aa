// Looking at the host for a fault that is about to be planned.
#pragma once

#include "core/choices.h"
#include "faults/fault.h"
#include "scenario/plan.h"

namespace squall::engine {

// What the fault wants to know, as it is now. Processes that must not be touched are not left out
// here: refusing them is the guardian's part. Code::unsupported when this user has no right to
// touch a victim.
Result<fault::Facts> gather_facts(const fault::Wants& wants, const sys::HostFacts& host,
                                  const Choices& choices, std::uint64_t ordinal);

// Finds the victims and plans one strike.
Result<fault::Strike> plan_strike(const fault::Kind& kind, const scenario::PlannedFault& fault,
                                  const sys::HostFacts& host, std::uint64_t seed,
                                  std::uint64_t ordinal);

}  // namespace squall::engine
