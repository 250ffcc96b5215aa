// file.delete: a file is gone, as after a wrong clean-up job or a slip of a hand.
//
// Its name leads to nothing; the file itself is kept aside in its folder and gets its name back at
// the end. Programs that hold it open do not notice.
#include "core/text.h"
#include "faults/files.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Delete {
  std::string path;
};

const param::Table<Delete> table{{
    param::field("path", &Delete::path,
                 {.about = "The file, with its full path.", .required = true}),
}};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("write permission on the folder of the file")};
}

Status check(const Delete& one) {
  return check_full_path("path", one.path);
}

Wants wants(const Delete& one) {
  return {.files = {one.path}};
}

Result<Strike> plan(const Delete& one, const Facts& facts, const Choices&, std::uint64_t) {
  TRY_VOID(existing_file(facts, one.path));
  return Strike{.changes = {{"file.absence", {{"path", one.path}}}},
                .watches = {{"file.absent", {{"path", one.path}}}},
                .target = printable(one.path)};
}

}  // namespace

extern const Kind kind_file_delete;
const Kind kind_file_delete = kind_of<Delete>({
    .name = "file.delete",
    .summary = "A file is gone: a configuration, a certificate, a data file.",
    .mechanism =
        "The file is renamed aside within its folder, in one step that never takes the place of "
        "another file. Of a symbolic link the link goes, not the file it leads to.",
    .undo =
        "It gets its name back in the same way. The journal knows of it beforehand: if squall dies "
        "or the host reboots, the guardian or the next start of squall gives it back. If somebody "
        "made a new file of that name meanwhile, both are kept and the report tells where the "
        "original lies.",
    .limits =
        "Programs that hold the file open go on using it. Its space is not freed. Whoever lists "
        "the folder sees a hidden file beside, named .NAME.squall-ID. Folders are not taken away.",
    .example = R"({"path": "/etc/example/service.conf"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
