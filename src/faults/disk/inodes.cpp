// disk.inodes: a filesystem can hold no more files although there is space left, as after a cache
// or a mail queue that made millions of small ones.
//
// Empty files without a name take the inodes. Victims get ENOSPC for every file that they make;
// what is open can still be written, which makes this failure so confusing: df(1) shows free space.
#include <algorithm>
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

struct Inodes {
  std::string path;
  std::optional<std::int64_t> count;
  std::optional<Share> share;
  std::optional<Share> used;
  std::optional<std::int64_t> leave;
};

const param::Table<Inodes> table{{
    param::field("path", &Inodes::path, {.about = "A folder on the filesystem.", .required = true}),
    param::field("count", &Inodes::count, {.about = "How many to take."}),
    param::field(
        "share", &Inodes::share,
        {.about = "How many to take, as a share of those that are free.", .max = Share{1}}),
    param::field(
        "used", &Inodes::used,
        {.about = "How many are used then, as df(1) shows it in IUse% with -i.", .max = Share{1}}),
    param::field("leave", &Inodes::leave,
                 {.about = "How many are left; 0 means that no file can be made any more."}),
}};

constexpr KernelVersion unnamed_files{3, 11};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {
      need_kernel(host, unnamed_files, "files without a name (O_TMPFILE)"),
      note("a filesystem with a fixed number of inodes (ext4, tmpfs), and the right to write in "
           "the folder")};
}

Status check(const Inodes& inodes) {
  const std::array given{inodes.count.has_value(), inodes.share.has_value(),
                         inodes.used.has_value(), inodes.leave.has_value()};
  if (std::count(given.begin(), given.end(), true) != 1) {
    return error(Code::invalid, "say how many inodes to take in exactly one way",
                 "give one of count, share, used and leave");
  }
  if (inodes.count.value_or(1) < 1 || inodes.leave.value_or(0) < 0) {
    return error(Code::invalid, "a number of inodes cannot be below that",
                 "take at least 1, leave at least 0");
  }
  return ok();
}

Wants wants(const Inodes& inodes) {
  return {.victims = {}, .files = {}, .filesystems = {inodes.path}};
}

std::int64_t part_of(double share, std::int64_t count) {
  return std::llround(share * static_cast<double>(count));
}

Result<Strike> plan(const Inodes& inodes, const Facts& facts, const Choices&, std::uint64_t) {
  const auto found = facts.filesystems.find(inodes.path);
  if (found == facts.filesystems.end()) {
    return error(Code::not_found, fmt::format("there is no {}", quote(inodes.path)),
                 "name a folder on the filesystem meant");
  }
  const sys::Filesystem& filesystem = found->second;
  if (filesystem.inodes == 0) {
    return error(Code::unsupported,
                 fmt::format("the filesystem of {} ({}) makes inodes as it needs them: they cannot "
                             "run out",
                             printable(inodes.path), filesystem.type),
                 "fill its space instead (disk.fill)");
  }
  const auto free = static_cast<std::int64_t>(filesystem.free_inodes);
  json::object request{{"path", json::string(inodes.path)}};
  std::int64_t taken = 0;
  if (inodes.count || inodes.share) {
    taken = inodes.count ? *inodes.count : part_of(inodes.share->fraction, free);
    request["count"] = taken;
  } else {
    const std::int64_t leave = inodes.leave ? *inodes.leave
                                            : part_of(1 - inodes.used->fraction,
                                                      static_cast<std::int64_t>(filesystem.inodes));
    taken = std::max<std::int64_t>(free - leave, 0);
    request["leave"] = leave;
  }
  if (taken == 0) {
    return error(Code::conflict,
                 fmt::format("there is nothing to take: {} of {} inodes are free on {}", free,
                             filesystem.inodes, printable(inodes.path)),
                 "ask for more to be taken");
  }
  return Strike{
      .changes = {{"disk.inode_ballast", std::move(request)}},
      .watches = {{"disk.free_inodes", {{"path", json::string(inodes.path)}, {"taken", taken}}}},
      .target = fmt::format("{} ({}), {} of {} inodes free", filesystem.mount_point,
                            filesystem.type, free, filesystem.inodes)};
}

}  // namespace

extern const Kind kind_disk_inodes;
const Kind kind_disk_inodes = kind_of<Inodes>({
    .name = "disk.inodes",
    .summary = "A filesystem has few or no inodes left; no new file can be made although there is "
               "space.",
    .mechanism =
        "As many empty files without a name (O_TMPFILE) are made and kept open. Nothing appears in "
        "any folder. A process holds them in as many tables of descriptors as are needed, so that "
        "its limit on open files does not bound them.",
    .undo =
        "The files are closed and the kernel frees their inodes. If squall dies, in whatever way, "
        "they close with it. After a power failure the filesystem frees them at the next mount.",
    .limits =
        "At most 1,000,000 inodes: each costs 1.8 KiB of kernel memory and an open file while the "
        "fault lasts. Some 90,000 a second are taken and given back, so that a large number takes "
        "its time in both directions. Btrfs and others that make inodes as needed cannot be hit; "
        "XFS makes them from free space. What is left is set once, at the start.",
    .example = R"({"path": "/srv/spool", "share": "10 %"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
