#include "param/codec.h"

#include <fmt/core.h>

#include "core/text.h"

namespace squall::param {
namespace {

Error expected(std::string_view type, const Node& node) {
  if (node.is_scalar()) {
    return error(Code::invalid, fmt::format("{} is not a {}", quote(node.text), type));
  }
  return error(Code::invalid,
               fmt::format("a {} is expected here, not {}", type, kind_name(node.kind)));
}

json::object text_schema(std::string_view pattern) {
  return {{"type", "string"}, {"pattern", pattern}};
}

}  // namespace

Result<bool> Codec<bool>::parse(const Node& node) {
  if (const auto truth = node.as_bool()) return *truth;
  return expected("boolean (true or false)", node);
}
json::object Codec<bool>::schema() {
  return {{"type", "boolean"}};
}

Result<std::int64_t> Codec<std::int64_t>::parse(const Node& node) {
  if (const auto number = node.as_integer()) return *number;
  return expected("whole number", node);
}
json::object Codec<std::int64_t>::schema() {
  return {{"type", "integer"}};
}

Result<double> Codec<double>::parse(const Node& node) {
  if (const auto number = node.as_number()) return *number;
  return expected("number", node);
}
json::object Codec<double>::schema() {
  return {{"type", "number"}};
}

Result<std::string> Codec<std::string>::parse(const Node& node) {
  if (node.is_scalar()) return node.text;
  return expected("text", node);
}
json::object Codec<std::string>::schema() {
  return {{"type", json::array{"string", "number"}}};
}

Result<std::vector<std::string>> Codec<std::vector<std::string>>::parse(const Node& node) {
  if (node.is_scalar()) return std::vector<std::string>{node.text};
  if (!node.is_sequence()) return expected("list of texts", node);
  std::vector<std::string> texts;
  for (const Node& item : node.items) {
    if (!item.is_scalar()) return expected("text", item);
    texts.push_back(item.text);
  }
  return texts;
}
json::value Codec<std::vector<std::string>>::render(const std::vector<std::string>& value) {
  json::array array;
  for (const std::string& text : value) array.push_back(json::string(text));
  return array;
}
json::object Codec<std::vector<std::string>>::schema() {
  return {{"type", json::array{"array", "string"}},
          {"items", {{"type", json::array{"string", "number"}}}}};
}

Result<Duration> Codec<Duration>::parse(const Node& node) {
  if (!node.is_scalar()) return expected("duration", node);
  return parse_duration(node.text);
}
json::object Codec<Duration>::schema() {
  return text_schema("^(0|[0-9]+(\\.[0-9]+)? ?(ns|us|ms|s|min|h|d))$|\\$\\{");
}

Result<Bytes> Codec<Bytes>::parse(const Node& node) {
  if (!node.is_scalar()) return expected("size", node);
  return parse_bytes(node.text);
}
json::object Codec<Bytes>::schema() {
  return text_schema("^[0-9]+(\\.[0-9]+)? ?(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)$|\\$\\{");
}

Result<Share> Codec<Share>::parse(const Node& node) {
  if (!node.is_scalar()) return expected("share", node);
  return parse_share(node.text);
}
json::object Codec<Share>::schema() {
  return text_schema("^[0-9]+(\\.[0-9]+)? ?%$|\\$\\{");
}

Result<Rate> Codec<Rate>::parse(const Node& node) {
  if (!node.is_scalar()) return expected("rate", node);
  return parse_rate(node.text);
}
json::object Codec<Rate>::schema() {
  return text_schema("^[0-9]+(\\.[0-9]+)? ?/(s|min|h)$|\\$\\{");
}

}  // namespace squall::param
