// disk.fill: a filesystem is full, or nearly so, as after a log that nobody rotated.
//
// A file without a name takes the space. Victims get ENOSPC as soon as what is left is used up, or
// at once when nothing is left. There is no file to delete: only the end of the fault frees the
// space, and whoever looks for what fills the disk finds an open deleted file, as so often.
#include <array>
#include <cmath>
#include <optional>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "param/optional_codec.h"

namespace squall::fault {
namespace {

struct Fill {
  std::string path;
  std::optional<Bytes> size;
  std::optional<Share> share;
  std::optional<Share> used;
  std::optional<Bytes> leave;
  bool take_reserve = false;
};

const param::Table<Fill> table{{
    param::field("path", &Fill::path,
                 {.about = "A folder on the filesystem to fill.", .required = true}),
    param::field("size", &Fill::size, {.about = "How much to take; rounded down to a block."}),
    param::field("share", &Fill::share,
                 {.about = "How much to take, as a share of what is free.", .max = Share{1}}),
    param::field(
        "used", &Fill::used,
        {.about = "How full the filesystem is then, as df(1) shows it in Use%.", .max = Share{1}}),
    param::field("leave", &Fill::leave,
                 {.about = "How much is left free; 0 B fills it to the last block."}),
    param::field("take_reserve", &Fill::take_reserve,
                 {.about = "Take what the filesystem keeps for root too (ext4: 5 %). Then root "
                           "gets ENOSPC as well, and shares and what is left count for root."}),
}};

constexpr KernelVersion unnamed_files{3, 11};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {
      need_kernel(host, unnamed_files, "files without a name (O_TMPFILE)"),
      note("the right to write in the folder, and a local filesystem (ext4, XFS, Btrfs, tmpfs)")};
}

Status check(const Fill& fill) {
  const std::array given{fill.size.has_value(), fill.share.has_value(), fill.used.has_value(),
                         fill.leave.has_value()};
  if (std::count(given.begin(), given.end(), true) != 1) {
    return error(Code::invalid, "say how much to fill in exactly one way",
                 "give one of size, share, used and leave");
  }
  return ok();
}

Wants wants(const Fill& fill) {
  return {.victims = {}, .files = {}, .filesystems = {fill.path}};
}

Bytes part_of(double share, std::uint64_t count) {
  return Bytes{static_cast<std::uint64_t>(std::llround(share * static_cast<double>(count)))};
}

Bytes whole_blocks(Bytes amount, Bytes block) {
  return Bytes{amount.count - amount.count % std::max<std::uint64_t>(block.count, 1)};
}

// What must be left so that df(1) shows this share: used / (used + free for the user in question).
Bytes left_at(const Fill& fill, const sys::Filesystem& filesystem, std::uint64_t free) {
  const std::uint64_t used = filesystem.total.count - filesystem.free.count;
  return part_of(1 - fill.used->fraction, used + free);
}

Result<Strike> plan(const Fill& fill, const Facts& facts, const Choices&, std::uint64_t) {
  const auto found = facts.filesystems.find(fill.path);
  if (found == facts.filesystems.end()) {
    return error(Code::not_found, fmt::format("there is no {}", quote(fill.path)),
                 "name a folder on the filesystem to fill");
  }
  const sys::Filesystem& filesystem = found->second;
  const std::uint64_t free = (fill.take_reserve ? filesystem.free : filesystem.available).count;
  json::object request{{"path", json::string(fill.path)}, {"take_reserve", fill.take_reserve}};
  Bytes taken;
  if (fill.size || fill.share) {
    taken = fill.size ? *fill.size : part_of(fill.share->fraction, free);
    taken = whole_blocks(taken, filesystem.block);
    request["size"] = json::string(render(taken));
  } else {
    const Bytes leave = fill.leave ? *fill.leave : left_at(fill, filesystem, free);
    taken = whole_blocks(Bytes{free - std::min(free, leave.count)}, filesystem.block);
    request["leave"] = json::string(render(leave));
  }
  if (taken.count == 0) {
    return error(Code::conflict,
                 fmt::format("there is nothing to take: {} of {} are free on {}",
                             render_rounded(Bytes{free}), render_rounded(filesystem.total),
                             printable(fill.path)),
                 "ask for more to be filled");
  }
  return Strike{
      .changes = {{"disk.ballast", std::move(request)}},
      .watches = {{"disk.free",
                   {{"path", json::string(fill.path)}, {"taken", json::string(render(taken))}}}},
      .target = fmt::format("{} ({}), {} of {} free", filesystem.mount_point, filesystem.type,
                            render_rounded(Bytes{free}), render_rounded(filesystem.total))};
}

}  // namespace

extern const Kind kind_disk_fill;
const Kind kind_disk_fill = kind_of<Fill>({
    .name = "disk.fill",
    .summary = "A filesystem has little or no space left; writes fail with ENOSPC.",
    .mechanism =
        "A file without a name (O_TMPFILE) is given the blocks (fallocate(2)); where the "
        "filesystem cannot do that, noise is written. Nothing appears in any folder. What it "
        "takes is counted as the kernel counts it, with the blocks of the file's own map.",
    .undo =
        "The file is closed and the kernel frees its blocks. If squall dies, in whatever way, the "
        "descriptor closes with it. After a power failure the filesystem frees them at the next "
        "mount.",
    .limits =
        "All users of the filesystem are hit, not one victim. What is left is set once, at the "
        "start; what others write or delete afterwards is not made up for. ext4 gives root its "
        "reserve (5 %) unless `take_reserve` is set, and keeps up to 2 % for its own records. A "
        "tmpfs lies in memory: filling it takes memory. The filesystem cannot be unmounted "
        "meanwhile. The guardian refuses what would take the host's own last space.",
    .accuracy =
        "Every size and every rest asked for on ext4, ext2 and tmpfs: exact to a block. On ext4 "
        "it fills as fast as fallocate(1), on tmpfs half as fast.",
    .example = R"({"path": "/srv/data", "leave": "10 MiB"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
