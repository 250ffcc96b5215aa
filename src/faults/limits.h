// How the kinds that limit a victim through control groups turn "these attributes on these victims"
// into changes, on both versions of control groups.
//
//  - version 1: a fence, a new group inside the one where each victim stands, gets the attributes,
//    and the victims move into it. Limits that held them before go on holding.
//  - version 2: processes live only in leaves, so the attributes are set on the victim's own group.
//    A victim in the root, which takes no limits, moves into a fence below it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/choices.h"
#include "faults/fault.h"

namespace squall::fault {

struct CgroupAttribute {
  std::string name;  // "cpu.max"
  std::string value;
};

// One limit, said for both versions. An empty name of a controller means that this version has no
// such limit.
struct CgroupLimit {
  std::string_view v1_controller;  // "blkio"
  std::vector<CgroupAttribute> v1;
  std::string_view v2_controller;  // "io"
  std::vector<CgroupAttribute> v2;
};

// The controller, or why this host cannot hold anybody to this limit.
sys::Need need_controller(const sys::HostFacts& host, std::string_view v1_controller,
                          std::string_view v2_controller);

// Victims of one group share the limit. The kind's `wants` must name both controllers.
// Code::unsupported where the host has neither.
Result<std::vector<change::Request>> limit_victims(const CgroupLimit& limit, const Facts& facts,
                                                   const Choices& choices, std::uint64_t ordinal);

// True where limit_victims would use version 1.
bool uses_v1(const sys::HostFacts& host, std::string_view v1_controller);

}  // namespace squall::fault
