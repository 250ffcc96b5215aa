// The contract of a witness: code that shares nothing with the injector and says what a fault
// really did. It is opened before the fault, looked through again and again, and never told what
// was commanded beyond its own parameters.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/duration.h"
#include "core/node.h"
#include "core/result.h"
#include "param/table.h"

namespace squall::witness {

// One look.
struct Sighting {
  bool on = false;     // the fault is visible now
  double dose = 0;     // how much of it, in the kind's unit
  std::string detail;  // for people: "state T (stopped)"
  // Seeing takes time: the sighting is true of an instant that lies between `oldest` and `newest`
  // before the look returned. The edge between two looks therefore lies in
  // (return of the earlier - its oldest, return of the later - its newest].
  Duration oldest;
  Duration newest;
};

class Witness {
 public:
  virtual ~Witness() = default;
  // Takes one look. An error means "could not see", which is neither on nor off.
  virtual Result<Sighting> look() = 0;
};

struct Kind {
  std::string_view name;       // "process.stopped"
  std::string_view about;      // what it looks at
  std::string_view dose_unit;  // "processes", "cores", "bytes", "refused connects"
  Duration every;              // how often it is worth looking
  bool sees_end = true;        // false: the effect has no end to see (a killed process)
  // The target, or others on the host, make what it looks at come and go while the fault is in
  // force all the time: not to be seen says nothing then.
  bool comes_and_goes = false;
  const param::AnyTable* table = nullptr;
  // Fails when what it should watch cannot be watched (Code::unsupported or not_found, with a
  // reason).
  std::function<Result<std::unique_ptr<Witness>>(const json::object& params)> open;
};

using Catalogue = std::vector<const Kind*>;
const Catalogue& catalogue();
const Kind* find(const Catalogue& kinds, std::string_view name);

}  // namespace squall::witness
