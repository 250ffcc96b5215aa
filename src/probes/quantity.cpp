#include "probes/quantity.h"

#include <array>

#include "core/duration.h"
#include "core/text.h"
#include "core/units.h"

namespace squall::probe {
namespace {

struct TypeWords {
  ValueType type;
  std::string_view name;
  std::string_view example;
};
// In the order of the enumeration.
constexpr std::array<TypeWords, 9> words = {{
    {ValueType::whole_number, "whole number", "200"},
    {ValueType::number, "number", "0.5"},
    {ValueType::duration, "duration", "500 ms"},
    {ValueType::size, "size", "64 KiB"},
    {ValueType::share, "share", "30 %"},
    {ValueType::rate, "rate", "100 /s"},
    {ValueType::text, "text", "ready"},
    {ValueType::yes_or_no, "yes or no", "true"},
    {ValueType::json, "json", "up"},
}};

const TypeWords& words_of(ValueType type) {
  return words[static_cast<std::size_t>(type)];
}

Result<Quantum> parse_bare(ValueType type, std::string_view text) {
  const Node node{.kind = Node::Kind::scalar, .text = std::string(trim(text))};
  const auto whole = node.as_integer();
  const auto number = node.as_number();
  if (whole) return Quantum{type, static_cast<double>(*whole), std::to_string(*whole)};
  if (number && type == ValueType::number) {
    return Quantum{type, *number, render_number(*number)};
  }
  return error(Code::invalid, quote(text) + " is not a " + std::string(type_name(type)),
               "write for example " + std::string(example_of(type)));
}

}  // namespace

std::string_view type_name(ValueType type) {
  return words_of(type).name;
}

std::string_view example_of(ValueType type) {
  return words_of(type).example;
}

std::optional<ValueType> type_from_name(std::string_view name) {
  for (const TypeWords& one : words) {
    if (one.name == name) return one.type;
  }
  return std::nullopt;
}

bool is_quantity(ValueType type) {
  return type != ValueType::text && type != ValueType::yes_or_no && type != ValueType::json;
}

Result<Quantum> parse_quantum(ValueType type, std::string_view text) {
  switch (type) {
    case ValueType::duration: {
      const Duration duration = TRY(parse_duration(text));
      return Quantum{type, static_cast<double>(duration.nanoseconds), render(duration)};
    }
    case ValueType::size: {
      const Bytes bytes = TRY(parse_bytes(text));
      return Quantum{type, static_cast<double>(bytes.count), render(bytes)};
    }
    case ValueType::share: {
      const Share share = TRY(parse_share(text));
      return Quantum{type, share.fraction, render(share)};
    }
    case ValueType::rate: {
      const Rate rate = TRY(parse_rate(text));
      return Quantum{type, rate.per_second, render(rate)};
    }
    case ValueType::whole_number:
    case ValueType::number:
      return parse_bare(type, text);
    case ValueType::text:
    case ValueType::yes_or_no:
    case ValueType::json:
      break;
  }
  return error(Code::invalid, "a " + std::string(type_name(type)) + " has no order");
}

std::optional<Quantum> guess_quantum(std::string_view text) {
  for (const ValueType type : {ValueType::number, ValueType::duration, ValueType::size,
                               ValueType::share, ValueType::rate}) {
    if (Result<Quantum> quantum = parse_quantum(type, text)) return std::move(*quantum);
  }
  return std::nullopt;
}

std::optional<double> amount_of(ValueType type, const json::value& value) {
  if (type == ValueType::whole_number || type == ValueType::number) {
    if (!value.is_number()) return std::nullopt;
    return value.to_number<double>();
  }
  if (!value.is_string()) return std::nullopt;
  const Result<Quantum> quantum = parse_quantum(type, std::string_view(value.get_string()));
  return quantum.ok() ? std::optional(quantum->amount) : std::nullopt;
}

json::value json_of(const Quantum& quantum) {
  if (quantum.type != ValueType::whole_number && quantum.type != ValueType::number) {
    return json::string(quantum.text);
  }
  const Node node{.kind = Node::Kind::scalar, .text = quantum.text};
  return json_from_node(node);
}

std::string shown(ValueType type, const json::value& value) {
  constexpr std::size_t length_max = 60;
  if (value.is_string() && type == ValueType::duration) {
    const Result<Duration> duration = parse_duration(std::string_view(value.get_string()));
    if (duration.ok()) return render_rounded(*duration);
  }
  if (value.is_string() && type == ValueType::size) {
    const Result<Bytes> bytes = parse_bytes(std::string_view(value.get_string()));
    if (bytes.ok()) return render_rounded(*bytes);
  }
  if (value.is_string()) return quote(std::string_view(value.get_string()));
  if (value.is_bool()) return value.get_bool() ? "yes" : "no";
  const std::string text = compact_json(value);
  if (text.size() <= length_max) return printable(text);
  return printable(std::string_view(text).substr(0, length_max)) + "...";
}

}  // namespace squall::probe
