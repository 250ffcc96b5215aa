// Makes a witness::Kind out of typed parts, so that a kind file speaks of its own parameters and
// never of JSON. A kind file reads from top to bottom: what it looks at, the parameters, their
// table, the looking, and at the foot
//
//   extern const Kind kind_process_ended;
//   const Kind kind_process_ended = kind_of<Target>({.name = "process.ended", ...});
#pragma once

#include "witness/witness.h"

namespace squall::witness {

// The same members as Kind, with P in place of json::object.
template <class P>
struct Spec {
  std::string_view name;
  std::string_view about;
  std::string_view dose_unit;
  Duration every;
  bool sees_end = true;
  bool comes_and_goes = false;
  const param::Table<P>* table = nullptr;
  Result<std::unique_ptr<Witness>> (*open)(const P&) = nullptr;
};

// Measures how long each look takes and widens `oldest` by it: what a look saw may have been so at
// any instant of the look.
std::unique_ptr<Witness> timed(std::unique_ptr<Witness> witness);

template <class P>
Kind kind_of(const Spec<P>& spec) {
  CHECK(spec.table && spec.open, "a witness has all its parts");
  Kind kind{.name = spec.name,
            .about = spec.about,
            .dose_unit = spec.dose_unit,
            .every = spec.every,
            .sees_end = spec.sees_end,
            .comes_and_goes = spec.comes_and_goes,
            .table = spec.table};
  kind.open = [spec](const json::object& params) -> Result<std::unique_ptr<Witness>> {
    const P typed = TRY(spec.table->from_json(params), std::string(spec.name));
    return timed(TRY(spec.open(typed), std::string(spec.name)));
  };
  return kind;
}

}  // namespace squall::witness
