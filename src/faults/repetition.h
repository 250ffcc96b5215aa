// What the faults that strike again and again have in common: how often, how many times, and how
// likely each victim is hit.
//
//   struct Kill : Repetition { Selector select; ... };
//   const param::Table<Kill> table{with_repetition<Kill>({param::field("select", ...)})};
#pragma once

#include <utility>
#include <vector>

#include "faults/fault.h"

namespace squall::fault {

struct Repetition {
  Duration every;
  Share probability{1};
  std::int64_t times = 1;
};

// The fields of a kind whose parameters derive from Repetition, followed by those of Repetition.
template <class P>
std::vector<param::Field<P>> with_repetition(std::vector<param::Field<P>> fields) {
  const auto of_p = [](auto Repetition::*member) {
    using Value = std::remove_reference_t<decltype(std::declval<Repetition>().*member)>;
    return static_cast<Value P::*>(member);
  };
  fields.push_back(
      param::field("every", of_p(&Repetition::every),
                   {.about = "Time between two strikes; needed when `times` is above 1.",
                    .min = Duration{},
                    .max = minutes(24 * 60)}));
  fields.push_back(param::field(
      "probability", of_p(&Repetition::probability),
      {.about = "How likely each victim is hit at each strike, decided for each alone.",
       .min = Share{0.001},
       .max = Share{1},
       .typical_low = Share{0.1},
       .typical_high = Share{1}}));
  fields.push_back(param::field("times", of_p(&Repetition::times),
                                {.about = "How many strikes.",
                                 .min = 1,
                                 .max = 100'000,
                                 .typical_low = 1,
                                 .typical_high = 10}));
  return fields;
}

// Refuses strikes without a time between them, and a time between strikes where there is only one.
Status check_repetition(const Repetition& repetition);

// The victims that chance did not spare at this strike, in their order. Drawn for each alone, so
// that taking one away changes nobody else's fate.
std::vector<sys::Process> draw_victims(const Repetition& repetition, const Facts& facts,
                                       const Choices& choices, std::uint64_t ordinal);

// The chance is drawn by draw_victims; the strike itself always takes place.
template <class P>
Repeat repeat_of(const P& params) {
  return {.every = params.every, .probability = 1, .times = params.times};
}

}  // namespace squall::fault
