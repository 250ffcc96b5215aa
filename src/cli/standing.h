// How things stand with a state folder: who runs, what is in force, how each is undone. Told by the
// guardian where one runs, and by the journal where none does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "change/journal.h"
#include "cli/style.h"
#include "core/node.h"
#include "core/result.h"

namespace squall::cli {

struct ChangeInForce {
  std::string id;  // "run/3"
  std::string run;
  std::string kind;
  std::string describe;
  std::string undo;
  std::string problem;  // why the last try to undo it failed; empty when none was made
  std::int64_t tries = 0;
};

struct ConnectedRun {
  std::string run;
  std::int64_t pid = 0;
  std::int64_t lease_left_ms = 0;
};

struct Standing {
  std::string state;
  std::int64_t guardian_pid = 0;  // 0: none runs
  std::int64_t twin_pid = 0;
  std::vector<ConnectedRun> runs;
  std::vector<ChangeInForce> changes;
  std::optional<std::string> halted;  // why new runs are refused
  std::vector<std::string> notes;     // damage of the journal
  // False: records of the journal are lost, and more may be in force than `changes` tells.
  bool journal_is_whole = true;
};

// Changes nothing, and starts nothing. Errors, and each says that it cannot be told what is in
// force: a state folder or a journal that may not be read, a guardian that does not answer.
Result<Standing> look_at_standing(const std::string& state);

std::string render_standing(const Standing& standing, const Style& style);
json::object to_json(const Standing& standing);

// What the journal of `boot` says is in force, oldest first. Pure.
std::vector<ChangeInForce> changes_in_force(const std::vector<change::Record>& records,
                                            const std::string& boot);
// How a change ended ("restored", "gone", ...), when the journal tells it.
std::optional<std::string> find_ending(const std::vector<change::Record>& records,
                                       const std::string& change);

}  // namespace squall::cli
