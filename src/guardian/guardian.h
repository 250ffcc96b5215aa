// The guardian: the only process that touches the host. It owns the journal, serves runners over a
// unix socket, keeps their leases, and reverts: when a lease runs out, when a connection closes,
// when the emergency file appears, when it is told to. It knows no fault, no YAML, no database and
// no HTTP.
//
// A twin watches it and becomes the guardian when it dies; the new one replays the journal before
// anything else. A guardian that hangs is killed by its twin, and so has died. The guardian leaves
// by itself when nothing is in force and nobody is connected.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "change/executor.h"
#include "core/duration.h"

namespace squall::guardian {

struct Options {
  std::string state_folder;
  std::string policy_file;  // may be missing
  Duration idle_limit = seconds(3);
  const change::Catalogue* kinds = nullptr;
  std::function<void(change::Step)> observer;  // for programs that die at a chosen step
  int ready_fd = -1;  // told "ready\n" or one line "CODE message"; -1 = nobody waits
  std::vector<std::string> twin_command;  // program and arguments of the twin; empty = no twin
};

// Serves until idle. Returns the exit code of the process.
int serve(const Options& options);

// Watches the guardian `pid` with `start_ticks`, whose pulse comes through `pulse_fd` (twin.h).
// When it dies without saying goodbye, or hangs, runs `successor` in place of this process. Returns
// an exit code when there is nothing left to watch.
int watch_guardian(std::int64_t pid, std::int64_t start_ticks, int pulse_fd,
                   const std::vector<std::string>& successor);

// Replays the journal once without serving: for boot units and for hosts where no guardian can run.
// Returns the sentences to show; an error when something could not be undone.
Result<std::vector<std::string>> recover(const Options& options);

}  // namespace squall::guardian
