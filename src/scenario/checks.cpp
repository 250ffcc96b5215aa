// The four lists of checks: steady_state, during, detect and heal. They differ in what is demanded
// and in one word; an item is otherwise the same everywhere.
#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "core/text.h"
#include "probes/tolerance.h"
#include "scenario/parts.h"

namespace squall::scenario {
namespace {

constexpr std::size_t checks_max = 100;

struct List {
  std::string_view key;
  Demand demand;
  Gate gate;
  const param::Table<CheckWords>& (*words)();
};
constexpr std::array<List, 4> lists = {{
    {"steady_state", Demand::steady, Gate::none, steady_words},
    {"during", Demand::always, Gate::none, during_words},
    {"detect", Demand::eventually, Gate::detect, gate_words},
    {"heal", Demand::eventually, Gate::heal, gate_words},
}};

KindSearch search_for(const List& list, const probe::Catalogue& probes) {
  KindSearch search{.what = "probe", .example = "http: {url: \"http://127.0.0.1:8080/health\"}"};
  for (const probe::Kind* kind : probes) search.kinds.emplace_back(kind->name);
  for (const param::FieldName& one : list.words().names()) search.other_keys.emplace_back(one.name);
  search.other_keys.emplace_back("expect");
  return search;
}

// The words of the other lists, so that a `within` in the wrong list is told from a typing mistake.
void hint_at_other_lists(const Node& item, const List& list, Diagnostics& diagnostics) {
  if (item.find("within") != nullptr && list.gate == Gate::none) {
    diagnostics.add(item.find("within")->mark, "\"within\" has no meaning here",
                    "detect and heal have it; for the steady state write recover: {within: ...}");
  }
  if (item.find("never") != nullptr && list.demand != Demand::always) {
    diagnostics.add(item.find("never")->mark, "\"never\" has no meaning here",
                    "checks under \"during\" may have it");
  }
}

void check_name(const Node& item, const std::vector<PlannedCheck>& earlier,
                Diagnostics& diagnostics) {
  const Node* name = item.find("name");
  if (name == nullptr || !name->is_scalar()) return;
  if (!is_plain_name(name->text)) {
    diagnostics.add(name->mark, fmt::format("{} cannot be the name of a check", quote(name->text)),
                    "use up to 64 letters, digits, \"_\", \"-\" or \".\", without blanks");
    return;
  }
  const bool is_taken = std::any_of(earlier.begin(), earlier.end(), [&](const PlannedCheck& other) {
    return other.name == name->text;
  });
  if (is_taken) {
    diagnostics.add(name->mark, fmt::format("a second check has the name {}", quote(name->text)),
                    "reports tell checks apart by their names; choose another");
  }
}

PlannedCheck parse_check(const Node& item, const List& list, const Options& options,
                         const std::vector<PlannedCheck>& earlier, Diagnostics& diagnostics) {
  KindSearch search = search_for(list, options.probes);
  hint_at_other_lists(item, list, diagnostics);
  search.other_keys.insert(search.other_keys.end(), {"within", "never"});
  const Entry* entry = find_kind(item, search, diagnostics);
  const CheckWords words = list.words().parse(only_words(item, list.words()), diagnostics);
  check_name(item, earlier, diagnostics);

  PlannedCheck check;
  check.name = words.name;
  check.every = words.every;
  check.timeout = words.timeout;
  check.within = words.within.scaled(options.time_scale);
  check.demand = words.never ? Demand::never : list.demand;
  check.gate = list.gate;
  const probe::Kind* kind = entry == nullptr ? nullptr : probe::find(options.probes, entry->key);
  if (kind == nullptr) return check;
  check.probe = entry->key;
  const std::size_t mistakes = diagnostics.size();
  Node params = entry->value;
  if (params.is_null()) params.mark = entry->mark;
  check.params = kind->table->canonical(params, diagnostics);
  if (diagnostics.size() == mistakes && kind->open && !holds_secret(check.params)) {
    // What the table alone does not see, such as an address that is none. Measures nothing.
    const Result<std::unique_ptr<probe::Probe>> probe = kind->open(check.params);
    if (!probe.ok()) diagnostics.add(params.mark, probe.error().message, probe.error().next);
  }
  if (const Node* expect = item.find("expect")) {
    check.expect = probe::Tolerance::parse(*expect, *kind, diagnostics).source();
  }
  return check;
}

}  // namespace

std::vector<PlannedCheck> parse_checks(const Node& document, const Options& options,
                                       Diagnostics& diagnostics) {
  std::vector<PlannedCheck> checks;
  for (const List& list : lists) {
    for (const Node* item : items_of(document, list.key, checks_max, diagnostics)) {
      checks.push_back(parse_check(*item, list, options, checks, diagnostics));
    }
  }
  const Node* steady = document.find("steady_state");
  if (steady == nullptr || steady->is_null() || (steady->is_sequence() && steady->items.empty())) {
    diagnostics.add(steady == nullptr ? document.mark : steady->mark, "\"steady_state\" is missing",
                    "without a check that holds before and again after, a run proves nothing");
  }
  return checks;
}

}  // namespace squall::scenario
