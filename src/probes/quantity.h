// The types of values that probes measure, and how a value of each is read, compared and shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/node.h"
#include "core/result.h"

namespace squall::probe {

enum class ValueType { whole_number, number, duration, size, share, rate, text, yes_or_no, json };

// "whole number", "duration", "yes or no": the names used in probe::Value.
std::string_view type_name(ValueType type);
std::optional<ValueType> type_from_name(std::string_view name);
// How a value of the type is written, for hints: "500 ms".
std::string_view example_of(ValueType type);
// True for the types that have an order: numbers and everything with a unit.
bool is_quantity(ValueType type);

// A quantity in the base unit of its type: nanoseconds, bytes, a fraction, events in a second.
struct Quantum {
  ValueType type = ValueType::number;
  double amount = 0;
  std::string text;  // canonical: "1.5 s", "200"
};

// Errors: Code::invalid with a hint, such as for a missing or a wrong unit.
Result<Quantum> parse_quantum(ValueType type, std::string_view text);
// For values whose type is not known beforehand: a bare number, or anything with a known unit.
std::optional<Quantum> guess_quantum(std::string_view text);
// A measured value as an amount; nullopt when it is not of that type.
std::optional<double> amount_of(ValueType type, const json::value& value);
// As it stands in a tolerance: bare numbers as numbers, all else as a text.
json::value json_of(const Quantum& quantum);
// For people, short and printable: 831 ms, "the text", {"a":1}.
std::string shown(ValueType type, const json::value& value);

}  // namespace squall::probe
