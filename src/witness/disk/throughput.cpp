// disk.throughput: sees whether the disk behind a path reads and writes more than before.
//
// It reads what the driver counts for the disk and knows no process that could be behind it. It
// counts from the level at the time it was opened (witness/disk_meter.h). What stays in the page
// cache does not reach the disk and is not seen.
#include <fmt/core.h>

#include "core/text.h"
#include "core/units.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/filesystem.h"
#include "witness/disk_meter.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::string path;
  Bytes bytes_per_second;
  Bytes block{4096};
};

const param::Table<Target> table{{
    param::field("path", &Target::path, {.about = "Anything on the disk.", .required = true}),
    param::field(
        "bytes_per_second", &Target::bytes_per_second,
        {.about = "How much more should be moved each second.", .required = true, .min = Bytes{1}}),
    param::field("block", &Target::block,
                 {.about = "The size of the pieces in which it comes.", .min = Bytes{1}}),
}};

constexpr Duration every = milliseconds(20);
constexpr Duration shortest_settling = milliseconds(400);
constexpr Duration longest_settling = seconds(2);

class Throughput final : public Witness {
 public:
  Throughput(std::string file, DiskMeter meter)
      : file_(std::move(file)), meter_(std::move(meter)) {}

  Status read() {
    const std::string text = TRY(sys::read_file(file_, 4096));
    meter_.add(TRY(parse_disk_reading(text, sys::monotonic_now())));
    return ok();
  }
  Status settle() {
    const Duration start = sys::monotonic_now();
    const Duration end =
        start + std::clamp(meter_.window() * 2, shortest_settling, longest_settling);
    TRY_VOID(read());
    for (Duration next = start + every; next <= end; next = next + every) {
      sys::sleep_until(next);
      TRY_VOID(read());
    }
    return meter_.settle();
  }
  Result<Sighting> look() override {
    TRY_VOID(read());
    return meter_.sight();
  }

 private:
  std::string file_;
  DiskMeter meter_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const sys::Filesystem filesystem = TRY(sys::look_at_filesystem(target.path));
  if (filesystem.disk.major == 0) {
    return error(Code::unsupported, fmt::format("no disk of this host is behind {} ({})",
                                                printable(target.path), filesystem.type));
  }
  auto witness =
      std::make_unique<Throughput>(fmt::format("/sys/dev/block/{}/stat", render(filesystem.disk)),
                                   DiskMeter(static_cast<double>(target.bytes_per_second.count),
                                             static_cast<double>(target.block.count)));
  TRY_VOID(witness->settle());
  return std::unique_ptr<Witness>(std::move(witness));
}

}  // namespace

extern const Kind kind_disk_throughput;
const Kind kind_disk_throughput = kind_of<Target>({
    .name = "disk.throughput",
    .about = "How much more the disk reads and writes than at the start, told by its driver.",
    .dose_unit = "bytes per second",
    .every = every,
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
