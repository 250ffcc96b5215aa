// The list of faults: each item names one kind with its parameters, and when it strikes.
#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "core/text.h"
#include "scenario/parts.h"

namespace squall::scenario {
namespace {

constexpr std::size_t faults_max = 64;

KindSearch search_for(const fault::Catalogue& faults) {
  KindSearch search{.what = "fault",
                    .example = "process.pause: {select: {unit: \"${redis.unit}\"}}"};
  for (const fault::Kind* kind : faults) search.kinds.emplace_back(kind->name);
  for (const param::FieldName& one : fault_words().names())
    search.other_keys.emplace_back(one.name);
  return search;
}

// A dose that grows for longer than the fault lasts is never reached, and the run proves nothing.
void check_ramp(const json::object& params, Duration lasts, Mark mark, Diagnostics& diagnostics) {
  const Result<Duration> ramp = parse_duration(text_at(params, "ramp"));
  if (!ramp.ok() || lasts == Duration{} || *ramp <= lasts) return;
  diagnostics.add(mark,
                  fmt::format("the ramp of {} is longer than the fault, which lasts {}",
                              render(*ramp), render(lasts)),
                  "make \"ramp\" shorter, or \"for\" longer");
}

DraftFault parse_fault(const Node& item, const Options& options, Diagnostics& diagnostics) {
  DraftFault draft;
  draft.mark = item.mark;
  const Entry* entry = find_kind(item, search_for(options.faults), diagnostics);
  const FaultWords words = fault_words().parse(only_words(item, fault_words()), diagnostics);
  draft.fault.id = words.id;
  draft.fault.at = words.at.scaled(options.time_scale);
  draft.fault.lasts = words.lasts.scaled(options.time_scale);
  draft.has_at = item.find("at") != nullptr;
  draft.has_for = item.find("for") != nullptr;
  if (entry == nullptr) return draft;
  draft.kind = fault::find(options.faults, entry->key);
  draft.fault.kind = entry->key;
  draft.mark = entry->mark;
  const std::size_t mistakes = diagnostics.size();
  Node params = entry->value;
  if (params.is_null()) params.mark = entry->mark;
  draft.fault.params = draft.kind->table->canonical(params, diagnostics);
  if (diagnostics.size() == mistakes && !holds_secret(draft.fault.params)) {
    // What only several parameters together show, without a look at the host.
    const Result<fault::Wants> wants = draft.kind->wants(draft.fault.params);
    if (!wants.ok()) diagnostics.add(params.mark, wants.error().message, wants.error().next);
  }
  check_ramp(draft.fault.params, words.lasts, params.mark, diagnostics);
  if (draft.kind->lasting == fault::Lasting::instant && draft.has_for) {
    diagnostics.add(item.find("for")->mark,
                    fmt::format("{} is over at once, so \"for\" has no meaning", entry->key),
                    "leave it out");
  }
  return draft;
}

// Names given by the author come first; the others are the kind, numbered from the second on.
void settle_ids(const Node& document, std::vector<DraftFault>& drafts, Diagnostics& diagnostics) {
  std::set<std::string> taken;
  const Node& list = *document.find("faults");
  for (const Node& item : list.items) {
    const Node* id = item.find("id");
    if (id == nullptr || !id->is_scalar()) continue;
    if (!is_plain_name(id->text)) {
      diagnostics.add(id->mark, fmt::format("{} cannot be the id of a fault", quote(id->text)),
                      "use up to 64 letters, digits, \"_\", \"-\", \".\" or \"#\"");
    } else if (!taken.insert(id->text).second) {
      diagnostics.add(id->mark, fmt::format("a second fault has the id {}", quote(id->text)),
                      "its random choices hang on the id; choose another");
    }
  }
  for (DraftFault& draft : drafts) {
    if (!draft.fault.id.empty() || draft.kind == nullptr) continue;
    std::string id = draft.fault.kind;
    for (int number = 2; !taken.insert(id).second; ++number) {
      id = fmt::format("{}#{}", draft.fault.kind, number);
    }
    draft.fault.id = std::move(id);
  }
}

}  // namespace

std::vector<DraftFault> parse_faults(const Node& document, const Options& options,
                                     Diagnostics& diagnostics) {
  std::vector<DraftFault> drafts;
  for (const Node* item : items_of(document, "faults", faults_max, diagnostics)) {
    drafts.push_back(parse_fault(*item, options, diagnostics));
  }
  const Node* list = document.find("faults");
  if (list == nullptr || list->is_null() || (list->is_sequence() && list->items.empty())) {
    diagnostics.add(list == nullptr ? document.mark : list->mark, "\"faults\" is missing",
                    "name at least one, for example - process.pause: {select: {name: redis-*}}");
    return drafts;
  }
  settle_ids(document, drafts, diagnostics);
  return drafts;
}

}  // namespace squall::scenario
