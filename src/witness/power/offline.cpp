// power.offline: sees, with the eyes of one process, that there are mains adapters and that none of
// them has power.
#include <fmt/core.h>

#include "core/text.h"
#include "witness/supplies.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

class Offline final : public Witness {
 public:
  explicit Offline(Subject subject) : subject_(std::move(subject)) {}

  Result<Sighting> look() override {
    std::vector<std::string> dead;
    for (const Supply& supply : TRY(read_supplies(subject_))) {
      if (supply.type == "Battery" || !supply.online) continue;
      if (*supply.online) return Sighting{.detail = printable(supply.name) + " is online"};
      dead.push_back(printable(supply.name));
    }
    if (dead.empty()) return Sighting{.detail = "there is no adapter"};
    return Sighting{.on = true,
                    .dose = static_cast<double>(dead.size()),
                    .detail = list_words(dead, "and") + " not online"};
  }

 private:
  Subject subject_;
};

Result<std::unique_ptr<Witness>> open(const SupplyTarget& target) {
  std::unique_ptr<Witness> witness = std::make_unique<Offline>(TRY(Subject::open(target.id())));
  const Sighting first = TRY(witness->look());
  if (first.on) {
    return error(Code::conflict,
                 fmt::format("process {} sees an outage already: {}", target.pid, first.detail),
                 "plug the mains in first");
  }
  return witness;
}

}  // namespace

extern const Kind kind_power_offline;
const Kind kind_power_offline = kind_of<SupplyTarget>({
    .name = "power.offline",
    .about = "Whether the process sees mains adapters, and none of them with power.",
    .dose_unit = "adapters",
    .every = milliseconds(10),
    .table = &supply_table,
    .open = open,
});

}  // namespace squall::witness
