// disk.lost_writes: writes are acknowledged and never reach the file, as when the power fails
// before a disk has written what it holds in its cache, or as with a disk that lies about it.
//
// A view of the folder is mounted over it, in which a share of the writes waits in memory for a
// sync of its file, or is dropped (faults/overlays.h).
#include "faults/overlays.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

enum class Loses { unsynced, all };

struct LostWrites {
  std::string path;
  std::string files;
  Loses loses = Loses::unsynced;
  Share share{1};
};

const param::Table<LostWrites> table{{
    param::field("path", &LostWrites::path, {.about = "The folder.", .required = true}),
    param::field("files", &LostWrites::files, {.about = about_files}),
    param::choice("loses", &LostWrites::loses, {{"unsynced", Loses::unsynced}, {"all", Loses::all}},
                  "unsynced: at the end of the fault, as at a power cut, all that was written and "
                  "not synced (fsync, O_SYNC) is gone. all: at once, and a sync does not help."),
    param::field("share", &LostWrites::share,
                 {.about = "The share of writes that is hit; which, the seed decides.",
                  .min = Share{0.001},
                  .max = Share{1},
                  .typical_low = Share{0.01},
                  .typical_high = Share{0.5}}),
}};

Status check(const LostWrites& lost) {
  return check_files(lost.files);
}

Wants wants(const LostWrites& lost) {
  return {.victims = {}, .files = {}, .filesystems = {lost.path}};
}

Result<Strike> plan(const LostWrites& lost, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  return overlay_strike({.path = lost.path,
                         .effect = lost.loses == Loses::all ? "lose" : "hold",
                         .works = {"write"},
                         .files = lost.files,
                         .share = lost.share,
                         .watched_work = "write"},
                        facts, choices, ordinal);
}

}  // namespace

extern const Kind kind_disk_lost_writes;
const Kind kind_disk_lost_writes = kind_of<LostWrites>({
    .name = "disk.lost_writes",
    .summary = "Writes are acknowledged and never reach the file.",
    .mechanism =
        "A filesystem in user space (FUSE) that shows the folder as it is, mounted over it. A "
        "share of the writes it acknowledges and keeps in memory, where every reader sees them, "
        "until their file is synced; what is still there when the fault ends is dropped. Or, with "
        "`all`, it drops them at once, and syncs succeed. Up to 64 MiB wait; beyond, the oldest "
        "are written, as the kernel would in time.",
    .undo =
        "The filesystem is ended and its mount removed. If squall dies the filesystem dies with "
        "it, and what is left, a mount that fails for everything, is removed by the guardian, its "
        "twin or the next start of squall. What was lost stays lost: that is what you came to see.",
    .limits =
        "Take it for scratch folders or copies: data is lost for good, in the middle of files too. "
        "To let a service meet its power cut, kill it at the end of the fault; what it still has "
        "open fails with ENOTCONN. Files that were open before the fault are not hit. Making, "
        "renaming, removing and setting sizes reach the disk at once, so a file that was replaced "
        "without a sync is empty afterwards. sync(2) and syncfs(2) do not count as a sync. A large "
        "write comes in pieces of up to 1 MiB, each of which is hit or not. Victims in mount "
        "namespaces that do not receive the host's mounts see nothing.",
    .accuracy =
        "Writes are chosen as by disk.errors: of 10 000, 10.04 % were hit where 10 % were asked "
        "for. What is lost is lost in blocks of 4096 bytes.",
    .example = R"({"path": "/srv/scratch/journal", "files": "*.log"})",
    .table = &table,
    .needs = overlay_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
