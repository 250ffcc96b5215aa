// The explanation as data. The text is rendered from it, so that the two cannot say different
// things.
#include "scenario/explain.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "core/units.h"
#include "probes/tolerance.h"
#include "scenario/parts.h"

namespace squall::scenario {
namespace {

std::string join_members(const json::object& members);

// A value as a person would write it in a scenario, on one line.
std::string flow_text(const json::value& value) {
  if (value.is_object()) {
    return "{" + join_members(value.get_object()) + "}";
  }
  if (value.is_array()) {
    std::vector<std::string> parts;
    for (const json::value& item : value.get_array()) parts.push_back(flow_text(item));
    return "[" + join(parts, ", ") + "]";
  }
  if (!value.is_string()) return canonical_json(value);
  const std::string text(value.get_string());
  constexpr std::string_view needs_quotes = ",:{}[]\"'#&*!|>%@`\\";
  const bool is_plain = !text.empty() && text == printable(text) && trim(text) == text &&
                        text.find_first_of(needs_quotes) == std::string::npos;
  return is_plain ? text : printable(json::serialize(json::string(text)));
}

std::string join_members(const json::object& members) {
  std::vector<std::string> parts;
  for (const json::key_value_pair& member : members) {
    parts.push_back(
        fmt::format("{}: {}", std::string_view(member.key()), flow_text(member.value())));
  }
  return join(parts, ", ");
}

// The parameters that differ from their defaults: what the author asked for.
std::string asked(const json::object& params, const param::AnyTable& table) {
  Diagnostics ignored;
  const json::object defaults = table.canonical(Node{}, ignored);
  json::object members;
  for (const json::key_value_pair& member : params) {
    const json::value* usual = defaults.if_contains(member.key());
    if (usual == nullptr || *usual != member.value()) members[member.key()] = member.value();
  }
  return join_members(members);
}

// Everything that says something, defaults too: which host is asked matters even where it is usual.
std::string measured(const json::object& params) {
  json::object members;
  for (const json::key_value_pair& member : params) {
    const json::value& value = member.value();
    const bool is_empty = value.is_null() || value == json::value(false) ||
                          (value.is_string() && value.get_string().empty()) ||
                          (value.is_array() && value.get_array().empty()) ||
                          (value.is_object() && value.get_object().empty());
    if (!is_empty) members[member.key()] = value;
  }
  return members.empty() ? "" : " {" + join_members(members) + "}";
}

std::string list_of(const PlannedCheck& check) {
  if (check.gate != Gate::none) return std::string(gate_name(check.gate));
  return check.demand == Demand::steady ? "steady_state" : "during";
}

std::string expectation_of(const PlannedCheck& check, const probe::Kind* kind) {
  if (check.expect.is_null() || kind == nullptr) return "it answers";
  Diagnostics ignored;
  return probe::Tolerance::parse(node_from_json(check.expect), *kind, ignored).describe();
}

json::object explain_check(const PlannedCheck& check, const probe::Catalogue& probes) {
  const probe::Kind* kind = probe::find(probes, check.probe);
  json::object object{{"name", check.name},
                      {"list", list_of(check)},
                      {"never", check.demand == Demand::never},
                      {"probe", check.probe + measured(check.params)},
                      {"expectation", expectation_of(check, kind)},
                      {"every", render(check.every)},
                      {"timeout", render(check.timeout)}};
  if (check.demand == Demand::eventually) object["within"] = render(check.within);
  return object;
}

json::object explain_change(const change::Request& request, const change::Catalogue& changes) {
  const change::Kind* kind = change::find(changes, request.kind);
  if (kind == nullptr) {
    return {{"kind", request.kind},
            {"keeping", "unknown"},
            {"does", "a change that this version of squall does not know"},
            {"undo", "unknown"}};
  }
  return {{"kind", request.kind},
          {"keeping", change::keeping_name(kind->keeping)},
          {"does", printable(kind->describe(request.params))},
          {"undo", printable(kind->undo(request.params))}};
}

// "up to 5 times, every 30 s", or empty for a fault that strikes once.
std::string repeats_of(const PlannedFault& fault, const fault::Kind& kind) {
  if (!kind.repeat) return {};
  const Result<fault::Repeat> repeat = kind.repeat(fault.params);
  if (!repeat.ok() || repeat->times <= 1) return {};
  std::string text = fmt::format("{} times, every {}", repeat->times, render(repeat->every));
  if (repeat->probability < 1) {
    text += fmt::format(", each with a probability of {}", render(Share{repeat->probability}));
  }
  return text;
}

void explain_strike(json::object& object, const PlannedFault& fault, const Explained& explained) {
  const auto planned = std::find_if(explained.strikes.begin(), explained.strikes.end(),
                                    [&](const auto& one) { return one.fault == fault.id; });
  json::array changes;
  if (planned == explained.strikes.end()) {
    object["problem"] = "it was not planned against this host";
  } else if (!planned->strike.ok()) {
    object["problem"] = printable(planned->strike.error().render());
    object["next"] = printable(planned->strike.error().next);
  } else {
    object["target"] = printable(planned->strike->target);
    for (const change::Request& request : planned->strike->changes) {
      changes.push_back(explain_change(request, explained.changes));
    }
  }
  object["changes"] = std::move(changes);
}

json::object explain_fault(const PlannedFault& fault, const Explained& explained) {
  json::object object{{"id", fault.id}, {"kind", fault.kind}, {"at", render(fault.at)}};
  const fault::Kind* kind = fault::find(explained.faults, fault.kind);
  if (kind == nullptr) {
    object["problem"] = "this version of squall does not know this fault";
    object["changes"] = json::array{};
    object["needs"] = json::array{};
    return object;
  }
  if (kind->lasting == fault::Lasting::spell) object["for"] = render(fault.lasts);
  const std::string repeats = repeats_of(fault, *kind);
  if (!repeats.empty()) object["repeats"] = repeats;
  object["summary"] = kind->summary;
  object["asked"] = asked(fault.params, *kind->table);
  if (!kind->irreversible.empty()) object["irreversible"] = kind->irreversible;
  object["limits"] = kind->limits;
  json::array needs;
  for (const sys::Need& need : kind->needs(explained.host)) {
    needs.push_back(
        json::object{{"what", need.what}, {"met", need.met}, {"reason", printable(need.reason)}});
  }
  object["needs"] = std::move(needs);
  explain_strike(object, fault, explained);
  return object;
}

bool is_possible(const json::object& fault) {
  if (fault.contains("problem")) return false;
  const json::array& needs = *array_at(fault, "needs");
  return std::all_of(needs.begin(), needs.end(),
                     [](const json::value& need) { return bool_at(need.as_object(), "met"); });
}

// In the order of their start.
std::vector<PlannedFault> by_start(std::vector<PlannedFault> faults) {
  std::stable_sort(faults.begin(), faults.end(),
                   [](const PlannedFault& a, const PlannedFault& b) { return a.at < b.at; });
  return faults;
}

std::string stop_text(const StopCondition& stop) {
  std::string text(trim(printable(stop.text)));
  if (stop.window > Duration{}) text += ", taken over " + render(stop.window);
  if (stop.lasting > Duration{}) text += ", for " + render(stop.lasting);
  return text;
}

}  // namespace

std::string approval_of(const std::string& risk_level) {
  if (risk_level == "low") return "your own approval is enough";
  if (risk_level == "medium") return "one other person must approve this plan, by its hash";
  return "a council must approve this plan, by its hash";
}

json::object explain_json(const Explained& explained) {
  const Plan& plan = explained.plan;
  json::array checks;
  for (const PlannedCheck& check : plan.checks) {
    checks.push_back(explain_check(check, explained.probes));
  }
  json::array faults;
  bool possible = true;
  Duration until;
  for (const PlannedFault& fault : by_start(plan.faults)) {
    json::object object = explain_fault(fault, explained);
    possible = possible && is_possible(object);
    const fault::Kind* kind = fault::find(explained.faults, fault.kind);
    until = std::max(until, fault.at + (kind == nullptr ? fault.lasts : span_of(fault, *kind)));
    faults.push_back(std::move(object));
  }
  json::array stops;
  for (const StopCondition& stop : plan.stops) stops.push_back(json::string(stop_text(stop)));
  json::array files;
  for (const std::string& path : plan.fingerprint_files) files.push_back(json::string(path));
  return {{"scenario", plan.name},
          {"title", plan.title},
          {"hypothesis", plan.hypothesis},
          {"hash", hash(plan)},
          {"seed", std::to_string(plan.seed)},
          {"time_scale", plan.time_scale},
          {"risk", plan.risk_level},
          {"approval", approval_of(plan.risk_level)},
          {"irreversible_accepted", plan.accept_irreversible},
          {"baseline", render(plan.baseline)},
          {"faults_until", render(until)},
          {"recover_within", render(plan.recover_within)},
          {"possible", possible},
          {"checks", std::move(checks)},
          {"faults", std::move(faults)},
          {"stops", std::move(stops)},
          {"fingerprint_files", std::move(files)}};
}

}  // namespace squall::scenario
