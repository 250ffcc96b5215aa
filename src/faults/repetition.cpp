#include "faults/repetition.h"

#include <fmt/core.h>

#include "faults/victims.h"

namespace squall::fault {
namespace {

constexpr Duration shortest_pause = milliseconds(10);

}  // namespace

Status check_repetition(const Repetition& repetition) {
  if (repetition.times > 1 && repetition.every < shortest_pause) {
    return error(Code::invalid,
                 fmt::format("every: {} strikes need a time between them of at least {}",
                             repetition.times, render(shortest_pause)),
                 "add for example every: 30 s");
  }
  if (repetition.times == 1 && repetition.every > Duration{}) {
    return error(Code::invalid, "times: `every` is given, but there is only one strike",
                 "add times: 2 or more, or leave `every` out");
  }
  return ok();
}

std::vector<sys::Process> draw_victims(const Repetition& repetition, const Facts& facts,
                                       const Choices& choices, std::uint64_t ordinal) {
  const std::vector<std::string> names = choice_names(facts.victims);
  std::vector<sys::Process> hit;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (choices.unit(names[i], "hit", ordinal) < repetition.probability.fraction) {
      hit.push_back(facts.victims[i]);
    }
  }
  return hit;
}

}  // namespace squall::fault
