// Makes a fault::Kind out of typed parts, so that a kind file speaks of its own parameters and
// never of JSON: the wrapper parses what arrives, checks it, and hands a struct to plain functions.
//
// A kind file reads from top to bottom: what the victim feels, the parameters, their table, what
// the host must offer, the plan, and at the foot
//
//   extern const Kind kind_process_pause;
//   const Kind kind_process_pause = kind_of<Pause>({.name = "process.pause", ...});
#pragma once

#include "faults/fault.h"

namespace squall::fault {

// The same members as Kind, with P in place of json::object.
template <class P>
struct Spec {
  std::string_view name;
  std::string_view summary;
  std::string_view mechanism;
  std::string_view undo;
  std::string_view limits;
  std::string_view accuracy;
  Lasting lasting = Lasting::spell;
  std::string_view irreversible;
  std::string_view example;
  const param::Table<P>* table = nullptr;

  std::vector<sys::Need> (*needs)(const sys::HostFacts&) = nullptr;
  // Mistakes that only several parameters together show; may be absent. Code::invalid with a hint.
  // Runs before `wants`, so that `squall check` finds them without looking at the host.
  Status (*check)(const P&) = nullptr;
  Wants (*wants)(const P&) = nullptr;
  Result<Strike> (*plan)(const P&, const Facts&, const Choices&, std::uint64_t ordinal) = nullptr;
  Repeat (*repeat)(const P&) = nullptr;  // may be absent
};

template <class P>
Result<P> read_params(const Spec<P>& spec, const json::object& params) {
  P typed = TRY(spec.table->from_json(params), std::string(spec.name));
  if (spec.check != nullptr) TRY_VOID(spec.check(typed), std::string(spec.name));
  return typed;
}

template <class P>
Kind kind_of(const Spec<P>& spec) {
  CHECK(spec.table && spec.needs && spec.wants && spec.plan, "a kind has all its parts");
  Kind kind{.name = spec.name,
            .summary = spec.summary,
            .mechanism = spec.mechanism,
            .undo = spec.undo,
            .limits = spec.limits,
            .accuracy = spec.accuracy,
            .lasting = spec.lasting,
            .irreversible = spec.irreversible,
            .example = spec.example,
            .table = spec.table,
            .needs = spec.needs};
  kind.wants = [spec](const json::object& params) -> Result<Wants> {
    return spec.wants(TRY(read_params(spec, params)));
  };
  kind.plan = [spec](const json::object& params, const Facts& facts, const Choices& choices,
                     std::uint64_t ordinal) -> Result<Strike> {
    return spec.plan(TRY(read_params(spec, params)), facts, choices, ordinal);
  };
  if (spec.repeat != nullptr) {
    kind.repeat = [spec](const json::object& params) -> Result<Repeat> {
      return spec.repeat(TRY(read_params(spec, params)));
    };
  }
  return kind;
}

}  // namespace squall::fault
