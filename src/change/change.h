// The contract of a change: one reversible touch of the host.
//
// A fault is a list of changes; the guardian applies and reverts changes and knows no fault. The
// set of kinds is closed and small: a reader sees every way in which squall touches a host by
// reading this folder.
//
// The law that every kind obeys (held by law_test.cpp over all kinds):
//  - the journal record is durable before apply is called;
//  - revert is idempotent, and right if apply never ran or ran half;
//  - capture after apply + revert equals capture before;
//  - a process is touched only by pidfd, and a recorded pid only with its start time;
//  - revert restores only what is still ours: what a third party changed meanwhile is reported and
//  left.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/node.h"
#include "core/result.h"
#include "core/units.h"
#include "param/table.h"
#include "sys/process.h"

namespace squall::change {

// How a change is kept, and so what undoes it when squall dies.
enum class Keeping {
  held,       // a holder process owns an open handle; the kernel undoes it when the holder dies
  journaled,  // the inverse is in the journal; the guardian, its twin or the next start undoes it
  irreversible,  // cannot be undone; a scenario must accept that in writing
};
std::string_view keeping_name(Keeping keeping);

// What a fault asks the guardian for. `params` is the canonical form of the kind's table.
struct Request {
  std::string kind;
  json::object params;
};

// Packets that a change would keep from flowing, for the gate that protects the operator's
// connection.
struct TrafficCut {
  std::string network_namespace;  // path, empty = the guardian's own
  std::string peer;               // address or CIDR, empty = any
  int local_port = 0;             // 0 = any
  int remote_port = 0;            // 0 = any
  std::string protocol;           // tcp, udp, any
};

// What a change takes from the host's reserves while it is in force, for the gate that keeps some
// for everybody else. Zero means nothing worth counting.
struct DiskDemand {
  std::string path;  // on the filesystem meant
  Bytes space;
  std::uint64_t inodes = 0;
};
struct Demand {
  Bytes memory;
  std::int64_t descriptors = 0;  // open files of the whole host
  std::int64_t processes = 0;    // or threads
  std::vector<DiskDemand> disk;
};

// What a change would touch, found out without touching it.
struct Footprint {
  std::vector<std::string> paths;         // files and folders written, real paths
  std::vector<sys::ProcessId> processes;  // processes acted upon
  std::vector<TrafficCut> cuts;
  double burnt_cores = 0;
  Demand demand;
  std::vector<std::string> programs;  // of the user, run as they are; real paths
  // Exclusive names: two live changes never share one. "file 8:1 1234", "process 77 stop".
  std::vector<std::string> resources;
};

enum class Presence {
  in_force,  // the host shows what apply made
  absent,    // the host shows what capture saw
  foreign,   // neither: somebody else changed it
};

enum class Ending {
  restored,    // it was in force and is undone
  was_absent,  // there was nothing to undo
  foreign,     // a third party changed it meanwhile; left as it is
  gone,        // the thing itself no longer exists (a process ended, a cgroup was removed)
};
std::string_view ending_name(Ending ending);

struct Reverted {
  Ending ending = Ending::restored;
  std::string detail;  // for people; always set when foreign
};

// Owns the handle that keeps a held change in force; lives in a holder process. The destructor
// releases.
class Held {
 public:
  virtual ~Held() = default;
  // Facts worth recording, such as handle numbers.
  virtual json::object facts() const { return {}; }
  // Asked at every heartbeat: false says that the change is no longer kept, for example because a
  // helper process died. The holder then ends.
  virtual bool is_intact() { return true; }
  // Asked once when the change is to end, before the destructor: what it came to, in a line for
  // people ("2000 sent, 1998 accepted"). It becomes the detail of the undo. May be empty.
  virtual std::string finish() { return {}; }
};

struct Kind {
  std::string_view name;
  std::string_view about;
  Keeping keeping = Keeping::journaled;
  bool survives_reboot = false;  // files do; processes, limits and rules do not
  const param::AnyTable* table = nullptr;

  std::function<Result<Footprint>(const json::object& params)> footprint;
  // The before-image. Touches nothing.
  std::function<Result<json::object>(const json::object& params)> capture;
  // Held kinds have `hold` in place of `apply`. Returns facts for the record.
  std::function<Result<json::object>(const json::object& params, const json::object& before)> apply;
  std::function<Result<std::unique_ptr<Held>>(const json::object& params,
                                              const json::object& before)>
      hold;
  // Looks from outside whether the change is in force.
  std::function<Result<Presence>(const json::object& params, const json::object& before)> verify;
  // Journaled kinds. A held kind may have it too: there it runs once the holder is gone, and takes
  // away what the kernel leaves behind, such as an empty control group or a dead mount.
  std::function<Result<Reverted>(const json::object& params, const json::object& before)> revert;
  // For kinds that take their demand bit by bit (a leak): what is still to come of it while the
  // change is in force. Absent: all of it was taken by the time the change was applied.
  std::function<Demand(const json::object& params, const json::object& before)> outstanding;
  // For kinds that may be asked to leave something behind: what stays after the undo, and why;
  // empty when nothing does. A scenario must accept it in writing, as for irreversible kinds.
  std::function<std::string(const json::object& params)> leaves;
  // One line each, for explain and for pages: what it does; how it is undone (or why it cannot be).
  std::function<std::string(const json::object& params)> describe;
  std::function<std::string(const json::object& params)> undo;
};

// The kinds that a program knows. catalog.cpp lists those that ship.
using Catalogue = std::vector<const Kind*>;
const Catalogue& catalogue();
// nullptr when there is no such kind.
const Kind* find(const Catalogue& kinds, std::string_view name);

}  // namespace squall::change
