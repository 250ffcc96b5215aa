// The canonical form has every member present, durations as exact text with units, and the seed as
// text too: JSON readers that keep numbers as doubles would lose the last digits of 64 bits.
#include "scenario/plan.h"

#include <array>
#include <charconv>

#include <fmt/core.h>

#include "core/digest.h"
#include "core/text.h"

namespace squall::scenario {
namespace {

constexpr std::int64_t format_version = 1;

constexpr std::array<std::pair<Demand, std::string_view>, 4> demands = {{
    {Demand::steady, "steady"},
    {Demand::always, "always"},
    {Demand::never, "never"},
    {Demand::eventually, "eventually"},
}};
constexpr std::array<std::pair<Gate, std::string_view>, 3> gates = {{
    {Gate::none, "none"},
    {Gate::detect, "detect"},
    {Gate::heal, "heal"},
}};

template <class E, std::size_t N>
std::string_view word_of(const std::array<std::pair<E, std::string_view>, N>& words, E wanted) {
  for (const auto& [value, word] : words) {
    if (value == wanted) return word;
  }
  return words.front().second;
}

json::value duration_text(Duration duration) {
  return json::string(render(duration));
}

json::array texts(const std::vector<std::string>& values) {
  json::array array;
  for (const std::string& value : values) array.push_back(json::string(value));
  return array;
}

json::object check_to_json(const PlannedCheck& check) {
  return {{"name", check.name},
          {"probe", check.probe},
          {"params", check.params},
          {"expect", check.expect},
          {"every", duration_text(check.every)},
          {"timeout", duration_text(check.timeout)},
          {"demand", demand_name(check.demand)},
          {"within", duration_text(check.within)},
          {"gate", gate_name(check.gate)}};
}

json::object fault_to_json(const PlannedFault& fault) {
  return {{"id", fault.id},
          {"kind", fault.kind},
          {"params", fault.params},
          {"at", duration_text(fault.at)},
          {"for", duration_text(fault.lasts)}};
}

json::object stop_to_json(const StopCondition& stop) {
  return {{"text", stop.text},
          {"metric", stop.metric},
          {"check", stop.check},
          {"comparison", stop.comparison},
          {"threshold", stop.threshold},
          {"for", duration_text(stop.lasting)},
          {"over", duration_text(stop.window)}};
}

// Reads members one by one and keeps the first thing that is wrong: a plan comes from a ledger or a
// wire, not from a person, so one sentence is enough.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  std::string text(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_string()) return std::string(value->get_string());
    complain(key, "a text");
    return {};
  }
  double number(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_number()) return number_at(object_, key);
    complain(key, "a number");
    return 0;
  }
  Duration duration(std::string_view key) {
    const Result<Duration> duration = parse_duration(text(key));
    if (duration.ok()) return *duration;
    complain(key, "a duration");
    return {};
  }
  json::object object(std::string_view key) {
    if (const json::object* found = object_at(object_, key)) return *found;
    complain(key, "an object");
    return {};
  }
  json::array array(std::string_view key) {
    if (const json::array* found = array_at(object_, key)) return *found;
    complain(key, "an array");
    return {};
  }
  json::value any(std::string_view key) {
    if (const json::value* found = object_.if_contains(key)) return *found;
    complain(key, "a value");
    return nullptr;
  }
  std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> found;
    for (const json::value& item : array(key)) {
      if (!item.is_string()) complain(key, "a list of texts");
      if (item.is_string()) found.emplace_back(item.get_string());
    }
    return found;
  }
  template <class E, std::size_t N>
  E word(std::string_view key, const std::array<std::pair<E, std::string_view>, N>& words) {
    const std::string given = text(key);
    for (const auto& [value, word] : words) {
      if (word == given) return value;
    }
    complain(key, "one of the known words");
    return words.front().first;
  }
  void complain(std::string_view key, std::string_view expected) {
    if (problem_.empty()) problem_ = fmt::format("\"{}\" is not {}", key, expected);
  }
  Status status() const {
    if (problem_.empty()) return ok();
    return error(Code::invalid, problem_, "the plan was written by another version, or by hand");
  }

 private:
  const json::object& object_;
  std::string problem_;
};

std::uint64_t read_seed(Reader& reader) {
  const std::string text = reader.text("seed");
  std::uint64_t seed = 0;
  auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (code != std::errc() || rest != text.data() + text.size()) {
    reader.complain("seed", "a whole number in a text");
  }
  return seed;
}

Result<PlannedCheck> check_from_json(const json::object& object) {
  Reader reader(object);
  PlannedCheck check;
  check.name = reader.text("name");
  check.probe = reader.text("probe");
  check.params = reader.object("params");
  check.expect = reader.any("expect");
  check.every = reader.duration("every");
  check.timeout = reader.duration("timeout");
  check.demand = reader.word("demand", demands);
  check.within = reader.duration("within");
  check.gate = reader.word("gate", gates);
  TRY_VOID(reader.status());
  return check;
}

Result<PlannedFault> fault_from_json(const json::object& object) {
  Reader reader(object);
  PlannedFault fault;
  fault.id = reader.text("id");
  fault.kind = reader.text("kind");
  fault.params = reader.object("params");
  fault.at = reader.duration("at");
  fault.lasts = reader.duration("for");
  TRY_VOID(reader.status());
  return fault;
}

Result<StopCondition> stop_from_json(const json::object& object) {
  Reader reader(object);
  StopCondition stop;
  stop.text = reader.text("text");
  stop.metric = reader.text("metric");
  stop.check = reader.text("check");
  stop.comparison = reader.text("comparison");
  stop.threshold = reader.number("threshold");
  stop.lasting = reader.duration("for");
  stop.window = reader.duration("over");
  TRY_VOID(reader.status());
  return stop;
}

template <class Item>
Result<std::vector<Item>> read_items(const json::array& array, std::string_view what,
                                     Result<Item> (*read)(const json::object&)) {
  std::vector<Item> items;
  for (const json::value& value : array) {
    const json::object* object = value.if_object();
    if (object == nullptr) return error(Code::invalid, fmt::format("{} is no object", what));
    items.push_back(TRY(read(*object), fmt::format("reading {} {}", what, items.size() + 1)));
  }
  return items;
}

}  // namespace

json::object to_json(const Plan& plan) {
  json::array checks;
  for (const PlannedCheck& check : plan.checks) checks.push_back(check_to_json(check));
  json::array faults;
  for (const PlannedFault& fault : plan.faults) faults.push_back(fault_to_json(fault));
  json::array stops;
  for (const StopCondition& stop : plan.stops) stops.push_back(stop_to_json(stop));
  return {{"format", format_version},
          {"scenario", plan.name},
          {"title", plan.title},
          {"hypothesis", plan.hypothesis},
          {"category", plan.category},
          {"tags", texts(plan.tags)},
          {"risk", {{"level", plan.risk_level}, {"weight", plan.risk_weight}}},
          {"seed", std::to_string(plan.seed)},
          {"time_scale", plan.time_scale},
          {"accept_irreversible", plan.accept_irreversible},
          {"baseline", duration_text(plan.baseline)},
          {"recover_within", duration_text(plan.recover_within)},
          {"checks", std::move(checks)},
          {"faults", std::move(faults)},
          {"stops", std::move(stops)},
          {"fingerprint_files", texts(plan.fingerprint_files)}};
}

Result<Plan> plan_from_json(const json::object& object) {
  if (integer_at(object, "format") != format_version) {
    return error(Code::invalid, fmt::format("the plan is not of format {}", format_version),
                 "make it anew with this version of squall");
  }
  Reader reader(object);
  Plan plan;
  plan.name = reader.text("scenario");
  plan.title = reader.text("title");
  plan.hypothesis = reader.text("hypothesis");
  plan.category = reader.text("category");
  plan.tags = reader.texts("tags");
  plan.seed = read_seed(reader);
  plan.time_scale = reader.number("time_scale");
  plan.accept_irreversible = reader.text("accept_irreversible");
  plan.baseline = reader.duration("baseline");
  plan.recover_within = reader.duration("recover_within");
  plan.fingerprint_files = reader.texts("fingerprint_files");
  const json::object risk_object = reader.object("risk");
  Reader risk(risk_object);
  plan.risk_level = risk.text("level");
  plan.risk_weight = risk.number("weight");
  TRY_VOID(reader.status(), "reading a plan");
  TRY_VOID(risk.status(), "reading the risk of a plan");
  plan.checks = TRY(read_items(reader.array("checks"), "check", check_from_json));
  plan.faults = TRY(read_items(reader.array("faults"), "fault", fault_from_json));
  plan.stops = TRY(read_items(reader.array("stops"), "stop condition", stop_from_json));
  TRY_VOID(reader.status(), "reading a plan");
  return plan;
}

std::string hash(const Plan& plan) {
  return sha256_hex(canonical_json(to_json(plan)));
}

std::string_view demand_name(Demand demand) {
  return word_of(demands, demand);
}

std::string_view gate_name(Gate gate) {
  return word_of(gates, gate);
}

}  // namespace squall::scenario
