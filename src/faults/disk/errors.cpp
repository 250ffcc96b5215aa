// disk.errors: operations on the files of a folder fail or are late, as on a dying disk or a full
// one.
//
// A view of the folder is mounted over it, in which a share of the operations named gets the error
// (faults/overlays.h). The backend is a filesystem in user space; file.errno does the like for
// files that are open already, by another mechanism.
#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/overlays.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

constexpr std::array<std::string_view, 13> known_errors{
    "none",  "EIO",    "ENOSPC", "EDQUOT", "EROFS",  "EACCES",   "EPERM",
    "EBUSY", "EAGAIN", "ENOMEM", "ENFILE", "ESTALE", "ETIMEDOUT"};

struct Errors {
  std::string path;
  std::string files;
  std::string error = "EIO";
  std::vector<std::string> operations = {"write", "sync"};
  Share share{1};
  Duration delay;
};

const param::Table<Errors> table{{
    param::field("path", &Errors::path, {.about = "The folder.", .required = true}),
    param::field("files", &Errors::files, {.about = about_files}),
    param::field("error", &Errors::error,
                 {.about = "What is answered: EIO, ENOSPC, EDQUOT, EROFS, EACCES, EPERM, EBUSY, "
                           "EAGAIN, ENOMEM, ENFILE, ESTALE, ETIMEDOUT; or none, to delay only."}),
    param::field(
        "operations", &Errors::operations,
        {.about = "Which of them: read, write, sync, open, names (make, rename, remove)."}),
    param::field("share", &Errors::share,
                 {.about = "The share of them that is hit; which ones, the seed decides.",
                  .min = Share{0.001},
                  .max = Share{1},
                  .typical_low = Share{0.01},
                  .typical_high = Share{1}}),
    param::field("delay", &Errors::delay,
                 {.about = "How late those are that are hit.", .max = seconds(60)}),
}};

std::vector<std::string> works_of(const Errors& errors) {
  std::vector<std::string> works = errors.operations;
  if (std::count(works.begin(), works.end(), "open") > 0) works.emplace_back("open_to_write");
  return works;
}

Status check(const Errors& errors) {
  constexpr std::array<std::string_view, 5> known{"read", "write", "sync", "open", "names"};
  for (const std::string& operation : errors.operations) {
    if (std::find(known.begin(), known.end(), operation) != known.end()) continue;
    return error(Code::invalid, fmt::format("operations: {} is not one of them", quote(operation)),
                 "use read, write, sync, open and names");
  }
  if (errors.operations.empty()) {
    return error(Code::invalid, "operations: the list is empty", "name one, such as write");
  }
  if (std::find(known_errors.begin(), known_errors.end(), errors.error) == known_errors.end()) {
    return error(Code::invalid, fmt::format("error: {} is not known here", quote(errors.error)),
                 "use EIO or ENOSPC, for example, or none");
  }
  if (errors.error == "none" && errors.delay.nanoseconds == 0) {
    return error(Code::invalid, "neither an error nor a delay is asked for", "give one of them");
  }
  return check_files(errors.files);
}

Wants wants(const Errors& errors) {
  return {.victims = {}, .files = {}, .filesystems = {errors.path}};
}

Result<Strike> plan(const Errors& errors, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  const bool is_late_only = errors.error == "none";
  return overlay_strike({.path = errors.path,
                         .effect = is_late_only ? "wait" : "fail",
                         .error = is_late_only ? "" : errors.error,
                         .works = works_of(errors),
                         .files = errors.files,
                         .share = errors.share,
                         .delay = errors.delay,
                         .watched_work = errors.operations.front()},
                        facts, choices, ordinal);
}

}  // namespace

extern const Kind kind_disk_errors;
const Kind kind_disk_errors = kind_of<Errors>({
    .name = "disk.errors",
    .summary = "Reading or writing files of a folder fails, or takes long, as on a dying disk.",
    .mechanism =
        "A filesystem in user space (FUSE) that shows the folder as it is, mounted over it. It "
        "answers a share of the operations named with the error, after the delay; all others pass "
        "through. Each choice is a hash of the seed, the path, the sort of operation and its "
        "number for that path.",
    .undo =
        "The filesystem is ended and its mount removed; the folder itself was never changed. If "
        "squall dies the filesystem dies with it, and what is left, a mount that fails for "
        "everything, is removed by the guardian, its twin or the next start of squall.",
    .limits =
        "Only what is opened by its path during the fault is hit: files that were open before do "
        "not notice (file.errno reaches those), and files that are still open when it ends fail "
        "with ENOTCONN. So take it for folders that the victim opens anew, or start the victim "
        "during it. Reads that the page cache answers do not fail. It adds some 20 µs to "
        "every operation. Victims in mount namespaces that do not receive the host's mounts see "
        "nothing, and one that is made during the fault keeps a dead copy of the mount.",
    .accuracy =
        "Of 10 000 writes 0.92 % failed where 1 % was asked for, 10.04 % for 10 %, 30.5 % for 30 "
        "% and 89.8 % for 90 %. Writes that were to be 20 ms late took 20.2 ms in the median and "
        "20.7 ms at most. A write of 4 KiB that passes takes about 20 µs, without the overlay 1 "
        "µs.",
    .example = R"({"path": "/srv/data/journal", "error": "EIO", "operations": ["write"],
                   "share": "30 %"})",
    .table = &table,
    .needs = overlay_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
