#include "core/node.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/core.h>

#include "core/units.h"

namespace squall {
namespace {

template <class T>
std::optional<T> read_whole(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  T value{};
  const char* end = text.data() + text.size();
  auto [rest, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc() || rest != end) return std::nullopt;
  return value;
}

// Unsigned digits of base 8 or 16, as YAML 1.2 writes them after 0o and 0x.
std::optional<std::int64_t> read_digits(std::string_view digits, int base) {
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  auto [rest, code] = std::from_chars(digits.data(), end, value, base);
  if (code != std::errc() || rest != end || digits.starts_with('-')) return std::nullopt;
  return value;
}

bool looks_numeric(std::string_view text) {
  return text.find_first_not_of("+-0123456789.eE") == std::string_view::npos &&
         text.find_first_of("0123456789") != std::string_view::npos;
}

std::string number_text(const json::value& value) {
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  const double number = value.get_double();
  return std::isfinite(number) ? render_number(number) : "null";
}

struct Writer {
  std::string text;
  bool sorted = false;
  int indent = 0;  // spaces a level; 0 writes compactly

  void new_line(int level) {
    if (indent == 0) return;
    text += '\n';
    text.append(static_cast<std::size_t>(indent * level), ' ');
  }
  void write_object(const json::object& object, int level) {
    std::vector<const json::key_value_pair*> members;
    for (const json::key_value_pair& member : object) members.push_back(&member);
    if (sorted) {
      std::sort(members.begin(), members.end(),
                [](const auto* a, const auto* b) { return a->key() < b->key(); });
    }
    text += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i > 0) text += ',';
      new_line(level + 1);
      text += json::serialize(json::string(members[i]->key()));
      text += indent == 0 ? ":" : ": ";
      write(members[i]->value(), level + 1);
    }
    if (!members.empty()) new_line(level);
    text += '}';
  }
  void write_array(const json::array& array, int level) {
    text += '[';
    for (std::size_t i = 0; i < array.size(); ++i) {
      if (i > 0) text += ',';
      new_line(level + 1);
      write(array[i], level + 1);
    }
    if (!array.empty()) new_line(level);
    text += ']';
  }
  void write(const json::value& value, int level) {
    if (value.is_object()) {
      write_object(value.get_object(), level);
    } else if (value.is_array()) {
      write_array(value.get_array(), level);
    } else if (value.is_number()) {
      text += number_text(value);
    } else {
      text += json::serialize(value);
    }
  }
};

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(static_cast<const Node*>(this)->find(key));
}

std::optional<bool> Node::as_bool() const {
  if (!is_scalar() || !plain) return std::nullopt;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::int64_t> Node::as_integer() const {
  if (!is_scalar() || !plain) return std::nullopt;
  if (text.starts_with("0x")) return read_digits(std::string_view(text).substr(2), 16);
  if (text.starts_with("0o")) return read_digits(std::string_view(text).substr(2), 8);
  return read_whole<std::int64_t>(text);
}

std::optional<double> Node::as_number() const {
  if (const auto whole = as_integer()) return static_cast<double>(*whole);
  if (!is_scalar() || !plain || !looks_numeric(text)) return std::nullopt;
  return read_whole<double>(text);
}

std::string_view kind_name(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "a scalar";
    case Node::Kind::sequence:
      return "a sequence";
    case Node::Kind::mapping:
      return "a mapping";
  }
  return "nothing";
}

Node text_node(std::string text, Mark mark) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.mark = mark;
  node.text = std::move(text);
  node.plain = false;
  return node;
}

Node node_from_json(const json::value& value) {
  Node node;
  if (value.is_object()) {
    node.kind = Node::Kind::mapping;
    for (const auto& [key, member] : value.get_object()) {
      node.entries.push_back({std::string(key), {}, node_from_json(member)});
    }
  } else if (value.is_array()) {
    node.kind = Node::Kind::sequence;
    for (const json::value& item : value.get_array()) node.items.push_back(node_from_json(item));
  } else if (value.is_string()) {
    node = text_node(std::string(value.get_string()));
  } else if (!value.is_null()) {
    node.kind = Node::Kind::scalar;
    node.text = value.is_bool() ? (value.get_bool() ? "true" : "false") : number_text(value);
  }
  return node;
}

json::value json_from_node(const Node& node) {
  if (node.is_mapping()) {
    json::object object;
    for (const Entry& entry : node.entries) object[entry.key] = json_from_node(entry.value);
    return object;
  }
  if (node.is_sequence()) {
    json::array array;
    for (const Node& item : node.items) array.push_back(json_from_node(item));
    return array;
  }
  if (node.is_null()) return nullptr;
  if (const auto truth = node.as_bool()) return *truth;
  if (const auto integer = node.as_integer()) return *integer;
  if (const auto number = node.as_number()) return *number;
  return json::string(node.text);
}

Result<json::value> parse_json(std::string_view text, std::size_t depth) {
  json::parse_options options;
  options.max_depth = depth;
  json::stream_parser parser({}, options);
  boost::system::error_code code;
  const std::size_t read = parser.write_some(text.data(), text.size(), code);
  if (!code) parser.finish(code);
  if (code) {
    return error(Code::invalid, fmt::format("JSON: {} at byte {}", code.message(), read));
  }
  if (read != text.size()) {
    return error(Code::invalid,
                 fmt::format("JSON: something stands after the value, at byte {}", read));
  }
  return parser.release();
}

std::string canonical_json(const json::value& value) {
  Writer writer;
  writer.sorted = true;
  writer.write(value, 0);
  return std::move(writer.text);
}

std::string compact_json(const json::value& value) {
  Writer writer;
  writer.write(value, 0);
  return std::move(writer.text);
}

std::string pretty_json(const json::value& value) {
  Writer writer;
  writer.indent = 2;
  writer.write(value, 0);
  return std::move(writer.text);
}

std::string text_at(const json::object& object, std::string_view key, std::string_view fallback) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return std::string(fallback);
  return std::string(value->get_string());
}

std::int64_t integer_at(const json::object& object, std::string_view key, std::int64_t fallback) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return fallback;
  if (value->is_int64()) return value->get_int64();
  if (value->is_uint64() && value->get_uint64() <= INT64_MAX) {
    return static_cast<std::int64_t>(value->get_uint64());
  }
  return fallback;
}

double number_at(const json::object& object, std::string_view key, double fallback) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return fallback;
  if (value->is_double()) return value->get_double();
  return value->is_int64() ? static_cast<double>(value->get_int64())
                           : static_cast<double>(value->get_uint64());
}

bool bool_at(const json::object& object, std::string_view key, bool fallback) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_bool() ? value->get_bool() : fallback;
}

const json::object* object_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_array();
}

}  // namespace squall
