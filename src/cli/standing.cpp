#include "cli/standing.h"

#include <algorithm>

#include <fmt/core.h>
#include <unistd.h>

#include "change/change.h"
#include "cli/places.h"
#include "core/text.h"
#include "engine/words.h"
#include "guardian/client.h"
#include "guardian/state.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::cli {
namespace {

constexpr Duration answer_limit = seconds(5);
constexpr std::string_view state_of_root = "/var/lib/squall";

const json::object& empty_object() {
  static const json::object empty;
  return empty;
}

const json::object& member(const json::object& object, std::string_view key) {
  const json::object* found = object_at(object, key);
  return found == nullptr ? empty_object() : *found;
}

template <class Take>
void for_each_object(const json::object& object, std::string_view key, const Take& take) {
  const json::array* items = array_at(object, key);
  if (items == nullptr) return;
  for (const json::value& item : *items) {
    if (item.is_object()) take(item.get_object());
  }
}

void read_status(const json::object& status, Standing& standing) {
  standing.guardian_pid = integer_at(status, "guardian_pid");
  standing.twin_pid = integer_at(status, "twin_pid");
  standing.journal_is_whole = bool_at(status, "journal_is_whole", true);
  for_each_object(status, "runs", [&](const json::object& run) {
    standing.runs.push_back(
        {text_at(run, "run"), integer_at(run, "pid"), integer_at(run, "lease_left_ms")});
  });
  for_each_object(status, "changes", [&](const json::object& change) {
    standing.changes.push_back({text_at(change, "change"), text_at(change, "run"),
                                text_at(change, "kind"), text_at(change, "describe"),
                                text_at(change, "undo"), text_at(change, "undo_problem"),
                                integer_at(change, "undo_tries")});
  });
  const json::array* notes = array_at(status, "notes");
  for (std::size_t i = 0; notes != nullptr && i < notes->size(); ++i) {
    if (notes->at(i).is_string()) standing.notes.emplace_back(notes->at(i).get_string());
  }
}

std::string render_change(const ChangeInForce& change, std::size_t number, const Style& style) {
  std::string text = fmt::format("  {}. {} ({}, {})\n     {}{}\n", number,
                                 printable(change.describe), change.kind, printable(change.id),
                                 paint(style, Colour::dim, "to undo: "), printable(change.undo));
  if (!change.problem.empty()) {
    text +=
        "     " +
        paint(style, Colour::bad,
              fmt::format("not undone yet, tried {}: ", engine::say_count(change.tries, "time"))) +
        printable(change.problem) + "\n";
  }
  return text;
}

std::string row(std::string_view name, const std::string& text, const Style& style) {
  return paint(style, Colour::dim, fit(style, name, 10)) + text + "\n";
}

std::string say_guardian(const Standing& standing) {
  if (standing.guardian_pid == 0) return "none runs, as is usual when nothing is in force";
  return fmt::format(
      "runs (pid {}{})", standing.guardian_pid,
      standing.twin_pid == 0 ? ", without a twin" : fmt::format(", twin {}", standing.twin_pid));
}

std::string advice_on(const Standing& standing) {
  const bool has_trouble =
      std::any_of(standing.changes.begin(), standing.changes.end(),
                  [](const ChangeInForce& change) { return !change.problem.empty(); });
  if (has_trouble) return "free what blocks the undo; the guardian goes on trying";
  if (!standing.journal_is_whole) {
    return "more may be in force than squall knows: look at the host yourself; no run starts "
           "before "
           "squall recover";
  }
  if (!standing.changes.empty() && standing.guardian_pid == 0) return "to undo it: squall recover";
  if (!standing.changes.empty()) return "to undo everything at once: squall halt";
  if (standing.halted) return "to allow runs again: squall resume";
  if (::geteuid() != 0 && standing.state != state_of_root &&
      sys::exists(std::string(state_of_root))) {
    return fmt::format("this is your own state folder; for the one of root: sudo squall status");
  }
  return {};
}

}  // namespace

std::vector<ChangeInForce> changes_in_force(const std::vector<change::Record>& records,
                                            const std::string& boot) {
  std::vector<ChangeInForce> changes;
  for (const change::Record& record : records) {
    const std::string id = text_at(record.body, "change");
    if (record.type == "undone" || record.type == "dropped") {
      std::erase_if(changes, [&](const ChangeInForce& change) { return change.id == id; });
    }
    if (record.type != "begin") continue;
    ChangeInForce change{
        .id = id, .run = text_at(record.body, "run"), .kind = text_at(record.body, "kind")};
    const change::Kind* kind = change::find(change::catalogue(), change.kind);
    const bool ended_with_boot = kind != nullptr && !kind->survives_reboot && record.boot != boot;
    const bool cannot_be_undone = kind != nullptr && kind->keeping == change::Keeping::irreversible;
    if (ended_with_boot || cannot_be_undone) continue;
    const json::object& params = member(record.body, "params");
    change.describe = kind == nullptr ? "a change that this version of squall does not know"
                                      : kind->describe(params);
    change.undo = kind == nullptr ? "run the version of squall that made it" : kind->undo(params);
    changes.push_back(std::move(change));
  }
  return changes;
}

std::optional<std::string> find_ending(const std::vector<change::Record>& records,
                                       const std::string& change) {
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    if (text_at(record->body, "change") != change) continue;
    if (record->type == "dropped") return text_at(record->body, "reason");
    if (record->type != "undone") return std::nullopt;
    const std::string detail = text_at(record->body, "detail");
    return text_at(record->body, "ending") + (detail.empty() ? "" : ", " + detail);
  }
  return std::nullopt;
}

namespace {

// Nothing when none runs. One that starts, ends or takes another's place is waited for: meanwhile
// it keeps the state folder, and the journal is in the midst of being written.
Result<std::optional<json::object>> ask_guardian(const std::string& state) {
  const Duration deadline = sys::monotonic_now() + answer_limit;
  while (true) {
    if (Result<guardian::Client> client = guardian::Client::connect(state)) {
      const Duration left = deadline - sys::monotonic_now();
      Result<json::object> status = client->call({{"request", "status"}}, left);
      if (status.ok()) return std::optional(std::move(*status));
    }
    if (!guardian::is_state_locked(state)) return std::optional<json::object>();
    if (sys::monotonic_now() >= deadline) break;
    sys::sleep_until(sys::monotonic_now() + milliseconds(10));
  }
  return error(
             Code::timed_out,
             fmt::format("a guardian runs, but did not answer within {}", render(answer_limit)),
             "it is stopped or at a long step; its twin replaces one that hangs, within 30 s: ask "
             "again then")
      .while_doing("asking the guardian how things stand");
}

}  // namespace

Result<Standing> look_at_standing(const std::string& state) {
  constexpr std::string_view doubt = "telling what is in force (this cannot be told now)";
  Standing standing{.state = state};
  TRY_VOID(check_can_look_into(state), std::string(doubt));
  standing.halted = guardian::stop_reason(state);
  Result<std::optional<json::object>> status = ask_guardian(state);
  if (!status.ok()) return std::move(status).error().while_doing(std::string(doubt));
  if (*status) {
    read_status(**status, standing);
    return standing;
  }
  Result<change::JournalContent> read = change::read_journal(state);
  if (!read.ok()) {
    return std::move(read)
        .error()
        .while_doing("reading the journal")
        .while_doing(std::string(doubt))
        .advise("ask as the user who ran squall, or as root: sudo squall status --state " +
                printable(state));
  }
  change::JournalContent journal = std::move(read).value();
  standing.journal_is_whole = journal.is_whole;
  standing.changes = changes_in_force(journal.records, sys::boot_id());
  standing.notes = std::move(journal.notes);
  return standing;
}

std::string render_standing(const Standing& standing, const Style& style) {
  std::string text = row("state", printable(standing.state), style);
  text += row("guardian", say_guardian(standing), style);
  text +=
      row("halted",
          standing.halted ? paint(style, Colour::bad, "yes: ") + printable(*standing.halted) : "no",
          style);
  text += row("runs",
              standing.runs.empty()
                  ? "none"
                  : engine::say_count(static_cast<std::int64_t>(standing.runs.size()), "run"),
              style);
  for (const ConnectedRun& run : standing.runs) {
    text += fmt::format("  {} (pid {}, its lease has {} left)\n", printable(run.run), run.pid,
                        render_rounded(milliseconds(run.lease_left_ms)));
  }
  const auto count = static_cast<std::int64_t>(standing.changes.size());
  std::string in_force = count == 0
                             ? paint(style, Colour::good, "nothing")
                             : paint(style, Colour::warning, engine::say_count(count, "change"));
  if (!standing.journal_is_whole) {
    in_force =
        paint(style, Colour::bad, count == 0 ? "cannot be told" : in_force + ", perhaps more") +
        ": the journal lost records";
  }
  text += row("in force", in_force, style);
  std::size_t number = 0;
  for (const ChangeInForce& change : standing.changes) {
    text += render_change(change, ++number, style);
  }
  for (const std::string& note : standing.notes) text += row("note", printable(note), style);
  const std::string advice = advice_on(standing);
  return advice.empty() ? text : text + "\n" + advice + "\n";
}

json::object to_json(const Standing& standing) {
  json::array runs;
  for (const ConnectedRun& run : standing.runs) {
    runs.push_back({{"run", run.run}, {"pid", run.pid}, {"lease_left_ms", run.lease_left_ms}});
  }
  json::array changes;
  for (const ChangeInForce& change : standing.changes) {
    changes.push_back({{"change", change.id},
                       {"run", change.run},
                       {"kind", change.kind},
                       {"describe", change.describe},
                       {"undo", change.undo},
                       {"undo_problem", change.problem},
                       {"undo_tries", change.tries}});
  }
  json::array notes;
  for (const std::string& note : standing.notes) notes.push_back(json::string(note));
  json::value guardian = nullptr;
  if (standing.guardian_pid != 0) {
    guardian = {{"pid", standing.guardian_pid}, {"twin_pid", standing.twin_pid}};
  }
  return {{"state", standing.state},
          {"guardian", std::move(guardian)},
          {"halted", standing.halted ? json::value(json::string(*standing.halted)) : nullptr},
          {"runs", std::move(runs)},
          {"changes", std::move(changes)},
          {"journal_is_whole", standing.journal_is_whole},
          {"notes", std::move(notes)}};
}

}  // namespace squall::cli
