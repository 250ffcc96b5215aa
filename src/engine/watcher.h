// A watcher looks through one witness from before a strike until its end, and writes down when the
// fault was first seen, how much of it there was, and when it was first seen gone: also when that
// was before it was told to end.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/timeline.h"
#include "faults/fault.h"
#include "sys/process.h"
#include "witness/witness.h"

namespace squall::engine {

class Watcher {
 public:
  struct Subject {
    std::string fault;
    std::uint64_t strike = 0;
    bool is_spell = false;  // the end must be seen too, where the witness can see one
  };

  // Opens the witness and takes the first look, before anything was changed.
  static Result<std::unique_ptr<Watcher>> open(TimelineWriter& timeline, const fault::Watch& watch,
                                               const witness::Catalogue& witnesses,
                                               Subject subject);
  ~Watcher() { stop(); }

  // The fault was commanded: from now on it must be seen within the limit.
  void expect_on(Duration limit);
  // It was told to end.
  void expect_off(Duration limit);
  // The run ends before the fault had the time to be seen: not to have seen it says nothing.
  void excuse_onset();
  // Both edges that were expected were seen or given up.
  bool is_settled() const;
  bool has_seen_on() const;
  std::optional<std::int64_t> on_by_ns() const;
  // Ends the watch and writes the dose.
  void stop();

 private:
  enum class Stage { waiting, expecting_on, in_force, expecting_off, settled };
  // Since when, while the fault should be in force, every look has shown it gone.
  struct Gap {
    std::int64_t after_ns = 0;  // the last look that showed it
    std::int64_t by_ns = 0;
    std::int64_t looks = 0;
    std::string detail;
    bool is_noted = false;
  };
  bool must_see_end() const { return subject_.is_spell && kind_.sees_end; }
  Watcher(TimelineWriter& timeline, const witness::Kind& kind, Subject subject)
      : timeline_(timeline), kind_(kind), subject_(std::move(subject)) {}

  void watch(std::stop_token stop);
  void take_look();
  void see(const witness::Sighting& sighting, std::int64_t before_ns, std::int64_t after_ns);
  void see_in_force(const witness::Sighting& sighting, std::int64_t oldest_ns,
                    std::int64_t newest_ns);
  bool has_ended_early(std::int64_t now_ns) const;
  void give_up_when_late(std::int64_t now_ns);
  void count_dose(const witness::Sighting& sighting);
  void write_edge(std::string_view edge, std::int64_t after_ns, std::int64_t by_ns,
                  const std::string& detail, bool has_victim_ended = false);
  void write_unseen(std::string_view edge, const std::string& message);
  Duration pause() const;

  TimelineWriter& timeline_;
  const witness::Kind& kind_;
  Subject subject_;
  std::unique_ptr<witness::Witness> witness_;
  std::optional<sys::ProcessId> victim_;  // where it looks at one process

  mutable std::mutex mutex_;
  Stage stage_ = Stage::waiting;
  bool was_on_before_ = false;
  bool is_light_ = false;           // set before the thread starts
  std::int64_t last_other_ns_ = 0;  // when the last look that showed the other state began
  std::int64_t deadline_ns_ = 0;
  std::optional<std::int64_t> on_by_ns_;
  std::int64_t last_on_ns_ = 0;  // when the last look that showed the fault began
  std::optional<Gap> gap_;
  std::string last_detail_;
  std::int64_t looks_ = 0;
  std::int64_t on_looks_ = 0;
  double dose_sum_ = 0;
  double dose_min_ = 0;
  double dose_max_ = 0;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace squall::engine
