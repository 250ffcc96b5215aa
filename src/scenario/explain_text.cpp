// The explanation as a page: read on a narrow terminal, at night, by somebody who did not write the
// scenario. So: plain ASCII, no colour, one idea a line, what cannot be undone in capitals, and the
// answer to "can this run here" at the very end, where the eye rests.
#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "scenario/explain.h"

namespace squall::scenario {
namespace {

class Page {
 public:
  explicit Page(std::size_t width) : width_(width) {}

  void line(std::string_view text = {}) {
    text_ += text;
    text_ += '\n';
  }
  void heading(std::string_view text) {
    line();
    paragraph(0, text);
    line(std::string(std::min(text.size(), width_), '-'));
  }
  // `label` in a column of its own, the text beside it, wrapped under itself.
  void beside(std::size_t indent, std::string_view label, std::size_t column,
              std::string_view text) {
    if (text.empty()) return;
    const std::size_t start = indent + column;
    std::string first = fmt::format("{:{}}{:<{}}", "", indent, label, column);
    for (const std::string& part : wrap(text, width_ - start)) {
      line(std::string(first.empty() ? std::string(start, ' ') : first) + part);
      first.clear();
    }
  }
  void paragraph(std::size_t indent, std::string_view text) { beside(indent, "", 0, text); }
  std::string take() { return std::move(text_); }

 private:
  std::size_t width_;
  std::string text_;
};

std::string shown(const json::object& object, std::string_view key) {
  return printable(text_at(object, key));
}

void add_summary(Page& page, const json::object& whole) {
  page.paragraph(0, shown(whole, "scenario"));
  if (shown(whole, "title") != shown(whole, "scenario")) page.paragraph(0, shown(whole, "title"));
  page.line();
  constexpr std::size_t column = 12;
  page.beside(2, "Hypothesis", column, shown(whole, "hypothesis"));
  page.beside(2, "Risk", column,
              fmt::format("{}: {}", shown(whole, "risk"), shown(whole, "approval")));
  page.beside(2, "Time", column,
              fmt::format("{} baseline; faults until {}; then {} to be steady again",
                          shown(whole, "baseline"), shown(whole, "faults_until"),
                          shown(whole, "recover_within")));
  const double scale = number_at(whole, "time_scale", 1);
  if (scale != 1) {
    page.beside(2, "Rehearsal", column,
                fmt::format("time scale {}: the author's durations are multiplied by it", scale));
  }
  page.beside(2, "Seed", column, shown(whole, "seed"));
  page.beside(2, "Plan", column, shown(whole, "hash"));
}

struct CheckList {
  std::string_view key;
  std::string_view heading;
};

void add_check(Page& page, const json::object& check) {
  constexpr std::size_t column = 9;
  page.line();
  page.paragraph(2, shown(check, "name"));
  page.beside(4, "probe", column, shown(check, "probe"));
  page.beside(4, bool_at(check, "never") ? "never" : "expect", column, shown(check, "expectation"));
  std::string rhythm =
      fmt::format("every {}, given up after {}", shown(check, "every"), shown(check, "timeout"));
  page.beside(4, "rhythm", column, rhythm);
  if (check.contains("within")) {
    const bool is_heal = shown(check, "list") == "heal";
    page.beside(4, "by", column,
                fmt::format("{} after {}", shown(check, "within"),
                            is_heal ? "the first harm" : "the first fault"));
  }
}

void add_checks(Page& page, const json::object& whole, const CheckList& list) {
  bool is_first = true;
  for (const json::value& value : *array_at(whole, "checks")) {
    const json::object& check = value.as_object();
    if (text_at(check, "list") != list.key) continue;
    if (is_first) page.heading(list.heading);
    is_first = false;
    add_check(page, check);
  }
}

std::string when_of(const json::object& fault) {
  std::string text = "at " + shown(fault, "at");
  if (fault.contains("for")) text += ", for " + shown(fault, "for");
  if (fault.contains("repeats")) text += ", " + shown(fault, "repeats");
  return text;
}

std::string_view who_undoes(std::string_view keeping) {
  if (keeping == change::keeping_name(change::Keeping::held)) {
    return "held: if squall dies, the kernel undoes it";
  }
  if (keeping == change::keeping_name(change::Keeping::journaled)) {
    return "journaled: if squall dies, its guardian or its next start undoes it";
  }
  return {};
}

// A change that cannot be undone says so itself, in plain letters.
std::string in_capitals(std::string_view undo) {
  constexpr std::string_view plainly = "cannot be undone: ";
  if (undo.starts_with(plainly)) undo.remove_prefix(plainly.size());
  return fmt::format("CANNOT BE UNDONE: {}", undo);
}

void add_changes(Page& page, const json::object& whole, const json::object& fault) {
  const json::array& changes = *array_at(fault, "changes");
  int number = 0;
  for (const json::value& value : changes) {
    const json::object& change = value.as_object();
    const std::string label = changes.size() == 1 ? "change" : fmt::format("change {}", ++number);
    constexpr std::size_t column = 11;
    const bool is_final =
        shown(change, "keeping") == change::keeping_name(change::Keeping::irreversible);
    page.beside(4, label, column, shown(change, "does"));
    page.beside(4, "undo", column,
                is_final ? in_capitals(shown(change, "undo")) : shown(change, "undo"));
    page.beside(4, "", column, who_undoes(shown(change, "keeping")));
    if (is_final) {
      const std::string accepted = shown(whole, "irreversible_accepted");
      page.beside(4, "", column,
                  accepted.empty() ? "NOT ACCEPTED by the scenario"
                                   : fmt::format("accepted in writing: \"{}\"", accepted));
    }
  }
}

void add_fault(Page& page, const json::object& whole, const json::object& fault) {
  constexpr std::size_t column = 11;
  const std::string id = shown(fault, "id");
  const std::string kind = shown(fault, "kind");
  page.line();
  page.paragraph(2, fmt::format("{}{}: {}", id, id.starts_with(kind) ? "" : " (" + kind + ")",
                                when_of(fault)));
  page.beside(4, "effect", column, shown(fault, "summary"));
  page.beside(4, "asked", column, shown(fault, "asked"));
  page.beside(4, "target", column, shown(fault, "target"));
  add_changes(page, whole, fault);
  for (const json::value& value : *array_at(fault, "needs")) {
    const json::object& need = value.as_object();
    const bool met = bool_at(need, "met");
    const std::string reason = shown(need, "reason");
    page.beside(4, met ? "needs" : "MISSING", column,
                shown(need, "what") + (met || reason.empty() ? "" : ": " + reason));
  }
  page.beside(4, "limits", column, shown(fault, "limits"));
  page.beside(4, "PROBLEM", column, shown(fault, "problem"));
  page.beside(4, "next", column, shown(fault, "next"));
}

void add_end(Page& page, const json::object& whole) {
  const json::array& stops = *array_at(whole, "stops");
  if (!stops.empty()) page.heading("Stops at once, and undoes everything, when");
  for (const json::value& stop : stops) {
    page.beside(2, "-", 2, std::string_view(stop.get_string()));
  }
  page.heading("Afterwards");
  page.beside(2, "-", 2, "every change is undone, the newest first");
  page.beside(
      2, "-", 2,
      fmt::format("the steady state must hold again within {}", shown(whole, "recover_within")));
  std::string same = "the host must look as it did before";
  for (const json::value& file : *array_at(whole, "fingerprint_files")) {
    same += fmt::format("{}{}", same.ends_with("before") ? ", and so must " : ", ",
                        printable(file.get_string()));
  }
  page.beside(2, "-", 2, same);
  page.line();
  page.paragraph(0, bool_at(whole, "possible")
                        ? "Everything named here is possible on this host. Nothing was touched."
                        : "NOT POSSIBLE ON THIS HOST: see MISSING and PROBLEM above. A run would "
                          "end as unsupported before anything is touched. Nothing was touched.");
}

}  // namespace

std::string explain_text(const Explained& explained, std::size_t width) {
  constexpr std::size_t narrowest = 32;  // leaves the texts beside their labels a few words
  const json::object whole = explain_json(explained);
  Page page(std::max(width, narrowest));
  add_summary(page, whole);
  add_checks(page, whole, {"steady_state", "Must hold before, and again after"});
  page.heading("Will be broken");
  for (const json::value& fault : *array_at(whole, "faults")) {
    add_fault(page, whole, fault.as_object());
  }
  add_checks(page, whole, {"during", "Must hold all the time in between"});
  add_checks(page, whole, {"detect", "Must be noticed"});
  add_checks(page, whole, {"heal", "Must be healed"});
  add_end(page, whole);
  return page.take();
}

}  // namespace squall::scenario
