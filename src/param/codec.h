// Codec<V> says how one type of parameter value is written: its name for people, its parse from a
// document node, its canonical rendering, and its JSON Schema. One place per type, so that a
// duration is read and written the same way in a scenario, on the wire, in a journal and on a page.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/duration.h"
#include "core/node.h"
#include "core/result.h"
#include "core/units.h"

namespace squall::param {

template <class V>
struct Codec;

template <>
struct Codec<bool> {
  static constexpr std::string_view type = "yes or no";
  static Result<bool> parse(const Node& node);
  static json::value render(bool value) { return value; }
  static json::object schema();
};

template <>
struct Codec<std::int64_t> {
  static constexpr std::string_view type = "whole number";
  static Result<std::int64_t> parse(const Node& node);
  static json::value render(std::int64_t value) { return value; }
  static json::object schema();
};

template <>
struct Codec<double> {
  static constexpr std::string_view type = "number";
  static Result<double> parse(const Node& node);
  static json::value render(double value) { return value; }
  static json::object schema();
};

template <>
struct Codec<std::string> {
  static constexpr std::string_view type = "text";
  static Result<std::string> parse(const Node& node);
  static json::value render(const std::string& value) { return json::string(value); }
  static json::object schema();
};

// A single scalar is taken for a list of one.
template <>
struct Codec<std::vector<std::string>> {
  static constexpr std::string_view type = "list of texts";
  static Result<std::vector<std::string>> parse(const Node& node);
  static json::value render(const std::vector<std::string>& value);
  static json::object schema();
};

template <>
struct Codec<Duration> {
  static constexpr std::string_view type = "duration";
  static Result<Duration> parse(const Node& node);
  static json::value render(Duration value) { return json::string(squall::render(value)); }
  static json::object schema();
};

template <>
struct Codec<Bytes> {
  static constexpr std::string_view type = "size";
  static Result<Bytes> parse(const Node& node);
  static json::value render(Bytes value) { return json::string(squall::render(value)); }
  static json::object schema();
};

template <>
struct Codec<Share> {
  static constexpr std::string_view type = "share";
  static Result<Share> parse(const Node& node);
  static json::value render(Share value) { return json::string(squall::render(value)); }
  static json::object schema();
};

template <>
struct Codec<Rate> {
  static constexpr std::string_view type = "rate";
  static Result<Rate> parse(const Node& node);
  static json::value render(Rate value) { return json::string(squall::render(value)); }
  static json::object schema();
};

// Any document value, kept as it is: for kinds that take free-form JSON.
template <>
struct Codec<json::value> {
  static constexpr std::string_view type = "any value";
  static Result<json::value> parse(const Node& node) { return json_from_node(node); }
  static json::value render(const json::value& value) { return value; }
  static json::object schema() { return {}; }
};

}  // namespace squall::param
