// The injector makes strikes: it plans them, has witnesses look, asks the guardian for the changes,
// and asks it to take them back. It keeps the record of what is in force for the timeline.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/ownership.h"
#include "engine/watcher.h"
#include "guardian/client.h"

namespace squall::engine {

class Injector {
 public:
  Injector(TimelineWriter& timeline, const scenario::Plan& plan, const Environment& environment,
           const sys::HostFacts& host)
      : timeline_(timeline), plan_(plan), environment_(environment), host_(host) {}

  void use(guardian::Session* session) { session_ = session; }
  // Plans the first strike and touches nothing: false when this host or this user cannot do it at
  // all (it is on record). What may come right by then, such as a victim that is not there yet, is
  // left to the strike itself.
  bool can_strike(const scenario::PlannedFault& fault);
  // Plans a strike, and has its witnesses open, each in a thread of its own, for some look at the
  // host for seconds before they know what is usual there. False when it cannot be planned, which
  // is on record.
  bool prepare(const scenario::PlannedFault& fault, std::uint64_t ordinal);
  bool is_prepared(const scenario::PlannedFault& fault, std::uint64_t ordinal) const {
    return prepared_.contains({fault.id, ordinal});
  }
  // Every witness of the prepared strike has opened or failed.
  bool is_ready(const scenario::PlannedFault& fault, std::uint64_t ordinal) const;
  // Takes what has opened. False when a witness failed, which is on record. Waits until is_ready.
  bool collect(const scenario::PlannedFault& fault, std::uint64_t ordinal);
  // Makes a prepared strike. False when the run must end: something was refused (it is on record).
  bool strike(const scenario::PlannedFault& fault, std::uint64_t ordinal);
  // Takes every change of the fault back, newest first.
  void end(const scenario::PlannedFault& fault);
  // Takes everything back at once. False when the guardian could not be asked.
  bool end_everything();
  // What a guardian that came after a dead one must have undone.
  void record_undone_by_successor(const std::vector<std::string>& still_live);
  void record_lost(const std::string& change, const std::string& message);

  // What the changes of this run touched.
  const Touched& touched() const { return touched_; }

  bool has_changes_in_force() const { return !in_force_.empty(); }
  bool witnesses_are_settled() const;
  // Everything was undone: gives the witnesses the time to see that it is over.
  void await_ends();
  void stop_witnesses();
  std::optional<std::int64_t> first_commanded_ns() const { return first_commanded_ns_; }
  std::optional<std::int64_t> last_end_ns() const { return last_end_ns_; }
  // By when a witness first saw a fault.
  std::optional<std::int64_t> first_witnessed_ns() const;

 private:
  struct InForce {
    std::string change;
    std::string fault;
    bool is_reversible = true;
  };
  struct Watched {
    std::string fault;
    std::unique_ptr<Watcher> watcher;
  };

  // A strike that was planned and not made yet.
  struct Prepared {
    const fault::Kind* kind = nullptr;
    fault::Strike plan;
    std::vector<std::future<Result<std::unique_ptr<Watcher>>>> opening;
    std::vector<std::unique_ptr<Watcher>> watchers;  // in the order of the plan's watches
  };
  // By the fault's id and the number of the strike.
  using Key = std::pair<std::string, std::uint64_t>;

  bool has_lost_victim(const scenario::PlannedFault& fault, const fault::Strike& strike);
  bool apply(const scenario::PlannedFault& fault, const change::Request& request);
  void refuse(const std::string& fault, const std::string& kind, const Error& problem);
  void record_reverted(const std::string& change, const std::string& ending,
                       const std::string& detail);
  void expect_off(const std::string& fault);

  TimelineWriter& timeline_;
  const scenario::Plan& plan_;
  const Environment& environment_;
  const sys::HostFacts& host_;
  guardian::Session* session_ = nullptr;
  Touched touched_;
  std::vector<InForce> in_force_;
  std::vector<Watched> watched_;
  std::map<Key, Prepared> prepared_;
  std::uint64_t next_change_ = 0;
  std::optional<std::int64_t> first_commanded_ns_;
  std::optional<std::int64_t> last_end_ns_;
};

}  // namespace squall::engine
