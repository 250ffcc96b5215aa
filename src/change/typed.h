// Lets a change kind be written over its own struct of parameters: the adapter turns the canonical
// JSON of the wire and the journal into that struct, and back, at every verb.
#pragma once

#include <utility>

#include "change/change.h"

namespace squall::change {

template <class P>
struct TypedKind {
  std::string_view name;
  std::string_view about;
  Keeping keeping = Keeping::journaled;
  bool survives_reboot = false;
  const param::Table<P>* table = nullptr;

  Result<Footprint> (*footprint)(const P&) = nullptr;
  Result<json::object> (*capture)(const P&) = nullptr;
  Result<json::object> (*apply)(const P&, const json::object& before) = nullptr;
  Result<std::unique_ptr<Held>> (*hold)(const P&, const json::object& before) = nullptr;
  Result<Presence> (*verify)(const P&, const json::object& before) = nullptr;
  Result<Reverted> (*revert)(const P&, const json::object& before) = nullptr;
  Demand (*outstanding)(const P&, const json::object& before) = nullptr;
  std::string (*leaves)(const P&) = nullptr;
  std::string (*describe)(const P&) = nullptr;
  std::string (*undo)(const P&) = nullptr;
};

template <class P>
Kind make_kind(const TypedKind<P>& typed) {
  Kind kind;
  kind.name = typed.name;
  kind.about = typed.about;
  kind.keeping = typed.keeping;
  kind.survives_reboot = typed.survives_reboot;
  kind.table = typed.table;
  const param::Table<P>* table = typed.table;
  const auto with_params = [table](auto* verb) {
    return [table, verb](const json::object& params) -> decltype(verb(std::declval<P>())) {
      return verb(TRY(table->from_json(params)));
    };
  };
  const auto with_before = [table](auto* verb) {
    return [table, verb](const json::object& params,
                         const json::object& before) -> decltype(verb(std::declval<P>(), before)) {
      return verb(TRY(table->from_json(params)), before);
    };
  };
  const auto as_text = [table](auto* verb) {
    return [table, verb](const json::object& params) -> std::string {
      const Result<P> parsed = table->from_json(params);
      return parsed.ok() ? verb(*parsed) : "(" + parsed.error().message + ")";
    };
  };
  kind.footprint = with_params(typed.footprint);
  kind.capture = with_params(typed.capture);
  if (typed.apply != nullptr) kind.apply = with_before(typed.apply);
  if (typed.hold != nullptr) kind.hold = with_before(typed.hold);
  if (typed.verify != nullptr) kind.verify = with_before(typed.verify);
  if (typed.revert != nullptr) kind.revert = with_before(typed.revert);
  if (typed.outstanding != nullptr) {
    kind.outstanding = [table, verb = typed.outstanding](const json::object& params,
                                                         const json::object& before) {
      const Result<P> parsed = table->from_json(params);
      return parsed.ok() ? verb(*parsed, before) : Demand{};
    };
  }
  if (typed.leaves != nullptr) kind.leaves = as_text(typed.leaves);
  kind.describe = as_text(typed.describe);
  kind.undo = as_text(typed.undo);
  return kind;
}

}  // namespace squall::change
