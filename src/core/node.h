// Node is the tree that every document becomes, whatever language it was written in: null, scalar,
// sequence or mapping, each with the place it stood at. Scalars keep their text; a plain (unquoted)
// scalar may be read as a number or a boolean, a quoted one is always text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "core/diagnostics.h"
#include "core/result.h"

namespace squall {

namespace json = boost::json;

struct Entry;

struct Node {
  enum class Kind { null, scalar, sequence, mapping };

  Kind kind = Kind::null;
  Mark mark;
  std::string text;            // scalar only
  bool plain = true;           // scalar only: written without quotes
  std::vector<Node> items;     // sequence only
  std::vector<Entry> entries;  // mapping only, in document order, keys unique

  bool is_null() const { return kind == Kind::null; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_mapping() const { return kind == Kind::mapping; }
  // The value under `key`, or nullptr. Mapping only; other kinds have no keys.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  // YAML 1.2 core schema readings of a plain scalar; nullopt when it is none. Infinities and NaN
  // are no numbers here.
  std::optional<bool> as_bool() const;
  std::optional<std::int64_t> as_integer() const;
  std::optional<double> as_number() const;
};

struct Entry {
  std::string key;
  Mark mark;  // of the key
  Node value;
};

std::string_view kind_name(Node::Kind kind);  // "a mapping", "a sequence", "a scalar", "nothing"

Node text_node(std::string text, Mark mark = {});
// Numbers and booleans become plain scalars, strings quoted ones; marks are {0, 0}.
Node node_from_json(const json::value& value);
// Plain scalars become numbers, booleans or null where YAML 1.2 reads them so.
json::value json_from_node(const Node& node);

// Parses JSON text of at most `depth` levels. Errors: Code::invalid with the byte offset.
Result<json::value> parse_json(std::string_view text, std::size_t depth = 64);
// Compact JSON with object keys sorted at every level: the same value always gives the same bytes.
std::string canonical_json(const json::value& value);
// Compact JSON, keys in their own order; numbers written plainly.
std::string compact_json(const json::value& value);
// Indented by two, keys in their own order; numbers written plainly (1.5, not 15E-1).
std::string pretty_json(const json::value& value);
// Member access for trusted shapes; a missing or mistyped member gives the fallback.
std::string text_at(const json::object& object, std::string_view key,
                    std::string_view fallback = "");
std::int64_t integer_at(const json::object& object, std::string_view key,
                        std::int64_t fallback = 0);
double number_at(const json::object& object, std::string_view key, double fallback = 0);
bool bool_at(const json::object& object, std::string_view key, bool fallback = false);
const json::object* object_at(const json::object& object, std::string_view key);
const json::array* array_at(const json::object& object, std::string_view key);

}  // namespace squall
