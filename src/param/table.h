// A parameter table describes the parameters of one kind once: name, member, bounds, typical range,
// one sentence. From it come the parse (all mistakes at once, with place and hint), the canonical
// rendering, the JSON Schema, the documentation rows and the random draw.
//
//   const Table<Latency> table{{
//       field("delay", &Latency::delay, {.about = "Added to every packet.", .min =
//       milliseconds(0)}),
//   }};
#pragma once

#include <string>
#include <vector>

#include <fmt/core.h>

#include "core/choices.h"
#include "core/diagnostics.h"
#include "core/node.h"
#include "param/field.h"

namespace squall::param {

// What every table can do whatever its parameter type is. Parameters travel in canonical form: a
// JSON object with every field present, quantities as texts with units.
class AnyTable {
 public:
  virtual ~AnyTable() = default;
  virtual std::vector<FieldName> names() const = 0;
  virtual std::vector<FieldInfo> fields() const = 0;
  // Checks a mapping against the table; mistakes are added to `diagnostics`. Returns the canonical
  // form, which is meaningless when anything was added.
  virtual json::object canonical(const Node& node, Diagnostics& diagnostics) const = 0;
  // {"type":"object","properties":{...},"required":[...],"additionalProperties":false}
  json::object schema() const;
};

// Adds "unknown parameter" mistakes (with the closest known name) and missing required ones.
void check_names(const Node& node, const std::vector<FieldName>& fields, Diagnostics& diagnostics);

template <class P>
class Table final : public AnyTable {
 public:
  Table(std::vector<Field<P>> fields) : fields_(std::move(fields)) {}

  std::vector<FieldName> names() const override { return {fields_.begin(), fields_.end()}; }

  std::vector<FieldInfo> fields() const override {
    std::vector<FieldInfo> infos;
    for (const Field<P>& one : fields_) {
      FieldInfo& info = infos.emplace_back();
      info.name = one.name;
      info.about = one.about;
      info.required = one.required;
      one.work->describe(info);
    }
    return infos;
  }

  // A null node reads as an empty mapping. Every mistake is added to `diagnostics`.
  P parse(const Node& node, Diagnostics& diagnostics) const {
    P parameters;
    check_names(node, names(), diagnostics);
    for (const Field<P>& one : fields_) {
      const Node* value = node.find(one.name);
      if (value == nullptr || (value->is_null() && one.required)) continue;
      Status status = one.work->parse(parameters, *value);
      if (!status.ok()) {
        diagnostics.add(value->mark, fmt::format("{}: {}", one.name, status.error().message),
                        status.error().next);
      }
    }
    return parameters;
  }

  // From canonical form or any JSON object; the first mistakes become one error.
  Result<P> from_json(const json::object& object) const {
    Diagnostics diagnostics;
    P parameters = parse(node_from_json(object), diagnostics);
    if (diagnostics.empty()) return parameters;
    const Diagnostic first = diagnostics.sorted().front();
    return error(Code::invalid, first.message, first.hint);
  }

  json::object to_json(const P& parameters) const {
    json::object object;
    for (const Field<P>& one : fields_) object[one.name] = one.work->render(parameters);
    return object;
  }

  json::object canonical(const Node& node, Diagnostics& diagnostics) const override {
    return to_json(parse(node, diagnostics));
  }

  // Every field that has a typical range gets a random value: decision = the field's name.
  P draw(P base, const Choices& choices, std::uint64_t ordinal) const {
    for (const Field<P>& one : fields_) {
      one.work->draw(base, choices.unit("", one.name, ordinal));
    }
    return base;
  }

 private:
  std::vector<Field<P>> fields_;
};

}  // namespace squall::param
