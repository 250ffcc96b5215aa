// disk.torn_writes: of a write only the first part reaches the file, and the writer is told that
// all did, as when the power fails behind a cache that promised too much.
//
// A view of the folder is mounted over it, in which a share of the writes is cut off
// (faults/overlays.h).
#include "faults/overlays.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct TornWrites {
  std::string path;
  std::string files;
  Share share{1};
};

const param::Table<TornWrites> table{{
    param::field("path", &TornWrites::path, {.about = "The folder.", .required = true}),
    param::field("files", &TornWrites::files, {.about = about_files}),
    param::field("share", &TornWrites::share,
                 {.about = "The share of writes that is torn; which, and where, the seed decides.",
                  .min = Share{0.001},
                  .max = Share{1},
                  .typical_low = Share{0.01},
                  .typical_high = Share{0.5}}),
}};

Status check(const TornWrites& torn) {
  return check_files(torn.files);
}

Wants wants(const TornWrites& torn) {
  return {.victims = {}, .files = {}, .filesystems = {torn.path}};
}

Result<Strike> plan(const TornWrites& torn, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  return overlay_strike({.path = torn.path,
                         .effect = "tear",
                         .works = {"write"},
                         .files = torn.files,
                         .share = torn.share,
                         .watched_work = "write"},
                        facts, choices, ordinal);
}

}  // namespace

extern const Kind kind_disk_torn_writes;
const Kind kind_disk_torn_writes = kind_of<TornWrites>({
    .name = "disk.torn_writes",
    .summary = "Only the first part of a write reaches the file, and nobody is told.",
    .mechanism =
        "A filesystem in user space (FUSE) that shows the folder as it is, mounted over it. Of a "
        "share of the writes it carries out only the first sectors of 512 B, possibly none, and "
        "acknowledges them whole; a write of less than a sector is cut between two bytes.",
    .undo =
        "The filesystem is ended and its mount removed. If squall dies the filesystem dies with "
        "it, and what is left, a mount that fails for everything, is removed by the guardian, its "
        "twin or the next start of squall. What victims wrote meanwhile stays as it landed: that "
        "is what you came to see.",
    .limits =
        "Take it for scratch folders or copies: data that victims write during the fault is "
        "damaged for good. As on a real disk, the writer may read its whole write back from the "
        "page cache until the file is opened anew. Files that were open before are not hit, and "
        "files that are still open when it ends fail with ENOTCONN. A large write comes in pieces "
        "of up to 1 MiB, each of which is hit or not. Victims in mount namespaces that do not "
        "receive the host's mounts see nothing.",
    .accuracy =
        "Writes are chosen as by disk.errors: of 10 000, 10.04 % were hit where 10 % were asked "
        "for.",
    .example = R"({"path": "/srv/scratch/journal", "share": "10 %"})",
    .table = &table,
    .needs = overlay_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
