// What the kinds that cover a folder with a failing view of itself have in common (change kind
// disk.overlay).
#pragma once

#include <string>
#include <vector>

#include "core/choices.h"
#include "faults/fault.h"

namespace squall::fault {

struct OverlayAsk {
  std::string path;
  std::string effect;  // fail, wait, tear, lose or hold
  std::string error;   // with fail
  std::vector<std::string> works;
  std::string files;  // a pattern; empty = all
  Share share{1};
  Duration delay;
  std::string watched_work;  // by what the witness tries it: one of `works`
};

// For the parameter of that name.
inline constexpr std::string_view about_files =
    "Only files whose path below the folder matches: * stands for any characters, also slashes, ? "
    "for one. Empty: all.";
// Code::invalid for a pattern that a file of the witness could not match as well.
Status check_files(const std::string& pattern);

// Root, and filesystems in user space.
std::vector<sys::Need> overlay_needs(const sys::HostFacts& host);
// The kind's `wants` must name the path among its filesystems. Code::not_found when it
// is not there.
Result<Strike> overlay_strike(const OverlayAsk& ask, const Facts& facts, const Choices& choices,
                              std::uint64_t ordinal);

}  // namespace squall::fault
