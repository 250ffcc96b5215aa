// disk.free: sees whether space was taken on a filesystem, and how much.
//
// It asks statvfs(2) by path and knows no file that could have taken it: it counts from the free
// space, root's reserve included, at the time it was opened. Others write and delete meanwhile, so
// the begin wants nearly all of what is looked for to be gone, and the end half of it to be back. A
// filesystem whose free space wanders by itself by as much as is looked for is not taken on.
#include <algorithm>

#include <fmt/core.h>
#include <sys/statvfs.h>

#include "core/text.h"
#include "core/units.h"
#include "sys/clock.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::string path;
  Bytes taken;
};

const param::Table<Target> table{{
    param::field("path", &Target::path, {.about = "Anything on the filesystem.", .required = true}),
    param::field(
        "taken", &Target::taken,
        {.about = "How much less free space counts as taken.", .required = true, .min = Bytes{1}}),
}};

constexpr double begin_share = 0.9;
constexpr double end_share = 0.5;
constexpr double restless_share = 0.25;
constexpr Duration settling = milliseconds(100);
constexpr Duration every = milliseconds(5);

Result<double> free_bytes(const std::string& path) {
  struct statvfs space {};
  if (::statvfs(path.c_str(), &space) != 0) {
    return errno_error(errno, "looking at the free space of " + printable(path));
  }
  return static_cast<double>(space.f_bfree) * static_cast<double>(space.f_frsize);
}

std::string text_of(double bytes) {
  const Bytes size{static_cast<std::uint64_t>(std::max(bytes, 0.0))};
  return render_rounded(size);
}

class Free final : public Witness {
 public:
  Free(const Target& target, double before)
      : path_(target.path), wanted_(static_cast<double>(target.taken.count)), before_(before) {}

  Result<Sighting> look() override {
    const double free = TRY(free_bytes(path_));
    const double taken = before_ - free;
    is_on_ = taken >= wanted_ * (is_on_ ? end_share : begin_share);
    return Sighting{
        .on = is_on_,
        .dose = std::max(taken, 0.0),
        .detail = fmt::format("{} free, {} less than before", text_of(free), text_of(taken))};
  }

 private:
  std::string path_;
  double wanted_;
  double before_;
  bool is_on_ = false;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  double least = TRY(free_bytes(target.path));
  double most = least;
  const Duration start = sys::monotonic_now();
  for (Duration next = start + every; next <= start + settling; next = next + every) {
    sys::sleep_until(next);
    const double now = TRY(free_bytes(target.path));
    least = std::min(least, now);
    most = std::max(most, now);
  }
  const double wanted = static_cast<double>(target.taken.count);
  if (most - least > wanted * restless_share) {
    return error(Code::conflict,
                 fmt::format("the free space of {} moved by {} within {} without us: {} more or "
                             "less would prove nothing",
                             printable(target.path), text_of(most - least), render(settling),
                             render_rounded(target.taken)),
                 "take more, or wait until it is quieter there");
  }
  return std::make_unique<Free>(target, TRY(free_bytes(target.path)));
}

}  // namespace

extern const Kind kind_disk_free;
const Kind kind_disk_free = kind_of<Target>({
    .name = "disk.free",
    .about = "How much less space is free on the filesystem than at the start.",
    .dose_unit = "bytes",
    .every = every,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
