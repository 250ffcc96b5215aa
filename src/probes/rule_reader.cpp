#include "probes/rule_reader.h"

#include <fmt/core.h>

#include "core/text.h"
#include "probes/leaf_reader.h"

namespace squall::probe {
namespace {

constexpr int depth_max = 32;
const std::vector<std::string> demand_words = {"equals",  "matches", "contains", "between",
                                               "present", "all",     "any",      "not"};

Rule group(Rule::Kind kind, std::vector<Rule> children) {
  if (children.size() == 1) return std::move(children[0]);
  Rule rule;
  rule.kind = kind;
  rule.children = std::move(children);
  return rule;
}

Rule wrap(Rule::Kind kind, std::string name, Rule child) {
  Rule rule;
  rule.kind = kind;
  rule.name = std::move(name);
  rule.children.push_back(std::move(child));
  return rule;
}

// Reads top down: the whole sample, then one value, then its leaves. A `not` is handed down as
// `negated`, which turns `all` into `any` and the other way round.
class Reader {
 public:
  Reader(const Kind& kind, Diagnostics& diagnostics)
      : kind_(kind), diagnostics_(diagnostics), leaves_(diagnostics) {
    for (const Value& value : kind.values) value_names_.push_back(value.name);
  }

  // A mapping from value names to demands, all of which must hold.
  ReadRule read_sample(const Node& node, bool negated) {
    if (!node.is_mapping()) {
      return mistake(node.mark,
                     fmt::format("a mapping from values to demands is expected here, not {}",
                                 kind_name(node.kind)),
                     known_values());
    }
    return read_mapping(node, negated,
                        [&](const Entry& entry) { return read_entry(entry, negated); });
  }

 private:
  ReadRule mistake(Mark mark, std::string message, std::string hint) {
    diagnostics_.add(mark, std::move(message), std::move(hint));
    return {};
  }

  std::string known_values() const {
    return fmt::format("{} measures {}", kind_.name, list_words(value_names_, "and"));
  }

  template <class ReadEntry>
  ReadRule read_mapping(const Node& node, bool negated, const ReadEntry& read_one) {
    if (depth_ == depth_max) return mistake(node.mark, "this is nested too deeply", {});
    if (node.entries.empty()) return mistake(node.mark, "nothing is demanded here", {});
    ++depth_;
    std::vector<Rule> rules;
    json::object source;
    for (const Entry& entry : node.entries) {
      ReadRule one = read_one(entry);
      source[entry.key] = std::move(one.source);
      if (one.rule) rules.push_back(std::move(*one.rule));
    }
    --depth_;
    if (rules.empty()) return {};
    return {group(negated ? Rule::Kind::any : Rule::Kind::all, std::move(rules)),
            std::move(source)};
  }

  // The list under `all` or `any`.
  template <class ReadItem>
  ReadRule read_list(const Entry& entry, bool negated, const ReadItem& read_item) {
    if (!entry.value.is_sequence() || entry.value.items.empty()) {
      return mistake(entry.value.mark,
                     fmt::format("\"{}\" needs a list with at least one item", entry.key),
                     fmt::format("write for example {{{}: [200, 204]}}", entry.key));
    }
    std::vector<Rule> rules;
    json::array source;
    for (const Node& item : entry.value.items) {
      ReadRule one = read_item(item);
      source.push_back(std::move(one.source));
      if (one.rule) rules.push_back(std::move(*one.rule));
    }
    if (rules.empty()) return {};
    const bool is_all = (entry.key == "all") != negated;
    return {group(is_all ? Rule::Kind::all : Rule::Kind::any, std::move(rules)), std::move(source)};
  }

  // One key of a sample: the name of a value, or a word that combines whole tolerances.
  ReadRule read_entry(const Entry& entry, bool negated) {
    if (entry.key == "not") return read_sample(entry.value, !negated);
    if (entry.key == "all" || entry.key == "any") {
      return read_list(entry, negated,
                       [&](const Node& item) { return read_sample(item, negated); });
    }
    for (const Value& value : kind_.values) {
      if (value.name != entry.key) continue;
      const auto type = type_from_name(value.type);
      CHECK(type.has_value(), "the values of a probe have known types");
      if (entry.value.is_null()) return nothing_demanded({value.name, *type}, entry.value.mark);
      ReadRule read = read_demand({value.name, *type}, entry.value, negated);
      if (read.rule) read.rule = wrap(Rule::Kind::value, value.name, std::move(*read.rule));
      return read;
    }
    const auto meant = closest(entry.key, value_names_);
    return mistake(entry.mark,
                   fmt::format("the probe {} has no value {}", kind_.name, quote(entry.key)),
                   meant ? fmt::format("did you mean \"{}\"?", *meant) : known_values());
  }

  ReadRule nothing_demanded(const Target& target, Mark mark) {
    return leaves_.mistake(
        target, mark, "nothing is demanded of it",
        fmt::format("write for example {}: {}", target.label, example_of(target.type)));
  }

  // What is demanded of one value.
  ReadRule read_demand(const Target& target, const Node& node, bool negated) {
    if (node.is_scalar()) return leaves_.read_scalar(target, node, negated);
    if (node.is_mapping()) {
      return read_mapping(node, negated,
                          [&](const Entry& entry) { return read_word(target, entry, negated); });
    }
    if (target.type == ValueType::json) return leaves_.read_equality(target, node, negated);
    if (node.is_null()) return nothing_demanded(target, node.mark);
    return leaves_.mistake(target, node.mark, "a list is not understood here",
                           "for alternatives write {any: [...]}");
  }

  ReadRule read_word(const Target& target, const Entry& entry, bool negated) {
    const std::string& word = entry.key;
    if (word.starts_with('$')) return read_path(target, entry, negated);
    if (word == "not") return read_demand(target, entry.value, !negated);
    if (word == "all" || word == "any") {
      return read_list(entry, negated,
                       [&](const Node& item) { return read_demand(target, item, negated); });
    }
    if (word == "equals") return leaves_.read_equals(target, entry.value, negated);
    if (word == "matches") return leaves_.read_matches(target, entry.value, negated);
    if (word == "contains") return leaves_.read_contains(target, entry.value, negated);
    if (word == "between") return leaves_.read_between(target, entry.value, negated);
    if (word == "present") return leaves_.read_present(target, entry.value, negated);
    const auto meant = closest(word, demand_words);
    const char* paths = target.type == ValueType::json ? "; a JSON path starts with \"$\"" : "";
    return leaves_.mistake(target, entry.mark, fmt::format("{} is not understood", quote(word)),
                           meant ? fmt::format("did you mean \"{}\"?", *meant)
                                 : "use " + list_words(demand_words, "or") + paths);
  }

  ReadRule read_path(const Target& target, const Entry& entry, bool negated) {
    if (target.type != ValueType::json) {
      return leaves_.mistake(target, entry.mark, "a JSON path leads nowhere in it",
                             "write the path under `json`");
    }
    Result<JsonPath> path = JsonPath::parse(entry.key);
    if (!path.ok()) return mistake(entry.mark, path.error().message, path.error().next);
    ReadRule read = read_demand({entry.key, ValueType::json}, entry.value, negated);
    if (!read.rule) return read;
    Rule rule = wrap(Rule::Kind::path, {}, std::move(*read.rule));
    rule.path = std::move(*path);
    rule.some = negated;
    read.rule = std::move(rule);
    return read;
  }

  const Kind& kind_;
  Diagnostics& diagnostics_;
  LeafReader leaves_;
  std::vector<std::string> value_names_;
  int depth_ = 0;
};

}  // namespace

ReadRule read_rule(const Node& node, const Kind& kind, Diagnostics& diagnostics) {
  if (node.is_null()) return {};
  return Reader(kind, diagnostics).read_sample(node, false);
}

}  // namespace squall::probe
