// file.errno: using a file fails, as on a bad disk (EIO), a full one (ENOSPC), a quota that is used
// up (EDQUOT), or with rights that were taken away (EPERM). The file itself is well.
//
// The programs need not cooperate, nothing is mounted and nothing restarted: the kernel asks the
// holder before each access (fanotify), and hands its error to the program.
#include <cerrno>

#include "core/text.h"
#include "faults/accesses.h"
#include "faults/files.h"
#include "faults/typed.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Errno {
  std::string path;
  int number = EIO;
  Accesses::On on = Accesses::On::use;
  Share share{1};
  Selector select;
};

// Those that the kernel takes from a fanotify group, fanotify(7).
const std::vector<std::pair<std::string, int>> numbers = {
    {"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT},  {"EPERM", EPERM},
    {"EAGAIN", EAGAIN}, {"EBUSY", EBUSY},   {"ETXTBSY", ETXTBSY}};

const param::Table<Errno> table{{
    param::field("path", &Errno::path,
                 {.about = "The file, or the folder whose files are meant, with all below it.",
                  .required = true}),
    param::choice("error", &Errno::number, numbers, "What the program is told."),
    param::choice("on", &Errno::on, access_words(), access_about),
    param::field("share", &Errno::share,
                 {.about = "Which part of the accesses fails; the seed decides which ones.",
                  .min = Share{0.05},
                  .max = Share{1}}),
    param::field("select", &Errno::select,
                 {.about = "Who is meant beside the witness; without it, everybody."}),
}};

Accesses accesses_of(const Errno& errors) {
  return {errors.path, errors.on, errors.share, errors.select};
}

Status check(const Errno& errors) {
  return check_full_path("path", errors.path);
}

Wants wants(const Errno& errors) {
  return access_wants(accesses_of(errors));
}

Result<Strike> plan(const Errno& errors, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  const bool any_error = errors.number != EPERM;
  json::object request = TRY(access_request(accesses_of(errors), any_error, facts,
                                            choices.bits(errors.path, "accesses", ordinal)));
  request["error"] = errors.number;
  return Strike{.changes = {{"file.access", std::move(request)}},
                .watches = {{"file.refused",
                             {{"path", errors.path},
                              {"on", access_word(errors.on)},
                              {"error", errors.number},
                              {"attempts", access_attempts(errors.share)}}}},
                .target = printable(errors.path)};
}

}  // namespace

extern const Kind kind_file_errno;
const Kind kind_file_errno = kind_of<Errno>({
    .name = "file.errno",
    .summary = "Opening, reading or using a file fails with an error of your choice.",
    .mechanism =
        "A holder process owns a fanotify group: the kernel asks it before each access, and hands "
        "its error to the program. The run names which class of events serves: pre-content "
        "(Linux 6.14: any of the errors, and writing too) or content (EPERM, for opening and "
        "reading). Accesses that are not meant go on after the question.",
    .undo = access_undo,
    .limits = access_limits,
    .accuracy =
        "Of 10 000 openings 4.59 % failed where 5 % was asked for, 29.50 % for 30 % and all for "
        "100 %, told by a perl program.",
    .example = R"({"path": "/var/lib/example/data", "error": "ENOSPC"})",
    .table = &table,
    .needs = access_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
