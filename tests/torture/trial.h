// One trial of the torture: a target, a runner, a blow, and a look at what is left.
#pragma once

#include <cstdint>
#include <string>

#include "core/duration.h"

namespace squall::torture {

// How long a change lives without a word from its runner.
inline constexpr Duration lease = milliseconds(500);

struct Setting {
  std::uint64_t seed = 1;
  std::string state_folder;
  std::string guardian;  // the guardian that can be told to die at a step
};

struct Outcome {
  std::string kind;     // the change
  std::string blow;     // who was killed, and how
  std::string problem;  // empty: the host is as it was
  Duration took;        // from the blow (or the next start) until the host was as before
};

// The same seed and number always make the same trial, up to what the scheduler does.
Outcome run_trial(const Setting& setting, int number);

std::string program_beside(const std::string& name);

}  // namespace squall::torture
