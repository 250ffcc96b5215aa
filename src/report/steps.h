// The four steps that a drill must pass: injected, detected, healed, verified.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "engine/evidence.h"
#include "engine/verdict.h"

namespace squall::report {

enum class StepState { passed, failed, not_asked, not_needed, not_reached };

struct Step {
  std::string name;  // "injected"
  StepState state = StepState::not_reached;
  std::string time;                  // "0.8 to 1.3 ms": the measured time; may be empty
  std::vector<std::string> details;  // one line each; at least one
};

std::array<Step, 4> steps_of(const engine::Evidence& evidence, const engine::Verdict& verdict);

}  // namespace squall::report
