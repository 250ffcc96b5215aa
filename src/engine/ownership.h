// Whose doing a difference of the host is. Others live on this host too: they stop their processes
// and limit their groups as they like, and a run must not be called unrestored for that. But
// whatever a change of this run touched must be as before, whoever has it otherwise.
#pragma once

#include <set>
#include <string>

#include "change/change.h"

namespace squall::engine {

// The pids and paths in the parameters of changes, however deep they stand.
class Touched {
 public:
  void add(const change::Request& request);
  // Whether a sentence of the fingerprint ("process 4711 (redis) is stopped") speaks of something
  // that was added. Sentences about anything but processes and control groups are always taken as
  // ours: nobody owns a packet filter or a mount.
  bool may_be_ours(const std::string& difference) const;

 private:
  std::set<std::string> names_;
};

}  // namespace squall::engine
