// disk.free_inodes: sees whether inodes were taken on a filesystem, and how many.
//
// It asks statvfs(2) by path and knows no file that could have taken them: it counts from the free
// inodes at the time it was opened (witness/taken.h).
#include <fmt/core.h>
#include <sys/statvfs.h>

#include "core/text.h"
#include "witness/taken.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::string path;
  std::int64_t taken = 0;
};

const param::Table<Target> table{{
    param::field("path", &Target::path, {.about = "Anything on the filesystem.", .required = true}),
    param::field(
        "taken", &Target::taken,
        {.about = "How many fewer free inodes count as taken.", .required = true, .min = 1}),
}};

Result<double> free_inodes(const std::string& path) {
  struct statvfs space {};
  if (::statvfs(path.c_str(), &space) != 0) {
    return errno_error(errno, "looking at the free inodes of " + printable(path));
  }
  return static_cast<double>(space.f_ffree);
}

Result<std::unique_ptr<Witness>> open(const Target& target) {
  return watch_taken({.name = "the free inodes of " + printable(target.path),
                      .left = [path = target.path] { return free_inodes(path); },
                      .render = [](double inodes) { return fmt::format("{:.0f} inodes", inodes); }},
                     static_cast<double>(target.taken));
}

}  // namespace

extern const Kind kind_disk_free_inodes;
const Kind kind_disk_free_inodes = kind_of<Target>({
    .name = "disk.free_inodes",
    .about = "How many fewer inodes are free on the filesystem than at the start.",
    .dose_unit = "inodes",
    .every = taken_every,
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
