// file.hide: a program cannot be found, as after a package was removed, an image was built without
// it, or a PATH was set wrongly.
//
// Every file of that name in the victim's PATH is taken away, since the next one would be found
// otherwise. Which files those are is looked up when the fault strikes: in the PATH that the victim
// was started with, or in the folders given.
#include <fmt/core.h>

#include "core/text.h"
#include "faults/files.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Hide {
  std::string program;
  Selector select;
  std::vector<std::string> folders;
};

const param::Table<Hide> table{{
    param::field("program", &Hide::program,
                 {.about = "Its name, without a folder: \"pg_dump\".", .required = true}),
    param::field("select", &Hide::select, {.about = "The process in whose PATH it is looked for."}),
    param::field("folders", &Hide::folders,
                 {.about = "Or the folders in which it is looked for, each with its full path."}),
}};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("write permission on the folders in which the program stands")};
}

Status check(const Hide& hide) {
  if (hide.program.empty() || hide.program.find('/') != std::string::npos) {
    return error(Code::invalid, fmt::format("program: {} is not a name", quote(hide.program)),
                 "to take away one file of which you know the path, use file.delete");
  }
  if (hide.select.empty() == hide.folders.empty()) {
    return error(Code::invalid, "of select and folders exactly one must be given",
                 "say who looks for the program, or where it stands");
  }
  for (const std::string& folder : hide.folders) {
    TRY_VOID(check_full_path("folders", folder));
    if (folder.find(':') == std::string::npos) continue;
    return error(Code::invalid, fmt::format("folders: {} holds a colon", quote(folder)),
                 "give a list of folders");
  }
  return ok();
}

Wants wants(const Hide& hide) {
  Wants wanted{.programs = {hide.program}, .search_path = join(hide.folders, ":")};
  if (!hide.select.empty()) wanted.victims = hide.select;
  return wanted;
}

Result<Strike> plan(const Hide& hide, const Facts& facts, const Choices&, std::uint64_t) {
  if (!hide.select.empty()) TRY_VOID(require_victims(facts, hide.select));
  const auto found = facts.programs.find(hide.program);
  if (found == facts.programs.end() || found->second.empty()) {
    return error(Code::not_found, fmt::format("no program {} is found there", quote(hide.program)),
                 "look at the PATH of the process: tr '\\0' '\\n' </proc/PID/environ");
  }
  Strike strike;
  for (const std::string& path : found->second) {
    strike.changes.push_back({"file.absence", {{"path", path}}});
    strike.watches.push_back({"file.absent", {{"path", path}}});
  }
  strike.target = printable(join(found->second, ", "));
  return strike;
}

}  // namespace

extern const Kind kind_file_hide;
const Kind kind_file_hide = kind_of<Hide>({
    .name = "file.hide",
    .summary = "A program that is started by its name cannot be found.",
    .mechanism =
        "Every executable file of that name in the PATH of the victim, or in the folders given, is "
        "renamed aside within its folder. Of a symbolic link the link goes, not the program it "
        "leads to.",
    .undo =
        "Each gets its name back in the same way. The journal knows of it beforehand: if squall "
        "dies or the host reboots, the guardian or the next start of squall gives it back. If "
        "somebody made a new file of that name meanwhile, both are kept and the report tells where "
        "the original lies.",
    .limits =
        "Folders that the host itself needs are protected, so programs in /usr and /bin cannot be "
        "hidden: this works on the folders of the target itself. The PATH is the one that the "
        "process was started with. A process in a container sees other files; name the folders "
        "then. A shell that remembers where the program stood, and processes that run it already, "
        "do not search for it again.",
    .example = R"({"program": "render", "select": {"unit": "example.service"}})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
