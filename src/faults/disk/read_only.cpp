// disk.read_only: the files of a folder can be read but not written, as after the kernel found an
// error on a disk and made its filesystem read-only.
//
// A view of the folder is mounted over it, in which all that writes gets EROFS (faults/overlays.h).
#include "faults/overlays.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct ReadOnly {
  std::string path;
  std::string files;
};

const param::Table<ReadOnly> table{{
    param::field("path", &ReadOnly::path, {.about = "The folder.", .required = true}),
    param::field("files", &ReadOnly::files, {.about = about_files}),
}};

Status check(const ReadOnly& read_only) {
  return check_files(read_only.files);
}

Wants wants(const ReadOnly& read_only) {
  return {.victims = {}, .files = {}, .filesystems = {read_only.path}};
}

Result<Strike> plan(const ReadOnly& read_only, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  return overlay_strike({.path = read_only.path,
                         .effect = "fail",
                         .error = "EROFS",
                         .works = {"write", "open_to_write", "names"},
                         .files = read_only.files,
                         .watched_work = "open_to_write"},
                        facts, choices, ordinal);
}

}  // namespace

extern const Kind kind_disk_read_only;
const Kind kind_disk_read_only = kind_of<ReadOnly>({
    .name = "disk.read_only",
    .summary = "Nothing can be written in a folder any more: all that tries gets EROFS.",
    .mechanism =
        "A filesystem in user space (FUSE) that shows the folder as it is, mounted over it. It "
        "refuses with EROFS to write, to open for writing, to make, rename and remove, and to "
        "change owners, modes, times and sizes. Reading passes through.",
    .undo =
        "The filesystem is ended and its mount removed; the folder itself was never changed. If "
        "squall dies the filesystem dies with it, and what is left, a mount that fails for "
        "everything, is removed by the guardian, its twin or the next start of squall.",
    .limits =
        "Files that were open before the fault go on being written, and files that are still open "
        "when it ends fail with ENOTCONN. Victims in mount namespaces that do not receive the "
        "host's mounts see nothing.",
    .example = R"({"path": "/srv/data/journal"})",
    .table = &table,
    .needs = overlay_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
