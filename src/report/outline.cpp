#include "report/outline.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "core/text.h"
#include "core/units.h"
#include "engine/words.h"
#include "report/escape.h"

namespace squall::report {
namespace {

using engine::Clocks;
using engine::Interval;
using engine::Story;
using engine::Verdict;
using scenario::Demand;

struct Meaning {
  engine::Outcome outcome;
  std::string_view text;
};
constexpr std::array<Meaning, 6> meanings = {{
    {engine::Outcome::held, "Everything that was demanded held, within the bounds below."},
    {engine::Outcome::refuted, "Something that was demanded did not hold."},
    {engine::Outcome::invalid, "The run proves nothing about the target."},
    {engine::Outcome::inconclusive, "Too little was measured to decide."},
    {engine::Outcome::aborted, "The run ended before its time."},
    {engine::Outcome::unsupported, "This host cannot do what the scenario asks."},
}};

std::string_view meaning_of(engine::Outcome outcome) {
  for (const Meaning& meaning : meanings) {
    if (meaning.outcome == outcome) return meaning.text;
  }
  return "";
}

std::string floor_text(const scenario::PlannedCheck& check) {
  return fmt::format("{} + {} timeout ({})", render_rounded(check.every),
                     render_rounded(check.timeout), check.name);
}

// The coarsest of the steady checks: what is known of harm is known no finer than that.
std::string steady_floor(const Story& story) {
  const scenario::PlannedCheck* coarsest = nullptr;
  for (const scenario::PlannedCheck& check : story.plan.checks) {
    if (check.demand != Demand::steady) continue;
    const bool is_coarser =
        coarsest == nullptr || coarsest->every + coarsest->timeout < check.every + check.timeout;
    if (is_coarser) coarsest = &check;
  }
  return coarsest == nullptr ? "" : floor_text(*coarsest);
}

std::string gate_floor(const Story& story, const Verdict& verdict, std::string_view gate) {
  const engine::GateSummary* first = nullptr;
  for (const engine::GateSummary& one : verdict.gates) {
    const bool is_meant = one.gate == gate && one.met;
    if (is_meant && (first == nullptr || one.at.by_ns < first->at.by_ns)) first = &one;
  }
  for (const scenario::PlannedCheck& check : story.plan.checks) {
    if (first != nullptr && check.name == first->check) {
      return floor_text(check);
    }
  }
  return "";
}

// From the command, or from the end for what follows it. What an interval says of the time before
// its origin is no part of the fault, and is left out.
std::string counted(const ClockLine& line, const Clocks& clocks) {
  if (!clocks.commanded || line.name == "commanded") return {};
  const bool follows_end = line.name == "witnessed off" || line.name == "steady again";
  const std::optional<Interval>& off = clocks.commanded_off;
  const bool is_after_end = follows_end && off && line.at->by_ns > off->by_ns;
  const std::int64_t origin = is_after_end ? off->by_ns : clocks.commanded->by_ns;
  const Interval at{std::max(line.at->after_ns, origin), std::max(line.at->by_ns, origin)};
  return fmt::format("{} after the {}", engine::say_interval_since(at, origin),
                     is_after_end ? "end" : "command");
}

std::vector<ClockLine> clock_lines(const Story& story, const Verdict& verdict) {
  const Clocks& clocks = verdict.clocks;
  const std::string steady = steady_floor(story);
  const std::string own = "as the interval shows";
  std::vector<ClockLine> lines = {
      {"commanded", "the first fault was asked for", clocks.commanded, "", "", "exact"},
      {"witnessed on", "a witness saw it", clocks.witnessed_on, "", "", own},
      {"first harm", "the steady state broke", clocks.first_harm, "", "", steady},
      {"first trigger", "it was noticed", clocks.first_trigger, "", "",
       gate_floor(story, verdict, "detect")},
      {"healing acted", "it was healed", clocks.healed, "", "", gate_floor(story, verdict, "heal")},
      {"commanded off", "the last fault was told to end", clocks.commanded_off, "", "", "exact"},
      {"witnessed off", "a witness saw it gone", clocks.witnessed_off, "", "", own},
      {"steady again", "every steady check holds from here on", clocks.steady_again, "", "",
       steady}};
  for (ClockLine& line : lines) {
    if (!line.at) {
      line.floor.clear();
      continue;
    }
    const bool is_exact = line.at->after_ns == line.at->by_ns;
    line.when = is_exact ? engine::say_instant(line.at->by_ns) : engine::say_interval(*line.at);
    line.since = counted(line, clocks);
  }
  return lines;
}

CheckLine check_line(const engine::CheckSummary& check) {
  const bool was_answered = check.latency_max_ms > 0;
  const auto latency = [&](double milliseconds) {
    return was_answered ? engine::say_milliseconds(milliseconds) : std::string();
  };
  return {.name = check.name,
          .demand = check.demand,
          .samples = std::to_string(check.samples),
          .bad = std::to_string(check.bad),
          .tainted = std::to_string(check.tainted),
          .harm_bound = engine::say_bound(check.harm_bound),
          .p50 = latency(check.latency_p50_ms),
          .p90 = latency(check.latency_p90_ms),
          .p99 = latency(check.latency_p99_ms),
          .max = latency(check.latency_max_ms),
          .floor = render_rounded(check.floor),
          .has_bad = check.bad > 0};
}

GateLine gate_line(const engine::JudgedGate& gate, const Clocks& clocks) {
  GateLine line{gate.gate, gate.check, gate.met, "", render_rounded(gate.within)};
  if (gate.met) {
    const std::int64_t on = clocks.commanded ? clocks.commanded->by_ns : 0;
    line.result = fmt::format("{} after the command", engine::say_interval_since(gate.at, on));
  } else if (gate.needless) {
    line.result = "never broke: nothing to heal";
  } else if (gate.proves_nothing) {
    line.result = "proves nothing: " + gate.why;
  } else {
    line.result = gate.why.empty() ? "not met in time" : "not met in time: " + gate.why;
  }
  return line;
}

WitnessLine witness_line(const Story& story, const engine::Edge& edge) {
  WitnessLine line;
  line.witness = edge.witness;
  line.was_seen = edge.was_seen;
  line.edge = fmt::format("{} it {}", edge.was_seen ? "saw" : "did not see",
                          edge.is_onset ? "begin" : "end");
  line.detail = edge.detail;
  if (!edge.was_seen) return line;
  std::optional<std::int64_t> origin;
  if (edge.is_onset) {
    for (const engine::Strike& strike : story.strikes) {
      if (strike.fault == edge.fault && strike.number == edge.strike) origin = strike.commanded_ns;
    }
  } else {
    for (const engine::FaultEnd& end : story.ends) {
      if (end.fault == edge.fault && !origin) origin = end.commanded_ns;
    }
  }
  line.when = origin ? fmt::format("{} after the {}", engine::say_interval_since(edge.at, *origin),
                                   edge.is_onset ? "command" : "end")
                     : "at " + engine::say_interval(edge.at);
  return line;
}

std::string number_text(double number) {
  return fmt::format("{:.4g}", number);
}

DoseLine dose_line(const engine::Dose& dose) {
  std::string text = fmt::format("{}: {}", dose.unit, number_text(dose.mean));
  if (dose.min != dose.max) {
    text += fmt::format(" ({} to {})", number_text(dose.min), number_text(dose.max));
  }
  return {dose.witness, fmt::format("{}, seen in {} of {}", text, dose.on_looks,
                                    engine::say_count(dose.looks, "look"))};
}

FaultPart fault_part(const Story& story, const scenario::PlannedFault& fault) {
  FaultPart part{.id = fault.id, .kind = fault.kind, .asked = describe_params(fault)};
  for (const engine::Strike& strike : story.strikes) {
    if (strike.fault != fault.id) continue;
    part.strikes.push_back(
        fmt::format("{}, at {}", strike.target, engine::say_instant(strike.commanded_ns)));
  }
  for (const engine::LivedChange& change : story.changes) {
    if (change.fault != fault.id) continue;
    part.changes.push_back({change.describe.empty() ? change.kind : change.describe, change.keeping,
                            change.undo, describe_ending(change), change.is_undone()});
  }
  for (const engine::Edge& edge : story.edges) {
    if (edge.fault == fault.id) part.witnesses.push_back(witness_line(story, edge));
  }
  for (const engine::Dose& dose : story.doses) {
    if (dose.fault == fault.id) part.doses.push_back(dose_line(dose));
  }
  return part;
}

std::string restored_text(const Story& story, bool is_restored) {
  const engine::Fingerprint* before = story.find_fingerprint("before");
  const engine::Fingerprint* after = story.find_fingerprint("after");
  if (before == nullptr || after == nullptr) {
    return story.strikes.empty() ? "Nothing was injected, so there was nothing to restore."
                                 : "The host was not compared before and after, so nothing shows "
                                   "that it is as before.";
  }
  if (is_restored) return "The host is as before: its fingerprints are equal.";
  return after->differences.empty() && before->digest == after->digest
             ? "The fingerprints of the host are equal, but not every change is known to be undone."
             : "The host is not as before.";
}

std::vector<std::pair<std::string, std::string>> environment_of(const Story& story) {
  const json::object& started = story.started;
  const json::object* host = object_at(started, "host");
  const json::object none;
  const json::object& facts = host == nullptr ? none : *host;
  std::vector<std::pair<std::string, std::string>> lines = {
      {"run", text_at(started, "run")},
      {"started", text_at(started, "wall")},
      {"lasted", render_rounded(nanoseconds(story.last_ns))},
      {"host", text_at(facts, "name")},
      {"kernel", text_at(facts, "kernel")},
      {"cores", std::to_string(integer_at(facts, "cores"))},
      {"squall", text_at(started, "version")},
      {"seed", std::to_string(story.plan.seed)},
      {"plan hash", text_at(started, "plan_hash")}};
  if (story.plan.time_scale != 1) {
    lines.emplace_back("time scale", fmt::format("{}: the author's durations were changed for this "
                                                 "rehearsal",
                                                 render_number(story.plan.time_scale)));
  }
  std::erase_if(lines, [](const auto& line) { return line.second.empty(); });
  return lines;
}

std::string replay_command(const Story& story) {
  std::string name = text_at(story.started, "file");
  if (name.empty()) name = story.plan.name + ".yaml";
  std::string text = "squall run " + quote_for_shell(name);
  if (const json::array* arguments = array_at(story.started, "arguments")) {
    for (const json::value& word : *arguments) {
      if (word.is_string()) text += " " + quote_for_shell(std::string(word.get_string()));
    }
  }
  text += fmt::format(" --seed {}", story.plan.seed);
  if (story.plan.time_scale != 1) {
    text += " --time-scale " + render_number(story.plan.time_scale);
  }
  return text;
}

bool says_nothing(const json::value& value) {
  return value.is_null() || (value.is_string() && value.get_string().empty()) ||
         (value.is_array() && value.get_array().empty()) ||
         (value.is_object() && value.get_object().empty()) || value == json::value(false);
}

std::string members_text(const json::object& members);

std::string value_text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (!value.is_object()) return compact_json(value);
  return "(" + members_text(value.get_object()) + ")";
}

std::string members_text(const json::object& members) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : members) {
    if (says_nothing(value)) continue;
    parts.push_back(fmt::format("{} {}", std::string_view(key), value_text(value)));
  }
  return join(parts, ", ");
}

}  // namespace

std::string describe_params(const scenario::PlannedFault& fault) {
  std::string text = members_text(fault.params);
  if (fault.lasts <= Duration{}) return text;
  return fmt::format("{}{}for {}", text, text.empty() ? "" : ", ", render_rounded(fault.lasts));
}

std::string describe_ending(const engine::LivedChange& change) {
  std::string text = change.ending;
  if (change.ending == "was_absent") text = "nothing was left to undo";
  if (change.ending == "gone") text = "the thing itself is gone";
  if (change.ending == "foreign") text = "left as a third party made it";
  if (text.empty()) {
    text = change.keeping == "irreversible" ? "cannot be undone" : "not known to be undone";
  } else if (change.reverted_ns) {
    text += ", at " + engine::say_instant(*change.reverted_ns);
  }
  if (!change.detail.empty()) text += " (" + change.detail + ")";
  if (!change.lost.empty()) text = fmt::format("lost before its time ({}); {}", change.lost, text);
  return text;
}

Outline make_outline(const Story& story, const Verdict& verdict) {
  Outline outline;
  outline.run = text_at(story.started, "run");
  outline.scenario = text_at(story.started, "scenario", "an unknown scenario");
  outline.title = text_at(story.started, "title");
  if (outline.title.empty()) outline.title = outline.scenario;
  outline.hypothesis = text_at(story.started, "hypothesis");
  outline.outcome = engine::outcome_name(verdict.outcome);
  outline.meaning = meaning_of(verdict.outcome);
  outline.learnt = verdict.learnt;
  outline.reasons = verdict.reasons;
  outline.clocks = clock_lines(story, verdict);
  for (const engine::CheckSummary& check : verdict.checks) {
    outline.checks.push_back(check_line(check));
  }
  for (const engine::JudgedGate& gate : story.gates) {
    outline.gates.push_back(gate_line(gate, verdict.clocks));
  }
  for (const scenario::PlannedFault& fault : story.plan.faults) {
    outline.faults.push_back(fault_part(story, fault));
  }
  outline.is_restored = verdict.restored;
  outline.restored = restored_text(story, verdict.restored);
  if (const engine::Fingerprint* after = story.find_fingerprint("after")) {
    outline.differences = after->differences;
  }
  outline.environment = environment_of(story);
  for (const engine::Note& note : story.notes) {
    outline.notes.push_back(fmt::format("{}: {}", engine::say_instant(note.at_ns), note.message));
  }
  outline.replay = replay_command(story);
  return outline;
}

}  // namespace squall::report
