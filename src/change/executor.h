// The executor applies and reverts changes with the journal ahead of every touch. It is the only
// caller of a kind's verbs, so that the order record - sync - touch holds for every kind.
//
// Records: begin {change, run, kind, params, before} is durable before apply; applied {change,
// facts, holder} after it; undone {change, ending, detail} after the undo was verified; dropped
// {change, reason} when there is nothing left that could be undone (another boot, an irreversible
// change).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "change/change.h"
#include "change/holder.h"
#include "change/journal.h"

namespace squall::change {

// The instants between two touches, for programs that want to die at each of them.
enum class Step {
  before_begin,
  after_begin,  // recorded, not applied
  after_apply,  // applied, not recorded as such
  after_applied,
  before_revert,
  after_revert,  // reverted, not recorded as such
  after_undone,
};

// A change that is in force, or that may be because its undo was not verified yet.
struct Live {
  std::string id;  // "run/3"
  std::string run;
  Request request;
  json::object before;
  Footprint footprint;
  bool applied = false;
  std::string undo_problem;  // why the last try to undo failed; empty when none was made
  std::int64_t undo_tries = 0;
};

// What is asked of every request before its gate: that what stays after its undo is accepted, and
// that nobody else has the same thing. Both touch nothing.
Status check_reversible(const Kind& kind, const Request& request);
Status check_conflict(const Footprint& footprint, const std::vector<Live>& live);
// An exclusive resource of both; nothing when they have none in common.
std::optional<std::string> shared_resource(const Footprint& one, const Footprint& other);

struct Applied {
  std::string describe;
  std::string undo;
  std::string keeping;
  json::object facts;
  std::int64_t applied_ns = 0;  // CLOCK_MONOTONIC, right after the kernel said yes
};

class Executor {
 public:
  // Takes the journal over. What the journal says is live is live again, oldest first.
  Executor(Journal::Opened opened, const Catalogue& kinds, std::function<void(Step)> observer = {});

  // `gate` is asked with the footprint before anything is recorded. `accept_irreversible` must be
  // true for irreversible kinds. On an error nothing is in force, or the change is live with an
  // undo_problem.
  using Gate = std::function<Status(const Kind&, const Footprint&)>;
  Result<Applied> apply(const std::string& id, const std::string& run, const Request& request,
                        bool accept_irreversible, const Gate& gate);
  // Idempotent: a change that is not live reads as was_absent.
  Result<Reverted> revert(const std::string& id);
  // Newest first; goes on past failures, which stay live. Returns what was reverted, by id.
  std::vector<std::pair<std::string, Result<Reverted>>> revert_all(const std::string& run = {});

  const std::vector<Live>& live() const { return live_; }
  bool has_unverified_undo() const;
  // Ids of changes whose holder died or hangs; a hanging one is killed first.
  std::vector<std::string> lost_holders();
  std::vector<int> holder_channels() const;
  const std::vector<std::string>& journal_notes() const { return notes_; }
  // False: records were lost, and what they stood for may be in force although it is not live.
  bool journal_is_whole() const { return journal_is_whole_; }
  // Shortens the journal when nothing is live and it has grown past `limit` bytes. A loss is not
  // forgotten by that.
  void compact_if_larger(std::uint64_t limit);
  // Begins the journal anew once a person was told of the loss. Code::conflict while something is
  // live.
  Status accept_loss();

 private:
  void step(Step now) const {
    if (observer_) observer_(now);
  }
  void restore_live(const std::vector<Record>& records);
  Result<json::object> touch(const Kind& kind, Live& change);
  Result<Reverted> undo(const Kind& kind, const Live& change);
  Live* find_live(const std::string& id);
  void forget(const std::string& id);

  Journal journal_;
  const Catalogue& kinds_;
  std::function<void(Step)> observer_;
  std::vector<Live> live_;
  std::map<std::string, Holder> holders_;
  std::vector<std::string> notes_;
  bool journal_is_whole_ = true;
};

}  // namespace squall::change
