// A process under a controller of control groups: in which group it is counted now, and which limit
// holds it there. It is asked anew at every look, so it does not matter whether the process was
// moved under a limit or a limit was put on it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/node.h"
#include "sys/controllers.h"
#include "witness/subject.h"

namespace squall::witness {

// A group and what its controller says of it.
struct Limited {
  std::string directory;
  sys::GroupUse use;
};

class Controlled {
 public:
  // `controller` is memory or pids. Code::unsupported where no hierarchy has it, Code::not_found
  // when the process is gone.
  static Result<Controlled> open(sys::ProcessId id, std::string_view controller);

  bool has_ended() const { return subject_.has_ended(); }
  // The directory of its group; empty optional when it has ended.
  Result<std::optional<std::string>> directory() const;
  // The group with the tightest limit, from its own up to the root; nothing where there is none.
  std::optional<Limited> tightest(const std::string& directory) const;
  const sys::CgroupHierarchy& hierarchy() const { return hierarchy_; }

 private:
  Controlled(Subject subject, std::string_view controller, sys::CgroupHierarchy hierarchy)
      : subject_(std::move(subject)), controller_(controller), hierarchy_(std::move(hierarchy)) {}

  Subject subject_;
  std::string controller_;
  sys::CgroupHierarchy hierarchy_;
};

// Of a list of {"pid", "start_ticks"}, as faults name their victims. Code::invalid when it is none.
Result<std::vector<Controlled>> open_each(const json::value& processes,
                                          std::string_view controller);

}  // namespace squall::witness
