// disk.free: sees whether space was taken on a filesystem, and how much.
//
// It asks statvfs(2) by path and knows no file that could have taken it: it counts from the free
// space, root's reserve included, at the time it was opened (witness/taken.h).
#include <fmt/core.h>
#include <sys/statvfs.h>

#include "core/text.h"
#include "core/units.h"
#include "witness/taken.h"
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

Result<double> free_bytes(const std::string& path) {
  struct statvfs space {};
  if (::statvfs(path.c_str(), &space) != 0) {
    return errno_error(errno, "looking at the free space of " + printable(path));
  }
  return static_cast<double>(space.f_bfree) * static_cast<double>(space.f_frsize);
}

Result<std::unique_ptr<Witness>> open(const Target& target) {
  return watch_taken(
      {.name = "the free space of " + printable(target.path),
       .left = [path = target.path] { return free_bytes(path); },
       .render =
           [](double bytes) { return render_rounded(Bytes{static_cast<std::uint64_t>(bytes)}); }},
      static_cast<double>(target.taken.count));
}

}  // namespace

extern const Kind kind_disk_free;
const Kind kind_disk_free = kind_of<Target>({
    .name = "disk.free",
    .about = "How much less space is free on the filesystem than at the start.",
    .dose_unit = "bytes",
    .every = taken_every,
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
