// The document from the outside in: YAML, then references, then each part by its own file, then
// what only shows when all parts are known. No step stops at the first mistake, except that text
// which is no YAML cannot be read further.
#include "scenario/parse.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "document/yaml.h"
#include "scenario/language.h"
#include "scenario/parts.h"

namespace squall::scenario {
namespace {

bool is_scenario_name(std::string_view name) {
  constexpr std::size_t longest = 64;
  if (name.empty() || name.size() > longest || name.front() == '-' || name.back() == '-') {
    return false;
  }
  return name.find("--") == std::string_view::npos &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

// The part under `key` by its table; an absent part has its defaults.
template <class Words>
Words read_part(const Node& document, std::string_view key, const param::Table<Words>& table,
                Diagnostics& diagnostics) {
  const Node* part = document.find(key);
  if (part == nullptr) return {};
  return table.parse(take_words(*part, table, {}, fmt::format("\"{}\"", key), diagnostics),
                     diagnostics);
}

// A text for people that stands in one line of a terminal, a table and a page.
void check_one_line(const Node& document, std::string_view key, Diagnostics& diagnostics) {
  const Node* node = document.find(key);
  if (node == nullptr || !node->is_scalar()) return;
  const std::string_view text = trim(node->text);
  if (text.empty()) {
    diagnostics.add(node->mark, fmt::format("\"{}\" is empty", key), "say it, or leave it out");
  } else if (printable(text) != text) {
    diagnostics.add(node->mark,
                    fmt::format("\"{}\" is one line of text, without control characters", key),
                    "put more of it into the hypothesis");
  }
}

void check_document_words(const Node& document, const DocumentWords& words,
                          Diagnostics& diagnostics) {
  const Node* name = document.find("scenario");
  if (name != nullptr && name->is_scalar() && !is_scenario_name(name->text)) {
    diagnostics.add(name->mark,
                    fmt::format("{} cannot be the name of a scenario", quote(name->text)),
                    "use up to 64 lower-case letters, digits and single hyphens: redis-kill");
  }
  check_one_line(document, "title", diagnostics);
  const Node* category = document.find("category");
  if (category != nullptr && category->is_scalar() && !is_plain_name(category->text)) {
    diagnostics.add(category->mark,
                    fmt::format("{} cannot be the name of a category", quote(category->text)),
                    "use up to 64 letters, digits, \"_\", \"-\", \".\" or \"#\"");
  }
  const Node* step = document.find("step");
  if (words.order == Order::cascade && step == nullptr) {
    diagnostics.add(document.find("order")->mark, "a cascade needs \"step\"",
                    "say how long after one fault the next begins, for example step: 2 s");
  }
  const Node* order = document.find("order");
  const bool is_misspelt =
      order != nullptr && words.order == Order::together && order->text != "together";
  if (words.order != Order::cascade && step != nullptr && !is_misspelt) {
    diagnostics.add(step->mark, "\"step\" has no meaning here", "only order: cascade has it");
  }
  const Node* accepted = document.find("accept_irreversible");
  if (accepted != nullptr && (accepted->as_bool() || trim(words.accept_irreversible).empty())) {
    diagnostics.add(accepted->mark, "accept_irreversible is a sentence, not a switch",
                    "say why it is fine: accept_irreversible: \"the supervisor starts a new one\"");
  }
}

void check_acceptance(const Node& document, const std::vector<DraftFault>& faults,
                      Diagnostics& diagnostics) {
  if (document.find("accept_irreversible") != nullptr) return;
  for (const DraftFault& draft : faults) {
    if (draft.kind == nullptr || draft.kind->irreversible.empty()) continue;
    diagnostics.add(
        draft.mark,
        fmt::format("{} cannot be undone: {}", draft.fault.kind, draft.kind->irreversible),
        "if that is fine, say why: accept_irreversible: \"...\"");
  }
}

void check_fingerprint(const Node& document, const FingerprintWords& words,
                       Diagnostics& diagnostics) {
  for (const std::string& path : words.files) {
    if (path.starts_with('/')) continue;
    diagnostics.add(document.find("fingerprint")->mark,
                    fmt::format("files: {} is not an absolute path", quote(path)),
                    "begin it with a slash");
  }
}

Plan read_document(const Node& document, const Options& options, Diagnostics& diagnostics) {
  const Node known =
      take_words(document, document_words(), document_parts(), "a scenario", diagnostics);
  const DocumentWords words = document_words().parse(known, diagnostics);
  const RiskWords risk = read_part(document, "risk", risk_words(), diagnostics);
  const RecoverWords recover = read_part(document, "recover", recover_words(), diagnostics);
  const FingerprintWords fingerprint =
      read_part(document, "fingerprint", fingerprint_words(), diagnostics);
  check_document_words(document, words, diagnostics);
  check_fingerprint(document, fingerprint, diagnostics);

  Plan plan;
  plan.name = words.scenario;
  plan.title = words.title.empty() ? words.scenario : std::string(trim(words.title));
  plan.hypothesis = words.hypothesis;
  plan.tags = words.tags;
  plan.risk_level = risk.level;
  plan.risk_weight = risk.weight;
  plan.seed = options.seed;
  plan.time_scale = options.time_scale;
  plan.accept_irreversible = words.accept_irreversible;
  plan.baseline = words.baseline.scaled(options.time_scale);
  plan.recover_within = recover.within.scaled(options.time_scale);
  plan.fingerprint_files = fingerprint.files;
  plan.checks = parse_checks(document, options, diagnostics);
  plan.stops = parse_stops(document, plan.checks, diagnostics);

  std::vector<DraftFault> faults = parse_faults(document, options, diagnostics);
  arrange(faults, {words.order, words.step.scaled(options.time_scale), options.seed}, diagnostics);
  check_acceptance(document, faults, diagnostics);
  for (DraftFault& draft : faults) plan.faults.push_back(std::move(draft.fault));
  plan.category = words.category;
  if (plan.category.empty() && !plan.faults.empty()) {
    const std::string& kind = plan.faults.front().kind;
    plan.category = kind.substr(0, kind.find('.'));
  }
  return plan;
}

bool check_options(const Options& options, Diagnostics& diagnostics) {
  constexpr double scale_min = 0.001;
  constexpr double scale_max = 10;
  if (options.time_scale >= scale_min && options.time_scale <= scale_max) return true;
  diagnostics.add({}, fmt::format("--time-scale {} is out of bounds", options.time_scale),
                  fmt::format("allowed: {} to {}", scale_min, scale_max));
  return false;
}

}  // namespace

std::optional<Plan> parse_scenario(const std::string& text, const std::string& file,
                                   const Options& options, Diagnostics& diagnostics) {
  Diagnostics found(file);
  if (!check_options(options, found)) {
    diagnostics.merge(found);
    return std::nullopt;
  }
  Node document = document::parse_yaml(text, found);
  if (!document.is_mapping()) {
    if (found.empty()) {
      found.add(document.mark,
                document.is_null()
                    ? "the document is empty"
                    : fmt::format("a scenario is a mapping, not {}", kind_name(document.kind)),
                "begin with scenario: NAME");
    }
    diagnostics.merge(found);
    return std::nullopt;
  }
  Sources sources = options.sources;
  sources.own = {};
  if (const Node* own = document.find("targets")) {
    if (own->is_mapping()) sources.own = *own;
    if (!own->is_mapping() && !own->is_null()) {
      found.add(own->mark, fmt::format("targets: names with their values are expected here, not {}",
                                       kind_name(own->kind)));
    }
  }
  References references(sources, file);
  for (Entry& entry : document.entries) {
    if (entry.key != "targets") references.resolve(entry.value);
  }
  references.check_settings();
  Diagnostics later(file);
  Plan plan = read_document(document, options, later);
  references.pass_on(later, found);
  found.merge(references.mistakes());
  diagnostics.merge(found);
  if (!found.empty()) return std::nullopt;
  return plan;
}

}  // namespace squall::scenario
