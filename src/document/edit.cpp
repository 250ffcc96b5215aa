#include "document/edit.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "core/text.h"
#include "document/yaml.h"

namespace squall::document {
namespace {

// A stretch of the text that gets other bytes.
struct Patch {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string bytes;
};

Result<const json::value*> find_value(const json::value& tree, const JsonPath& path) {
  if (!path.is_singular()) {
    return error(Code::invalid,
                 fmt::format("the path {} may choose several values", quote(path.text())),
                 "name one value, without * and ..");
  }
  const std::vector<const json::value*> found = TRY(path.select(tree));
  if (!found.empty()) return found.front();
  return error(Code::not_found, fmt::format("nothing stands at {}", quote(path.text())),
               "only what is there already can be changed");
}

Result<std::string> put_in_place(std::string_view text, std::vector<Patch> patches) {
  std::sort(patches.begin(), patches.end(),
            [](const Patch& one, const Patch& other) { return one.begin < other.begin; });
  std::string edited;
  std::size_t kept = 0;
  for (const Patch& patch : patches) {
    if (patch.begin < kept) return error(Code::invalid, "two paths lead to the same place");
    edited += text.substr(kept, patch.begin - kept);
    edited += patch.bytes;
    kept = patch.end;
  }
  return edited + std::string(text.substr(kept));
}

// What the tree must say after the edits. The tree is our own copy, so it may be written to.
Result<json::value> edited_tree(json::value tree, const std::vector<Edit>& edits) {
  for (const Edit& edit : edits) {
    *const_cast<json::value*>(TRY(find_value(tree, edit.path))) = edit.value;
  }
  return tree;
}

// Walks a JSON text that is known to be valid, side by side with its tree, to the bytes of one of
// its values.
class JsonWalk {
 public:
  JsonWalk(std::string_view text, const json::value* wanted) : text_(text), wanted_(wanted) {}

  // False when text and tree part ways: the tree lacks a key that stands in the text twice.
  bool walk(const json::value& value) {
    skip_blanks();
    const std::size_t begin = at_;
    bool is_alike = true;
    if (const json::object* object = value.if_object()) {
      is_alike = walk_members(*object);
    } else if (const json::array* items = value.if_array()) {
      is_alike = walk_items(*items);
    } else if (value.is_string()) {
      skip_string();
    } else {
      while (at_ < text_.size() &&
             std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos) {
        ++at_;
      }
    }
    if (&value == wanted_) found_ = Patch{begin, at_, {}};
    return is_alike;
  }
  const std::optional<Patch>& found() const { return found_; }

 private:
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() {
    while (here() == ' ' || here() == '\t' || here() == '\r' || here() == '\n') ++at_;
  }
  // Over the blanks and one mark that separates or encloses.
  void skip_mark() {
    skip_blanks();
    ++at_;
  }
  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }
  bool walk_members(const json::object& object) {
    skip_mark();
    for (const auto& [key, member] : object) {
      skip_blanks();
      const std::size_t begin = at_;
      if (here() != '"') return false;
      skip_string();
      const Result<json::value> written = parse_json(text_.substr(begin, at_ - begin));
      if (!written.ok() || !written->is_string() || written->get_string() != key) return false;
      skip_mark();
      if (!walk(member)) return false;
      skip_blanks();
      if (here() == ',') ++at_;
    }
    skip_blanks();
    return text_.substr(at_++, 1) == "}";
  }
  bool walk_items(const json::array& items) {
    skip_mark();
    for (const json::value& item : items) {
      if (!walk(item)) return false;
      skip_blanks();
      if (here() == ',') ++at_;
    }
    skip_blanks();
    return text_.substr(at_++, 1) == "]";
  }

  std::string_view text_;
  const json::value* wanted_;
  std::size_t at_ = 0;
  std::optional<Patch> found_;
};

Result<json::value> read_yaml(std::string_view text, Node& tree) {
  Diagnostics diagnostics("the file");
  tree = parse_yaml(text, diagnostics);
  if (diagnostics.empty()) return json_from_node(tree);
  const Diagnostic first = diagnostics.sorted().front();
  return error(Code::invalid,
               fmt::format("the YAML at line {}, column {}: {}", first.mark.line, first.mark.column,
                           first.message),
               first.hint);
}

// The node that stands where `wanted` stands in the JSON of the tree.
const Node* matching_node(const Node& node, const json::value& value, const json::value* wanted) {
  if (&value == wanted) return &node;
  if (node.is_mapping()) {
    for (const Entry& entry : node.entries) {
      const json::value* member = value.get_object().if_contains(entry.key);
      if (member == nullptr) continue;
      if (const Node* found = matching_node(entry.value, *member, wanted)) return found;
    }
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (const Node* found = matching_node(node.items[i], value.get_array().at(i), wanted)) {
      return found;
    }
  }
  return nullptr;
}

// Lines and columns count from 1, columns in characters.
std::size_t offset_of(std::string_view text, Mark mark) {
  std::size_t at = 0;
  for (int line = 1; line < mark.line && at < text.size(); ++line) {
    at = std::min(text.find('\n', at), text.size() - 1) + 1;
  }
  for (int column = 1; column < mark.column && at < text.size(); ++column) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  }
  return at;
}

// Where the scalar that begins at `begin` ends; nothing when it is in none of the styles that stand
// on one line.
std::optional<std::size_t> scalar_end(std::string_view text, std::size_t begin, const Node& node) {
  const char quote = begin < text.size() ? text[begin] : '\0';
  if (node.is_null()) {
    for (const std::string_view word : {"null", "Null", "NULL", "~"}) {
      if (text.substr(begin).starts_with(word)) return begin + word.size();
    }
    return std::nullopt;
  }
  if (node.plain) {
    if (!text.substr(begin).starts_with(node.text)) return std::nullopt;
    return begin + node.text.size();
  }
  if (quote != '"' && quote != '\'') return std::nullopt;
  for (std::size_t at = begin + 1; at < text.size() && text[at] != '\n'; ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      if (quote == '"' || text.substr(at + 1, 1) != "'") return at + 1;
      ++at;
    }
  }
  return std::nullopt;
}

// Plain where that reads back as the same value, else in double quotes, whose escapes are those of
// JSON.
std::string yaml_scalar(const json::value& value) {
  if (!value.is_string()) return compact_json(value);
  const std::string text(value.get_string());
  // A dash in front begins an item of a list.
  const bool is_tame =
      !text.empty() && text[0] != '-' && std::all_of(text.begin(), text.end(), [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '_' || letter == '/' ||
               letter == '.' || letter == '-';
      });
  Node plain = text_node(text);
  plain.plain = true;
  return is_tame && json_from_node(plain) == value ? text : compact_json(value);
}

Result<Patch> yaml_patch(std::string_view text, const Node& tree, const json::value& values,
                         const Edit& edit) {
  const json::value* wanted = TRY(find_value(values, edit.path));
  const Node* node = matching_node(tree, values, wanted);
  if (edit.value.is_object() || edit.value.is_array() || node == nullptr ||
      !(node->is_scalar() || node->is_null())) {
    return error(Code::unsupported,
                 fmt::format("{}: in YAML only a scalar can take the place of a scalar",
                             quote(edit.path.text())),
                 "name a value below it, or replace the text by find and replace");
  }
  const std::size_t begin = offset_of(text, node->mark);
  const std::optional<std::size_t> end = scalar_end(text, begin, *node);
  if (end) return Patch{begin, *end, yaml_scalar(edit.value)};
  return error(Code::unsupported,
               fmt::format("the value of {} does not stand on one line, or is empty",
                           quote(edit.path.text())),
               "replace the text by find and replace");
}

}  // namespace

Result<std::string> edit_json(std::string_view text, const std::vector<Edit>& edits) {
  const json::value tree = TRY(parse_json(text));
  std::vector<Patch> patches;
  for (const Edit& edit : edits) {
    const json::value* wanted = TRY(find_value(tree, edit.path));
    JsonWalk walk(text, wanted);
    if (!walk.walk(tree) || !walk.found()) {
      return error(Code::invalid, "an object of this JSON has a key twice",
                   "replace the text by find and replace");
    }
    patches.push_back(*walk.found());
    patches.back().bytes = compact_json(edit.value);
  }
  std::string edited = TRY(put_in_place(text, std::move(patches)));
  const json::value now = TRY(parse_json(edited));
  if (now == TRY(edited_tree(tree, edits))) return edited;
  return error(Code::failed, "the edited JSON does not read as it should");
}

Result<std::string> edit_yaml(std::string_view text, const std::vector<Edit>& edits) {
  Node tree;
  const json::value values = TRY(read_yaml(text, tree));
  std::vector<Patch> patches;
  for (const Edit& edit : edits) patches.push_back(TRY(yaml_patch(text, tree, values, edit)));
  std::string edited = TRY(put_in_place(text, std::move(patches)));
  Node edited_nodes;
  const Result<json::value> now = read_yaml(edited, edited_nodes);
  if (now.ok() && *now == TRY(edited_tree(values, edits))) return edited;
  return error(Code::unsupported,
               "these values cannot be changed without changing others: an anchor or alias is "
               "involved, or the text is written in an unusual way",
               "replace the text by find and replace");
}

}  // namespace squall::document
