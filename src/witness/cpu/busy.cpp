// cpu.busy: sees whether the cores of the host have become busier.
//
// It counts from the level at the time it was opened, so it is opened before the fault, and it does
// not know whose work it sees. A host that is busy or restless by itself is not taken on: there,
// whatever it saw would prove nothing.
#include <fmt/core.h>
#include <unistd.h>

#include "core/units.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "witness/cpu_meter.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t cores = 1;
  Share load{1};
};

const param::Table<Target> table{{
    param::field("cores", &Target::cores,
                 {.about = "On how many cores load should appear.", .required = true, .min = 1}),
    param::field("load", &Target::load,
                 {.about = "How busy each of them should be.",
                  .required = true,
                  .min = Share{0.01},
                  .max = Share{1}}),
}};

constexpr Duration every = milliseconds(50);
constexpr Duration shortest_settling = milliseconds(300);

Result<CpuReading> read_now() {
  static const double ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const std::string text = TRY(sys::read_file("/proc/stat"));
  return parse_cpu_reading(text, sys::monotonic_now(), ticks_per_second);
}

class Busy final : public Witness {
 public:
  explicit Busy(CpuMeter meter) : meter_(std::move(meter)) {}

  Result<Sighting> look() override {
    meter_.add(TRY(read_now()));
    return meter_.sight();
  }

 private:
  CpuMeter meter_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  CpuMeter meter(static_cast<double>(target.cores) * target.load.fraction);
  const CpuReading first = TRY(read_now());
  if (target.cores > first.cores) {
    return error(Code::invalid, fmt::format("load on {} cores cannot be seen: this host has {}",
                                            target.cores, first.cores));
  }
  meter.add(first);
  const Duration settled = first.at + std::max(shortest_settling, meter.window() * 2);
  for (Duration next = first.at + every; next <= settled; next = next + every) {
    sys::sleep_until(next);
    meter.add(TRY(read_now()));
  }
  TRY_VOID(meter.settle());
  return std::make_unique<Busy>(std::move(meter));
}

}  // namespace

extern const Kind kind_cpu_busy;
const Kind kind_cpu_busy = kind_of<Target>({
    .name = "cpu.busy",
    .about = "Whether the cores are busier than at the start, told by their idle time.",
    .dose_unit = "cores",
    .every = every,
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
