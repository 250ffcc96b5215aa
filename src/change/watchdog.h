// A child that kills this process when it hangs.
//
// The guardian watches over its holders; but where a hanging holder can hang the guardian too, as
// one that answers accesses to files, somebody else must watch.
#pragma once

#include "core/duration.h"
#include "core/result.h"
#include "sys/fd.h"

namespace squall::change {

class Watchdog {
 public:
  // Forks, so it comes first: the child keeps nothing that is opened later, and closes what was
  // opened before. It SIGKILLs this process after `limit` without a beat, and ends with it.
  static Result<Watchdog> start(Duration limit);
  // "I am at work." False when the watchdog is gone.
  bool beat() const;

 private:
  explicit Watchdog(sys::Fd line) : line_(std::move(line)) {}
  sys::Fd line_;
};

}  // namespace squall::change
