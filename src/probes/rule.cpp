#include "probes/rule.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "core/text.h"

namespace squall::probe {
namespace {

// A measurement of something that is not there still has these.
constexpr std::array<std::string_view, 4> presence_values = {"reached", "open", "exists", "count"};

// What a rule is applied to: the whole sample, or one value of it.
struct Subject {
  const Sample& sample;
  const json::value* value = nullptr;  // nullptr: it is not there
  std::string label;                   // "latency", "$.state"
};

Finding judge(const Rule& rule, const Subject& subject);

bool is_plain_equality(const Rule& rule) {
  return rule.kind == Rule::Kind::equal && !rule.negated;
}

// Alternatives such as 200, 202 and 204 read better as one list.
bool is_list_of_equals(const Rule& rule) {
  return rule.kind == Rule::Kind::any && rule.children.size() > 1 &&
         std::all_of(rule.children.begin(), rule.children.end(), is_plain_equality);
}

std::string list_of_equals(const Rule& rule) {
  std::vector<std::string> texts;
  for (const Rule& child : rule.children) texts.push_back(shown(child.type, child.expected));
  return list_words(texts, "or");
}

// What is demanded, to stand after the name of the value.
std::string predicate(const Rule& rule) {
  const char* is = rule.negated ? "is not" : "is";
  switch (rule.kind) {
    case Rule::Kind::equal:
      return fmt::format("{} {}", is, shown(rule.type, rule.expected));
    case Rule::Kind::order:
      return fmt::format("{} {}", sign_of(rule.comparison), rule.low.text);
    case Rule::Kind::range:
      return fmt::format("{} between {} and {}", is, rule.low.text, rule.high.text);
    case Rule::Kind::matches:
      return fmt::format("{} /{}/", rule.negated ? "does not match" : "matches",
                         printable(rule.pattern->text()));
    case Rule::Kind::contains:
      return fmt::format("{} {}", rule.negated ? "does not contain" : "contains",
                         shown(ValueType::json, rule.expected));
    case Rule::Kind::present:
      return fmt::format("{} there", is);
    default:
      return {};
  }
}

// Why a leaf is broken, when it was applied and did not hold.
std::string complaint(const Rule& rule, const Subject& subject) {
  const std::string& label = subject.label;
  if (rule.kind == Rule::Kind::present) {
    return fmt::format("{} is {}", label, rule.negated ? "there" : "not there");
  }
  std::string seen = shown(rule.type, *subject.value);
  const bool is_rounded = rule.kind == Rule::Kind::order || rule.kind == Rule::Kind::range;
  // 500.4 ms would be shown as the very limit that it breaks.
  if (is_rounded && (seen == rule.low.text || seen == rule.high.text) &&
      subject.value->is_string()) {
    seen = printable(std::string_view(subject.value->get_string()));
  }
  switch (rule.kind) {
    case Rule::Kind::equal:
      if (rule.negated) return fmt::format("{} is {}, which it must not be", label, seen);
      return fmt::format("{} is {}, not {}", label, seen, shown(rule.type, rule.expected));
    case Rule::Kind::order:
      return fmt::format("{} is {}, not {}", label, seen, predicate(rule));
    case Rule::Kind::range:
      if (rule.negated) {
        return fmt::format("{} is {}, which is between {} and {}", label, seen, rule.low.text,
                           rule.high.text);
      }
      return fmt::format("{} is {}, not between {} and {}", label, seen, rule.low.text,
                         rule.high.text);
    case Rule::Kind::matches:
      return fmt::format("{} is {}, which {} /{}/", label, seen,
                         rule.negated ? "matches" : "does not match",
                         printable(rule.pattern->text()));
    default:
      return fmt::format("{} is {}, which {} {}", label, seen,
                         rule.negated ? "contains" : "does not contain",
                         shown(ValueType::json, rule.expected));
  }
}

Finding unknown(std::string why) {
  return {Truth::unknown, std::move(why)};
}

Finding of_another_type(const Rule& rule, const Subject& subject, std::string_view wanted) {
  return unknown(fmt::format("{} is {}, which is not a {}", subject.label,
                             shown(rule.type, *subject.value), wanted));
}

Finding decide(bool holds, const Rule& rule, const Subject& subject) {
  if (holds != rule.negated) return {};
  return {Truth::no, complaint(rule, subject)};
}

// Texts, and numbers as they are written; nullopt for all else.
std::optional<std::string> text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_number()) return compact_json(value);
  return std::nullopt;
}

Finding judge_equal(const Rule& rule, const Subject& subject) {
  if (is_quantity(rule.type)) {
    const auto amount = amount_of(rule.type, *subject.value);
    if (!amount) return of_another_type(rule, subject, type_name(rule.type));
    return decide(*amount == rule.low.amount, rule, subject);
  }
  return decide(canonical_json(*subject.value) == canonical_json(rule.expected), rule, subject);
}

Finding judge_order(const Rule& rule, const Subject& subject) {
  const auto amount = amount_of(rule.low.type, *subject.value);
  if (!amount) return of_another_type(rule, subject, type_name(rule.low.type));
  if (rule.kind == Rule::Kind::range) {
    return decide(*amount >= rule.low.amount && *amount <= rule.high.amount, rule, subject);
  }
  switch (rule.comparison) {
    case Comparison::less:
      return decide(*amount < rule.low.amount, rule, subject);
    case Comparison::less_or_equal:
      return decide(*amount <= rule.low.amount, rule, subject);
    case Comparison::greater:
      return decide(*amount > rule.low.amount, rule, subject);
    case Comparison::greater_or_equal:
      return decide(*amount >= rule.low.amount, rule, subject);
  }
  return unknown("the comparison is not known");
}

Finding judge_matches(const Rule& rule, const Subject& subject) {
  const auto text = text_of(*subject.value);
  if (!text) return of_another_type(rule, subject, "text");
  const Pattern::Found found = rule.pattern->search(*text);
  if (found == Pattern::Found::too_costly) {
    return unknown(fmt::format("{} is too long for /{}/ to be searched in it", subject.label,
                               printable(rule.pattern->text())));
  }
  return decide(found == Pattern::Found::yes, rule, subject);
}

Finding judge_contains(const Rule& rule, const Subject& subject) {
  if (const json::array* array = subject.value->if_array()) {
    const std::string wanted = canonical_json(rule.expected);
    const bool found = std::any_of(array->begin(), array->end(), [&](const json::value& element) {
      return canonical_json(element) == wanted;
    });
    return decide(found, rule, subject);
  }
  const auto text = text_of(*subject.value);
  if (!text) return of_another_type(rule, subject, "text or a list");
  return decide(text->find(rule.text) != std::string::npos, rule, subject);
}

Finding judge_leaf(const Rule& rule, const Subject& subject) {
  if (rule.kind == Rule::Kind::present) return decide(subject.value != nullptr, rule, subject);
  if (subject.value == nullptr) {
    const std::string& problem = subject.sample.problem;
    return unknown(problem.empty()
                       ? fmt::format("{} is not there", subject.label)
                       : fmt::format("{} could not be read: {}", subject.label, problem));
  }
  switch (rule.kind) {
    case Rule::Kind::equal:
      return judge_equal(rule, subject);
    case Rule::Kind::matches:
      return judge_matches(rule, subject);
    case Rule::Kind::contains:
      return judge_contains(rule, subject);
    default:
      return judge_order(rule, subject);
  }
}

// The worst of them, with the first complaint.
Finding all_of(const std::vector<Finding>& findings) {
  Finding whole;
  for (const Finding& one : findings) {
    if (one.truth != Truth::yes && whole.truth == Truth::yes) whole.why = one.why;
    whole.truth = std::min(whole.truth, one.truth);
  }
  return whole;
}

// The best of them, with every complaint when none holds.
Finding any_of(const std::vector<Finding>& findings) {
  Finding whole{Truth::no, {}};
  for (const Finding& one : findings) {
    if (one.truth == Truth::yes) return one;
    whole.truth = std::max(whole.truth, one.truth);
    const bool is_new = whole.why.find(one.why) == std::string::npos;
    if (is_new) whole.why += (whole.why.empty() ? "" : ", and ") + one.why;
  }
  return whole;
}

Finding judge_group(const Rule& rule, const Subject& subject) {
  std::vector<Finding> findings;
  for (const Rule& child : rule.children) findings.push_back(judge(child, subject));
  if (rule.kind == Rule::Kind::all) return all_of(findings);
  Finding whole = any_of(findings);
  if (whole.truth == Truth::no && is_list_of_equals(rule) && subject.value != nullptr) {
    whole.why = fmt::format("{} is {}, not {}", subject.label,
                            shown(rule.children[0].type, *subject.value), list_of_equals(rule));
  }
  return whole;
}

Finding judge_path(const Rule& rule, const Subject& subject) {
  Subject chosen{subject.sample, nullptr, rule.path->text()};
  if (subject.value == nullptr) return judge(rule.children[0], chosen);
  const auto values = rule.path->select(*subject.value);
  if (!values.ok()) return unknown(values.error().message);
  if (values->empty()) return judge(rule.children[0], chosen);
  std::vector<Finding> findings;
  for (const json::value* value : *values) {
    chosen.value = value;
    findings.push_back(judge(rule.children[0], chosen));
  }
  return rule.some ? any_of(findings) : all_of(findings);
}

Finding judge(const Rule& rule, const Subject& subject) {
  switch (rule.kind) {
    case Rule::Kind::all:
    case Rule::Kind::any:
      return judge_group(rule, subject);
    case Rule::Kind::value: {
      const json::value* value = subject.sample.values.if_contains(rule.name);
      if (value != nullptr && value->is_null()) value = nullptr;
      return judge(rule.children[0], {subject.sample, value, rule.name});
    }
    case Rule::Kind::path:
      return judge_path(rule, subject);
    default:
      return judge_leaf(rule, subject);
  }
}

std::string describe_as(const Rule& rule, const std::string& label) {
  if (is_list_of_equals(rule)) return fmt::format("{} is {}", label, list_of_equals(rule));
  switch (rule.kind) {
    case Rule::Kind::all:
    case Rule::Kind::any: {
      std::vector<std::string> texts;
      for (const Rule& child : rule.children) {
        const bool is_group = child.kind == Rule::Kind::all || child.kind == Rule::Kind::any;
        const std::string text = describe_as(child, label);
        texts.push_back(is_group && !is_list_of_equals(child) ? "(" + text + ")" : text);
      }
      return join(texts, rule.kind == Rule::Kind::all ? " and " : " or ");
    }
    case Rule::Kind::value:
      return describe_as(rule.children[0], rule.name);
    case Rule::Kind::path: {
      const char* which = rule.path->is_singular() ? "" : rule.some ? "some " : "every ";
      return describe_as(rule.children[0], which + printable(rule.path->text()));
    }
    default:
      return fmt::format("{} {}", label, predicate(rule));
  }
}

}  // namespace

std::string_view sign_of(Comparison comparison) {
  switch (comparison) {
    case Comparison::less:
      return "<";
    case Comparison::less_or_equal:
      return "<=";
    case Comparison::greater:
      return ">";
    case Comparison::greater_or_equal:
      return ">=";
  }
  return "?";
}

Comparison opposite(Comparison comparison) {
  switch (comparison) {
    case Comparison::less:
      return Comparison::greater_or_equal;
    case Comparison::less_or_equal:
      return Comparison::greater;
    case Comparison::greater:
      return Comparison::less_or_equal;
    case Comparison::greater_or_equal:
      return Comparison::less;
  }
  return comparison;
}

Finding evaluate(const Rule& rule, const Sample& sample) {
  return judge(rule, {sample, nullptr, {}});
}

std::string describe(const Rule& rule) {
  return describe_as(rule, {});
}

bool asks_for_presence(const Rule& rule) {
  const bool is_presence =
      std::find(presence_values.begin(), presence_values.end(), rule.name) != presence_values.end();
  return (rule.kind == Rule::Kind::value && is_presence) ||
         std::any_of(rule.children.begin(), rule.children.end(), asks_for_presence);
}

}  // namespace squall::probe
