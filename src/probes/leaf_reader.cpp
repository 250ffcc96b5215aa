#include "probes/leaf_reader.h"

#include <array>
#include <utility>

#include <fmt/core.h>

#include "core/text.h"

namespace squall::probe {
namespace {

constexpr std::array<std::pair<std::string_view, Comparison>, 4> comparisons = {{
    {"<=", Comparison::less_or_equal},  // longer signs first
    {">=", Comparison::greater_or_equal},
    {"<", Comparison::less},
    {">", Comparison::greater},
}};

// A range as it is written, split at "..".
std::optional<std::pair<std::string_view, std::string_view>> split_range(std::string_view text) {
  const std::size_t at = text.find("..");
  if (at == std::string_view::npos) return std::nullopt;
  return std::pair(trim(text.substr(0, at)), trim(text.substr(at + 2)));
}

// Of a value whose type is not known, only two quantities make a range: "1..b" may be a name.
bool is_range(ValueType type, std::string_view text) {
  const auto ends = split_range(text);
  if (!ends) return false;
  if (type != ValueType::json) return is_quantity(type);
  return guess_quantum(ends->first) && guess_quantum(ends->second);
}

// A literal that, written as a bare scalar, would be read as a comparison or a range.
bool needs_equals(ValueType type, const json::value& literal) {
  if (literal.is_object()) return true;
  if (!literal.is_string()) return false;
  const std::string_view text = trim(std::string_view(literal.get_string()));
  if (text.starts_with("!=")) return true;
  return type == ValueType::json &&
         (text.starts_with('<') || text.starts_with('>') || is_range(type, text));
}

Rule leaf(Rule::Kind kind, const Target& target, bool negated) {
  Rule rule;
  rule.kind = kind;
  rule.type = target.type;
  rule.negated = negated;
  return rule;
}

std::string example_hint(ValueType type) {
  return fmt::format("write for example {}", example_of(type));
}

}  // namespace

ReadRule LeafReader::mistake(const Target& target, Mark mark, std::string_view message,
                             std::string hint) {
  diagnostics_.add(mark, fmt::format("{}: {}", printable(target.label), message), std::move(hint));
  return {};
}

ReadRule LeafReader::read_scalar(const Target& target, const Node& node, bool negated) {
  const std::string_view text = trim(node.text);
  if (text.starts_with("!=")) {
    Node rest = node;
    rest.text = trim(text.substr(2));
    rest.plain = true;
    ReadRule read = read_equals(target, rest, !negated);
    read.source = json::string("!= " + rest.text);
    return read;
  }
  if (target.type == ValueType::text) return read_equality(target, node, negated);
  if (text.starts_with('<') || text.starts_with('>')) {
    return read_comparison(target, node, negated);
  }
  if (!is_range(target.type, text)) return read_equality(target, node, negated);
  const auto ends = split_range(text);
  ReadRule read = read_ends(target, node.mark, ends->first, ends->second, negated);
  if (read.rule) {
    read.source = json::string(fmt::format("{}..{}", read.rule->low.text, read.rule->high.text));
  }
  return read;
}

ReadRule LeafReader::read_comparison(const Target& target, const Node& node, bool negated) {
  const std::string_view text = trim(node.text);
  for (const auto& [sign, comparison] : comparisons) {
    if (!text.starts_with(sign)) continue;
    const auto low = read_quantum(target, text.substr(sign.size()), node.mark);
    if (!low) return {};
    Rule rule = leaf(Rule::Kind::order, target, false);
    rule.comparison = negated ? opposite(comparison) : comparison;
    rule.low = *low;
    return {std::move(rule), json::string(fmt::format("{} {}", sign, low->text))};
  }
  return {};
}

ReadRule LeafReader::read_equality(const Target& target, const Node& node, bool negated) {
  ReadRule read = read_equals(target, node, negated);
  if (read.rule && needs_equals(target.type, read.source)) {
    json::object wrapped;
    wrapped["equals"] = std::move(read.source);
    read.source = std::move(wrapped);
  }
  return read;
}

ReadRule LeafReader::read_equals(const Target& target, const Node& node, bool negated) {
  Rule rule = leaf(Rule::Kind::equal, target, negated);
  if (target.type == ValueType::json) {
    rule.expected = json_from_node(node);
  } else if (!node.is_scalar()) {
    return mistake(
        target, node.mark,
        fmt::format("a {} is expected here, not {}", type_name(target.type), kind_name(node.kind)),
        example_hint(target.type));
  } else if (target.type == ValueType::text) {
    rule.expected = json::string(node.text);
  } else if (target.type == ValueType::yes_or_no) {
    const auto truth = read_truth(target, node);
    if (!truth) return {};
    rule.expected = *truth;
  } else {
    const auto quantum = read_quantum(target, node.text, node.mark);
    if (!quantum) return {};
    rule.low = *quantum;
    rule.expected = json_of(*quantum);
  }
  json::value source = rule.expected;
  return {std::move(rule), std::move(source)};
}

std::optional<bool> LeafReader::read_truth(const Target& target, const Node& node) {
  const std::string text(trim(node.text));
  if (text == "true" || text == "yes" || node.as_bool() == true) return true;
  if (text == "false" || text == "no" || node.as_bool() == false) return false;
  const std::string seen = node.is_scalar() ? quote(node.text) : std::string(kind_name(node.kind));
  mistake(target, node.mark, seen + " is not yes or no", "write true or false");
  return std::nullopt;
}

std::optional<Quantum> LeafReader::read_quantum(const Target& target, std::string_view text,
                                                Mark mark) {
  if (target.type == ValueType::json) {
    if (auto quantum = guess_quantum(text)) return quantum;
    mistake(target, mark, quote(trim(text)) + " cannot be compared: it is no quantity",
            "a text that starts with < or > is written {equals: \"<...\"}");
    return std::nullopt;
  }
  Result<Quantum> quantum = parse_quantum(target.type, text);
  if (quantum.ok()) return std::move(*quantum);
  const std::string& next = quantum.error().next;
  mistake(target, mark, quantum.error().message, next.empty() ? example_hint(target.type) : next);
  return std::nullopt;
}

ReadRule LeafReader::read_ends(const Target& target, Mark mark, std::string_view from,
                               std::string_view to, bool negated) {
  const auto low = read_quantum(target, from, mark);
  const auto high = read_quantum(target, to, mark);
  if (!low || !high) return {};
  if (low->type != high->type) {
    return mistake(target, mark, "the ends of the range have different units",
                   "write for example 10 ms..20 ms");
  }
  if (low->amount > high->amount) {
    return mistake(target, mark, "the range is the wrong way round",
                   fmt::format("write {}..{}", high->text, low->text));
  }
  Rule rule = leaf(Rule::Kind::range, target, negated);
  rule.low = *low;
  rule.high = *high;
  return {std::move(rule), nullptr};
}

ReadRule LeafReader::read_between(const Target& target, const Node& node, bool negated) {
  const bool is_pair = node.is_sequence() && node.items.size() == 2 && node.items[0].is_scalar() &&
                       node.items[1].is_scalar();
  if (!is_pair) {
    return mistake(target, node.mark, "\"between\" needs a list of two ends",
                   "write for example {between: [10 ms, 20 ms]}");
  }
  ReadRule read = read_ends(target, node.mark, node.items[0].text, node.items[1].text, negated);
  if (read.rule) read.source = json::array{json_of(read.rule->low), json_of(read.rule->high)};
  return read;
}

ReadRule LeafReader::read_matches(const Target& target, const Node& node, bool negated) {
  const bool applies = target.type == ValueType::text || target.type == ValueType::json ||
                       target.type == ValueType::whole_number;
  if (!applies || !node.is_scalar()) {
    return mistake(target, node.mark,
                   applies ? "\"matches\" needs a regular expression"
                           : "\"matches\" is for texts and whole numbers",
                   "write for example {matches: \"ok|ready\"}");
  }
  Result<Pattern> pattern = Pattern::compile(node.text);
  if (!pattern.ok()) {
    return mistake(target, node.mark, pattern.error().message, pattern.error().next);
  }
  Rule rule = leaf(Rule::Kind::matches, target, negated);
  rule.pattern = std::move(*pattern);
  return {std::move(rule), json::string(node.text)};
}

ReadRule LeafReader::read_contains(const Target& target, const Node& node, bool negated) {
  const bool is_json = target.type == ValueType::json;
  if ((target.type != ValueType::text && !is_json) || !node.is_scalar()) {
    return mistake(
        target, node.mark,
        node.is_scalar() ? "\"contains\" is for texts and lists" : "\"contains\" needs one text",
        "write for example {contains: ready}");
  }
  Rule rule = leaf(Rule::Kind::contains, target, negated);
  rule.expected = is_json ? json_from_node(node) : json::value(json::string(node.text));
  // A bare 1.50 is the number 1.5, also when it is searched for in a text.
  rule.text = rule.expected.is_string() ? node.text : compact_json(rule.expected);
  json::value source = rule.expected;
  return {std::move(rule), std::move(source)};
}

ReadRule LeafReader::read_present(const Target& target, const Node& node, bool negated) {
  const auto truth = read_truth(target, node);
  if (!truth) return {};
  return {leaf(Rule::Kind::present, target, negated == *truth), *truth};
}

}  // namespace squall::probe
