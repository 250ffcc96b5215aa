// file.truncate: a file ends too early, as after a full disk, a crash in the middle of a write or a
// copy that was cut off.
//
// What is kept of it takes its place in one atomic step; the whole file is kept aside and put back
// at the end, so nothing about it is lost. Programs which open the file meanwhile read the short
// one; those that hold it open go on reading the whole.
#include <fmt/core.h>

#include "core/text.h"
#include "faults/files.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Truncate {
  std::string path;
  Bytes keep;
  Share share;
};

constexpr std::uint64_t most_kept = 64ULL << 20;

const param::Table<Truncate> table{{
    param::field("path", &Truncate::path,
                 {.about = "The file, with its full path.", .required = true}),
    param::field("keep", &Truncate::keep,
                 {.about = "How many bytes from its beginning are kept.", .max = Bytes{most_kept}}),
    param::field(
        "share", &Truncate::share,
        {.about = "Or which part of it is kept, rounded down to whole bytes.", .max = Share{1}}),
}};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("write permission on the file and its folder")};
}

Status check(const Truncate& truncate) {
  TRY_VOID(check_full_path("path", truncate.path));
  if (truncate.keep.count == 0 || truncate.share.fraction == 0) return ok();
  return error(Code::invalid, "keep and share are both given", "leave one of them out");
}

Wants wants(const Truncate& truncate) {
  return {.files = {truncate.path}};
}

Result<Strike> plan(const Truncate& truncate, const Facts& facts, const Choices&, std::uint64_t) {
  const FileFacts file = TRY(existing_file(facts, truncate.path));
  const auto part =
      static_cast<std::uint64_t>(static_cast<double>(file.size) * truncate.share.fraction);
  const std::uint64_t kept = truncate.share.fraction > 0 ? part : truncate.keep.count;
  if (kept >= file.size) {
    return error(
        Code::invalid,
        fmt::format("{} has {}; keeping {} of it would change nothing", printable(truncate.path),
                    render(Bytes{file.size}), render(Bytes{kept})),
        "keep less of it");
  }
  if (kept > most_kept) {
    return error(Code::invalid,
                 fmt::format("{} of {} would be kept, at most {} can be", render(Bytes{kept}),
                             printable(truncate.path), render(Bytes{most_kept})),
                 "keep less of it");
  }
  return Strike{
      .changes = {{"file.content",
                   {{"path", truncate.path},
                    {"source", truncate.path},
                    {"length", static_cast<std::int64_t>(kept)}}}},
      .watches = {{"file.changed", {{"path", truncate.path}}}},
      .target = fmt::format("{} of {} bytes of {}", kept, file.size, printable(truncate.path))};
}

}  // namespace

extern const Kind kind_file_truncate;
const Kind kind_file_truncate = kind_of<Truncate>({
    .name = "file.truncate",
    .summary = "A file ends too early, or is empty.",
    .mechanism =
        "The first bytes of the file are written beside it, with the same owner and mode, and take "
        "its place in one atomic exchange.",
    .undo = "The whole file, kept aside untouched, is exchanged back in the same way. The journal "
            "knows of it beforehand: if squall dies or the host reboots, the guardian or the next "
            "start of squall puts it back. If somebody else wrote the file meanwhile, that is "
            "reported and left.",
    .limits =
        "Programs that hold the file open go on using the whole of it; a log that is being "
        "written is therefore no good target. What a program wrote into the short file meanwhile "
        "is lost at the end, as it is after a real mishap. At most 64 MiB can be kept.",
    .example = R"({"path": "/var/lib/example/state.db", "share": "60 %"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
