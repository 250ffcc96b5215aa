#include "cli/aftermath.h"

#include <algorithm>

#include "change/journal.h"

namespace squall::cli {
namespace {

using engine::Event;

bool is_event(const Event& event, std::string_view name) {
  return text_at(event, "event") == name;
}

bool has_reverted(const std::vector<Event>& timeline, const std::string& change) {
  return std::any_of(timeline.begin(), timeline.end(), [&](const Event& event) {
    return is_event(event, "change_reverted") && text_at(event, "change") == change;
  });
}

// The last word of the journal on a change of this name; nullptr when it has none.
const change::Record* find_undone(const change::JournalContent& journal, const std::string& id) {
  const auto found = std::find_if(
      journal.records.rbegin(), journal.records.rend(), [&](const change::Record& record) {
        return record.type == "undone" && text_at(record.body, "change") == id;
      });
  return found == journal.records.rend() ? nullptr : &*found;
}

}  // namespace

void tell_aftermath(const std::string& state, const std::string& run,
                    std::vector<Event>& timeline) {
  const bool has_ended = std::any_of(timeline.begin(), timeline.end(), [](const Event& event) {
    return is_event(event, "run_ended");
  });
  if (has_ended || timeline.empty()) return;
  const Result<change::JournalContent> journal = change::read_journal(state);
  if (!journal.ok()) return;
  const std::int64_t at_ns = integer_at(timeline.back(), "t_ns");
  std::vector<Event> told;
  for (const Event& event : timeline) {
    const std::string change = text_at(event, "change");
    if (!is_event(event, "change_applied") || has_reverted(timeline, change)) continue;
    const change::Record* undone = find_undone(*journal, run + "/" + change);
    if (undone == nullptr) continue;
    std::string detail = "the guardian undid it after the runner had died";
    if (const std::string more = text_at(undone->body, "detail"); !more.empty())
      detail += ": " + more;
    told.push_back({{"t_ns", at_ns},
                    {"event", "change_reverted"},
                    {"fault", text_at(event, "fault")},
                    {"change", change},
                    {"ending", text_at(undone->body, "ending")},
                    {"detail", detail}});
  }
  timeline.insert(timeline.end(), told.begin(), told.end());
}

}  // namespace squall::cli
