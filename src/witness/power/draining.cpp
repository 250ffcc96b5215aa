// power.draining: sees, with the eyes of one process, a battery that discharges, and how full it
// is.
//
// The files are read through the process's own root folder (/proc/PID/root), so what is seen is
// what the process itself would read.
#include <fmt/core.h>

#include "core/text.h"
#include "witness/supplies.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

class Draining final : public Witness {
 public:
  explicit Draining(Subject subject) : subject_(std::move(subject)) {}

  Result<Sighting> look() override {
    for (const Supply& supply : TRY(read_supplies(subject_))) {
      if (supply.type != "Battery" || supply.status != "Discharging" || !supply.percent) continue;
      return Sighting{.on = true,
                      .dose = static_cast<double>(*supply.percent),
                      .detail = fmt::format("{} is discharging at {} %", printable(supply.name),
                                            *supply.percent)};
    }
    return Sighting{.detail = "no battery is discharging"};
  }

 private:
  Subject subject_;
};

Result<std::unique_ptr<Witness>> open(const SupplyTarget& target) {
  std::unique_ptr<Witness> witness = std::make_unique<Draining>(TRY(Subject::open(target.id())));
  const Sighting first = TRY(witness->look());
  if (first.on) {
    return error(
        Code::conflict,
        fmt::format("process {} sees a draining battery already: {}", target.pid, first.detail),
        "plug the mains in first");
  }
  return witness;
}

}  // namespace

extern const Kind kind_power_draining;
const Kind kind_power_draining = kind_of<SupplyTarget>({
    .name = "power.draining",
    .about = "Whether the process sees a battery that discharges, and its charge.",
    .dose_unit = "%",
    .every = milliseconds(10),
    .table = &supply_table,
    .open = open,
});

}  // namespace squall::witness
