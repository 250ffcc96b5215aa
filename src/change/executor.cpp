#include "change/executor.h"

#include <algorithm>
#include <csignal>

#include <fmt/core.h>

#include "core/text.h"
#include "sys/clock.h"

namespace squall::change {
namespace {

constexpr Duration hold_limit = seconds(2);
constexpr Duration release_limit = milliseconds(300);
constexpr Duration gone_limit = seconds(1);

// The kernel takes a held change away shortly after its holder died; this waits for it.
Result<Reverted> wait_until_absent(const Kind& kind, const Live& change) {
  const Duration deadline = sys::monotonic_now() + gone_limit;
  while (true) {
    const Presence presence = TRY(kind.verify(change.request.params, change.before));
    if (presence == Presence::absent) return Reverted{Ending::restored, ""};
    if (sys::monotonic_now() >= deadline) {
      return error(Code::failed, "the kernel still shows the change although its holder is gone");
    }
    sys::sleep_until(sys::monotonic_now() + milliseconds(2));
  }
}

void kill_recorded_holder(const json::object& before) {
  const sys::ProcessId id{integer_at(before, "holder_pid"),
                          static_cast<std::uint64_t>(integer_at(before, "holder_start"))};
  if (id.pid == 0) return;
  if (const Result<sys::Fd> pidfd = sys::open_process(id)) {
    static_cast<void>(sys::send_signal(*pidfd, SIGKILL).ok());
    sys::wait_for_end(*pidfd, seconds(2));
  }
}

}  // namespace

// What stays after the undo must be accepted in writing.
Status check_reversible(const Kind& kind, const Request& request) {
  const std::string left = kind.leaves ? kind.leaves(request.params) : "";
  if (kind.keeping != Keeping::irreversible && left.empty()) return ok();
  return error(
      Code::refused,
      left.empty() ? fmt::format("{} cannot be undone", kind.describe(request.params)) : left,
      "say in the scenario why that is acceptable: accept_irreversible: \"...\"");
}

std::optional<std::string> shared_resource(const Footprint& one, const Footprint& other) {
  for (const std::string& resource : one.resources) {
    if (std::find(other.resources.begin(), other.resources.end(), resource) !=
        other.resources.end()) {
      return resource;
    }
  }
  return std::nullopt;
}

Status check_conflict(const Footprint& footprint, const std::vector<Live>& live) {
  for (const Live& change : live) {
    const std::optional<std::string> resource = shared_resource(change.footprint, footprint);
    if (!resource) continue;
    return error(Code::conflict,
                 fmt::format("run {} already has a change in force on the same thing ({})",
                             change.run, *resource),
                 "wait until it ended, or stop it: squall halt");
  }
  return ok();
}

Executor::Executor(Journal::Opened opened, const Catalogue& kinds,
                   std::function<void(Step)> observer)
    : journal_(std::move(opened.journal)),
      kinds_(kinds),
      observer_(std::move(observer)),
      notes_(std::move(opened.content.notes)),
      journal_is_whole_(opened.content.is_whole) {
  restore_live(opened.content.records);
}

void Executor::restore_live(const std::vector<Record>& records) {
  const std::string boot = sys::boot_id();
  for (const Record& record : records) {
    const std::string id = text_at(record.body, "change");
    if (record.type == "begin") {
      Live change;
      change.id = id;
      change.run = text_at(record.body, "run");
      change.request.kind = text_at(record.body, "kind");
      if (const json::object* params = object_at(record.body, "params")) {
        change.request.params = *params;
      }
      if (const json::object* before = object_at(record.body, "before")) change.before = *before;
      const Kind* kind = find(kinds_, change.request.kind);
      const bool is_volatile = kind != nullptr && !kind->survives_reboot && record.boot != boot;
      if (is_volatile) continue;  // the reboot took it away
      if (kind != nullptr && kind->keeping == Keeping::irreversible) continue;
      live_.push_back(std::move(change));
    } else if (Live* change = find_live(id)) {
      if (record.type == "applied") {
        change->applied = true;
        // A pid of another boot is somebody else's now.
        if (record.boot != boot) continue;
        for (const std::string_view key : {"holder_pid", "holder_start"}) {
          if (const json::value* value = record.body.if_contains(key)) change->before[key] = *value;
        }
      } else if (record.type == "undone" || record.type == "dropped") {
        forget(id);
      }
    }
  }
}

Live* Executor::find_live(const std::string& id) {
  const auto found =
      std::find_if(live_.begin(), live_.end(), [&](const Live& change) { return change.id == id; });
  return found == live_.end() ? nullptr : &*found;
}

void Executor::forget(const std::string& id) {
  std::erase_if(live_, [&](const Live& change) { return change.id == id; });
}

bool Executor::has_unverified_undo() const {
  return std::any_of(live_.begin(), live_.end(),
                     [](const Live& change) { return !change.undo_problem.empty(); });
}

Result<Applied> Executor::apply(const std::string& id, const std::string& run,
                                const Request& request, bool accept_irreversible,
                                const Gate& gate) {
  const Kind* kind = find(kinds_, request.kind);
  if (kind == nullptr) {
    return error(Code::invalid, fmt::format("there is no change kind \"{}\"", request.kind));
  }
  if (find_live(id) != nullptr) {
    return error(Code::conflict, fmt::format("the change {} is in force already", id));
  }
  if (!accept_irreversible) TRY_VOID(check_reversible(*kind, request));
  Live change{.id = id, .run = run, .request = request};
  change.footprint = TRY(kind->footprint(request.params));
  TRY_VOID(gate(*kind, change.footprint));
  TRY_VOID(check_conflict(change.footprint, live_));
  change.before = TRY(kind->capture(request.params));
  step(Step::before_begin);
  TRY_VOID(journal_.append("begin", {{"change", id},
                                     {"run", run},
                                     {"kind", request.kind},
                                     {"params", request.params},
                                     {"before", change.before}}));
  step(Step::after_begin);
  Result<json::object> facts = touch(*kind, change);
  const std::int64_t applied_ns = sys::monotonic_now().nanoseconds;
  step(Step::after_apply);
  if (!facts.ok()) {
    Error problem = std::move(facts).error();
    if (kind->keeping == Keeping::irreversible) {
      static_cast<void>(
          journal_.append("dropped", {{"change", id}, {"reason", problem.render()}}).ok());
      return problem;
    }
    live_.push_back(std::move(change));
    const Result<Reverted> undone = revert(id);
    if (!undone.ok()) problem.message += "; undoing it failed too: " + undone.error().render();
    return problem;
  }
  Applied applied{kind->describe(request.params), kind->undo(request.params),
                  std::string(keeping_name(kind->keeping)), std::move(*facts), applied_ns};
  if (kind->keeping == Keeping::irreversible) {
    static_cast<void>(
        journal_.append("dropped", {{"change", id}, {"reason", "irreversible"}}).ok());
    return applied;
  }
  change.applied = true;
  json::object record{{"change", id}, {"facts", applied.facts}};
  for (const std::string_view key : {"holder_pid", "holder_start"}) {
    if (const json::value* value = change.before.if_contains(key)) record[key] = *value;
  }
  live_.push_back(std::move(change));
  // Losing this record costs nothing: an undo is right whether apply ran or not.
  static_cast<void>(journal_.append("applied", std::move(record), Journal::Durability::lazy).ok());
  step(Step::after_applied);
  return applied;
}

Result<json::object> Executor::touch(const Kind& kind, Live& change) {
  if (kind.keeping != Keeping::held) return kind.apply(change.request.params, change.before);
  Holder holder = TRY(Holder::start(kind, change.request.params, change.before, hold_limit));
  change.before["holder_pid"] = holder.id().pid;
  change.before["holder_start"] = static_cast<std::int64_t>(holder.id().start_ticks);
  json::object facts = holder.facts();
  holders_.emplace(change.id, std::move(holder));
  return facts;
}

Result<Reverted> Executor::undo(const Kind& kind, const Live& change) {
  if (kind.keeping == Keeping::held) {
    const auto holder = holders_.find(change.id);
    std::string last_words;
    if (holder != holders_.end()) {
      holder->second.release(release_limit);
      last_words = holder->second.last_words();
      holders_.erase(holder);
    } else {
      kill_recorded_holder(change.before);
    }
    // The kernel has taken its part away; what the verb clears is the rest of our own.
    Reverted rest;
    if (kind.revert) {
      rest = TRY(kind.revert(change.request.params, change.before));
      if (rest.ending == Ending::foreign) return rest;
    }
    Reverted reverted = TRY(wait_until_absent(kind, change));
    if (reverted.detail.empty()) reverted.detail = rest.detail;
    if (reverted.detail.empty()) reverted.detail = printable(last_words);
    return reverted;
  }
  Reverted reverted = TRY(kind.revert(change.request.params, change.before));
  if (reverted.ending == Ending::foreign || reverted.ending == Ending::gone) return reverted;
  const Presence presence =
      TRY(kind.verify(change.request.params, change.before), "verifying the undo");
  if (presence == Presence::in_force) {
    return error(Code::failed, "the host still shows the change after it was undone");
  }
  return reverted;
}

Result<Reverted> Executor::revert(const std::string& id) {
  Live* change = find_live(id);
  if (change == nullptr) return Reverted{Ending::was_absent, "nothing is in force under this name"};
  const Kind* kind = find(kinds_, change->request.kind);
  if (kind == nullptr) {
    change->undo_problem =
        fmt::format("this program knows no change kind \"{}\"", change->request.kind);
    return error(Code::unsupported, change->undo_problem, "run the version of squall that made it");
  }
  step(Step::before_revert);
  ++change->undo_tries;
  Result<Reverted> reverted = undo(*kind, *change);
  step(Step::after_revert);
  if (!reverted.ok()) {
    change->undo_problem = reverted.error().render();
    return std::move(reverted).error().while_doing(
        fmt::format("undoing {}", kind->describe(change->request.params)));
  }
  // If this record cannot be written the undo is simply done again after a restart.
  static_cast<void>(journal_
                        .append("undone", {{"change", id},
                                           {"ending", ending_name(reverted->ending)},
                                           {"detail", reverted->detail}})
                        .ok());
  forget(id);
  step(Step::after_undone);
  return reverted;
}

std::vector<std::pair<std::string, Result<Reverted>>> Executor::revert_all(const std::string& run) {
  std::vector<std::string> ids;
  for (const Live& change : live_) {
    if (run.empty() || change.run == run) ids.push_back(change.id);
  }
  std::vector<std::pair<std::string, Result<Reverted>>> endings;
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) endings.emplace_back(*id, revert(*id));
  return endings;
}

std::vector<std::string> Executor::lost_holders() {
  std::vector<std::string> lost;
  for (auto& [id, holder] : holders_) {
    if (holder.check()) {
      if (sys::monotonic_now() - holder.last_heartbeat() <= holder_silence_limit) continue;
      holder.release({});
    }
    lost.push_back(id);
  }
  return lost;
}

std::vector<int> Executor::holder_channels() const {
  std::vector<int> channels;
  for (const auto& [id, holder] : holders_) channels.push_back(holder.channel().get());
  return channels;
}

void Executor::compact_if_larger(std::uint64_t limit) {
  if (!live_.empty() || !journal_is_whole_ || journal_.size() <= limit) return;
  const Status compacted = journal_.compact();
  if (!compacted.ok()) notes_.push_back(compacted.error().render());
}

Status Executor::accept_loss() {
  if (!live_.empty()) return error(Code::conflict, "something is in force");
  TRY_VOID(journal_.compact());
  journal_is_whole_ = true;
  return ok();
}

}  // namespace squall::change
