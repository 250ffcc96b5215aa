#include "scenario/language.h"

namespace squall::scenario {
namespace {

using param::choice;
using param::Field;
using param::field;
using param::Table;

// Short enough that all faults of a plan, one after the other and ten times as slow, still fit into
// the nanoseconds of 64 bits.
constexpr Duration longest = minutes(7 * 24 * 60);
constexpr Duration shortest = milliseconds(1);

std::vector<Field<CheckWords>> common_check_words() {
  return {
      field("name", &CheckWords::name,
            {.about = "What the check is called in messages and reports; unique in the scenario.",
             .required = true}),
      field("every", &CheckWords::every,
            {.about = "The time from one measurement to the next, whether or not the first has "
                      "answered yet.",
             .min = shortest,
             .max = minutes(60)}),
      field("timeout", &CheckWords::timeout,
            {.about = "How long a measurement may take before it counts as broken.",
             .min = shortest,
             .max = minutes(10)}),
  };
}

Table<CheckWords> check_words_with(Field<CheckWords> last) {
  std::vector<Field<CheckWords>> fields = common_check_words();
  fields.push_back(std::move(last));
  return Table<CheckWords>(std::move(fields));
}

}  // namespace

const Table<DocumentWords>& document_words() {
  static const Table<DocumentWords> made{{
      field("scenario", &DocumentWords::scenario,
            {.about = "The name: lower-case letters, digits and single hyphens, at most 64.",
             .required = true}),
      field("title", &DocumentWords::title,
            {.about = "One line for people; without it, the name."}),
      field("hypothesis", &DocumentWords::hypothesis,
            {.about = "One sentence that the run holds or refutes."}),
      field("category", &DocumentWords::category,
            {.about = "The family that the scenario counts for; without it, that of its first "
                      "fault."}),
      field("tags", &DocumentWords::tags, {.about = "Words to choose scenarios by."}),
      field("baseline", &DocumentWords::baseline,
            {.about = "How long the steady state is watched before the first fault.",
             .min = milliseconds(10),
             .max = longest}),
      choice("order", &DocumentWords::order,
             {{"together", Order::together},
              {"in_turn", Order::in_turn},
              {"cascade", Order::cascade},
              {"shuffled", Order::shuffled}},
             "How the moments of the faults come about."),
      field("step", &DocumentWords::step,
            {.about = "In a cascade, the time from the start of one fault to that of the next.",
             .min = shortest,
             .max = longest}),
      field("accept_irreversible", &DocumentWords::accept_irreversible,
            {.about = "The sentence that says why a fault which cannot be undone is fine here."}),
  }};
  return made;
}

const std::vector<std::string>& document_parts() {
  static const std::vector<std::string> parts = {
      "risk", "targets", "steady_state", "during", "detect",
      "heal", "faults",  "recover",      "abort",  "fingerprint",
  };
  return parts;
}

const Table<RiskWords>& risk_words() {
  static const Table<RiskWords> made{{
      choice("level", &RiskWords::level, {{"low", "low"}, {"medium", "medium"}, {"high", "high"}},
             "Decides who must approve: low nobody else, medium one other person, high a council."),
      field("weight", &RiskWords::weight,
            {.about = "How much this scenario counts when one is chosen; 1 is usual.",
             .min = 0,
             .max = 1000}),
  }};
  return made;
}

const Table<RecoverWords>& recover_words() {
  static const Table<RecoverWords> made{{
      field("within", &RecoverWords::within,
            {.about = "The time from the end of the last fault by which the steady state must hold "
                      "again.",
             .min = shortest,
             .max = longest}),
  }};
  return made;
}

const Table<FingerprintWords>& fingerprint_words() {
  static const Table<FingerprintWords> made{{
      field("files", &FingerprintWords::files,
            {.about = "Absolute paths whose content and mode must be afterwards as before."}),
  }};
  return made;
}

const Table<CheckWords>& steady_words() {
  static const Table<CheckWords> made{common_check_words()};
  return made;
}

const Table<CheckWords>& during_words() {
  static const Table<CheckWords> made = check_words_with(
      field("never", &CheckWords::never,
            {.about = "True turns the demand round: the expectation must not be met even once."}));
  return made;
}

const Table<CheckWords>& gate_words() {
  static const Table<CheckWords> made = check_words_with(
      field("within", &CheckWords::within,
            {.about = "By when it must be met once: detect counts from the first fault, heal from "
                      "the first harm.",
             .required = true,
             .min = shortest,
             .max = longest}));
  return made;
}

const Table<FaultWords>& fault_words() {
  static const Table<FaultWords> made{{
      field("id", &FaultWords::id,
            {.about =
                 "A name of its own, which also pins its random choices; without it, the kind."}),
      field("at", &FaultWords::at,
            {.about = "When it starts, counted from the end of the baseline.", .max = longest}),
      field("for", &FaultWords::lasts,
            {.about = "How long it stays in force. Faults that are over at once take none.",
             .min = shortest,
             .max = longest}),
  }};
  return made;
}

const Table<StopWords>& stop_words() {
  static const Table<StopWords> made{{
      field("when", &StopWords::when,
            {.about = "The line that must not be crossed: \"error_rate > 20 %\", \"latency_p99 of "
                      "NAME > 2 s\", \"cpu > 95 %\", \"memory > 90 %\" or \"failing NAME\".",
             .required = true}),
      field("for", &StopWords::lasting,
            {.about = "How long it must stay crossed before the run stops.", .max = minutes(60)}),
      field("over", &StopWords::window,
            {.about = "The time over which error_rate and latency_p99 are taken.",
             .min = milliseconds(100),
             .max = minutes(60)}),
  }};
  return made;
}

}  // namespace squall::scenario
