#include "param/table.h"

#include <algorithm>
#include <cmath>

namespace squall::param {
namespace detail {

void add_numeric_bounds(json::object& schema, std::optional<double> min,
                        std::optional<double> max) {
  if (min) schema["minimum"] = *min;
  if (max) schema["maximum"] = *max;
}

double between(double low, double high, double unit) {
  return low + (high - low) * unit;
}

std::int64_t between(std::int64_t low, std::int64_t high, double unit) {
  const double span = static_cast<double>(high - low) + 1.0;
  return std::min(high, low + static_cast<std::int64_t>(std::floor(span * unit)));
}

Duration between(Duration low, Duration high, double unit) {
  return {between(low.nanoseconds, high.nanoseconds, unit)};
}

Bytes between(Bytes low, Bytes high, double unit) {
  return {static_cast<std::uint64_t>(
      between(static_cast<std::int64_t>(low.count), static_cast<std::int64_t>(high.count), unit))};
}

Share between(Share low, Share high, double unit) {
  return {between(low.fraction, high.fraction, unit)};
}

Rate between(Rate low, Rate high, double unit) {
  return {between(low.per_second, high.per_second, unit)};
}

}  // namespace detail

json::object AnyTable::schema() const {
  json::object properties;
  json::array required;
  for (const FieldInfo& info : fields()) {
    json::object one = info.schema;
    one["description"] = info.about;
    properties[info.name] = std::move(one);
    if (info.required) required.push_back(json::string(info.name));
  }
  json::object schema{{"type", "object"}, {"additionalProperties", false}};
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

void check_names(const Node& node, const std::vector<FieldName>& fields, Diagnostics& diagnostics) {
  std::vector<std::string> names;
  names.reserve(fields.size());
  for (const FieldName& one : fields) names.emplace_back(one.name);
  if (!node.is_mapping() && !node.is_null()) {
    diagnostics.add(node.mark,
                    fmt::format("parameters are expected here, not {}", kind_name(node.kind)),
                    names.empty() ? "" : "known: " + list_words(names, "and"));
    return;
  }
  for (const Entry& entry : node.entries) {
    if (std::find(names.begin(), names.end(), entry.key) != names.end()) continue;
    const auto meant = closest(entry.key, names);
    diagnostics.add(entry.mark, fmt::format("unknown parameter {}", quote(entry.key)),
                    meant           ? fmt::format("did you mean \"{}\"?", *meant)
                    : names.empty() ? "no parameters are taken here"
                                    : "known: " + list_words(names, "and"));
  }
  for (const FieldName& one : fields) {
    const Node* given = node.find(one.name);
    if (one.required && (given == nullptr || given->is_null())) {
      diagnostics.add(node.mark, fmt::format("\"{}\" is missing", one.name), one.about);
    }
  }
}

}  // namespace squall::param
