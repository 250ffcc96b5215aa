#include "scenario/schema.h"

#include <fmt/core.h>

#include "scenario/language.h"

namespace squall::scenario {
namespace {

json::object reference_to(std::string_view definition) {
  return {{"$ref", fmt::format("#/$defs/{}", definition)}};
}

// Whether a text such as "${redis.port}" fits the schema as it is.
bool takes_any_text(const json::object& one) {
  if (one.contains("pattern") || one.contains("enum") || one.contains("anyOf")) return false;
  const json::value* type = one.if_contains("type");
  if (type == nullptr) return true;
  if (type->is_string()) return type->get_string() == "string";
  for (const json::value& name : type->get_array()) {
    if (name.get_string() == "string") return true;
  }
  return false;
}

// A value may be a reference whatever its type, so every other type is widened by it.
void allow_references(json::object& object_schema) {
  for (auto& [name, value] : object_schema["properties"].as_object()) {
    json::object one = value.as_object();
    json::object widened;
    if (const json::value* about = one.if_contains("description")) widened["description"] = *about;
    one.erase("description");
    if (one.contains("properties")) allow_references(one);
    if (takes_any_text(one)) {
      for (const auto& [key, member] : one) widened[key] = member;
    } else {
      widened["anyOf"] = json::array{one, reference_to("reference")};
    }
    value = std::move(widened);
  }
}

json::object words_schema(const param::AnyTable& table) {
  json::object made = table.schema();
  allow_references(made);
  return made;
}

json::object list_of(json::object item, std::string_view about) {
  return {{"description", about}, {"type", "array"}, {"items", std::move(item)}};
}

// The parameters of a kind: nothing at all will do where none is required.
json::object params_property(const param::AnyTable& table, std::string_view definition,
                             std::string_view about) {
  bool all_optional = true;
  for (const param::FieldName& one : table.names()) all_optional = all_optional && !one.required;
  json::array ways = {reference_to(definition), reference_to("reference")};
  if (all_optional) ways.push_back(json::object{{"type", "null"}});
  return {{"description", about}, {"anyOf", std::move(ways)}};
}

// An item is its words and exactly one of the kinds.
struct Item {
  json::object schema;
  json::array kinds;  // [{"required": [name]}, ...]

  explicit Item(const param::AnyTable& words) : schema(words_schema(words)) {}
  void add_kind(std::string_view name, json::object params) {
    schema["properties"].as_object()[name] = std::move(params);
    kinds.push_back(json::object{{"required", json::array{name}}});
  }
  json::object finish() {
    schema["oneOf"] = std::move(kinds);
    return std::move(schema);
  }
};

json::object check_schema(const param::AnyTable& words, const probe::Catalogue& probes) {
  Item item(words);
  json::array expectations;
  for (const probe::Kind* kind : probes) {
    const std::string definition = fmt::format("probe.{}", kind->name);
    item.add_kind(kind->name, params_property(*kind->table, definition, kind->about));
    json::object values;
    for (const probe::Value& value : kind->values) {
      values[value.name] = {{"description", fmt::format("{} ({})", value.about, value.type)}};
    }
    expectations.push_back(json::object{
        {"if", {{"required", json::array{kind->name}}}},
        {"then", {{"properties", {{"expect", {{"properties", std::move(values)}}}}}}}});
  }
  item.schema["properties"].as_object()["expect"] = {
      {"description", "Which samples are good, over the values that the probe measures."}};
  item.schema["allOf"] = std::move(expectations);
  return item.finish();
}

json::object fault_schema(const fault::Catalogue& faults) {
  Item item(fault_words());
  for (const fault::Kind* kind : faults) {
    const std::string definition = fmt::format("fault.{}", kind->name);
    item.add_kind(kind->name, params_property(*kind->table, definition, kind->summary));
  }
  return item.finish();
}

json::object definitions(const fault::Catalogue& faults, const probe::Catalogue& probes) {
  json::object made;
  made["reference"] = {{"description", "A reference: ${name}, ${env:NAME} or ${file:/PATH}."},
                       {"type", "string"},
                       {"pattern", "\\$\\{[^}]+\\}"}};
  made["fault"] = fault_schema(faults);
  made["steady"] = check_schema(steady_words(), probes);
  made["during"] = check_schema(during_words(), probes);
  made["gate"] = check_schema(gate_words(), probes);
  for (const fault::Kind* kind : faults) {
    made[fmt::format("fault.{}", kind->name)] = words_schema(*kind->table);
  }
  for (const probe::Kind* kind : probes) {
    made[fmt::format("probe.{}", kind->name)] = words_schema(*kind->table);
  }
  return made;
}

}  // namespace

json::object schema(const fault::Catalogue& faults, const probe::Catalogue& probes) {
  json::object whole = words_schema(document_words());
  json::object& parts = whole["properties"].as_object();
  parts["risk"] = words_schema(risk_words());
  parts["recover"] = words_schema(recover_words());
  parts["fingerprint"] = words_schema(fingerprint_words());
  parts["targets"] = {{"description", "Names for references, as in a target map."},
                      {"type", json::array{"object", "null"}}};
  parts["steady_state"] = list_of(reference_to("steady"), "Must hold before, and again after.");
  parts["during"] = list_of(reference_to("during"),
                            "Must hold from the first fault to the last "
                            "revert.");
  parts["detect"] = list_of(reference_to("gate"), "Must be met once: the failure was noticed.");
  parts["heal"] = list_of(reference_to("gate"), "Must be met once: the failure was healed.");
  parts["faults"] = list_of(reference_to("fault"), "What is broken.");
  parts["abort"] = list_of(words_schema(stop_words()), "What stops the run at once.");
  parts["steady_state"].as_object()["minItems"] = 1;
  parts["faults"].as_object()["minItems"] = 1;
  whole["required"] = json::array{"scenario", "steady_state", "faults"};

  json::object made{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                    {"title", "squall scenario"}};
  for (auto& [key, value] : whole) made[key] = std::move(value);
  made["$defs"] = definitions(faults, probes);
  return made;
}

}  // namespace squall::scenario
