// file.append: a log is flooded, as by a program that fails in a loop, a debug level left on, or a
// neighbour that writes into the wrong file.
//
// The lines stand among those of the target: shippers, alerts and disks have to cope with them.
// Every line ends with a tag of this run, so that people and the undo can tell it from real ones.
#include <fmt/core.h>

#include "core/text.h"
#include "faults/appended.h"
#include "faults/files.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Append {
  std::string path;
  std::vector<std::string> lines{"error: request {n} failed: upstream gave no answer ({random})"};
  std::int64_t count = 1000;
  Rate rate;
  Bytes size;
  bool keep = false;
};

const param::Table<Append> table{{
    param::field("path", &Append::path,
                 {.about = "The log, with its full path.", .required = true}),
    param::field("lines", &Append::lines,
                 {.about = "The texts of the lines, taken in turn: {n} becomes the number, "
                           "{random} sixteen digits that follow from the seed."}),
    param::field("count", &Append::count,
                 {.about = "How many lines at most.",
                  .min = 1,
                  .max = 1'000'000,
                  .typical_low = 100,
                  .typical_high = 10'000}),
    param::field("rate", &Append::rate,
                 {.about = "How many in a time; 0 /s: all of them at once.", .max = Rate{200'000}}),
    param::field("size", &Append::size,
                 {.about = "How long every line is with its line feed; 0 B: as its text is.",
                  .max = Bytes{64 << 10}}),
    param::field("keep", &Append::keep,
                 {.about = "Whether the lines stay in the log; that must be accepted in writing."}),
}};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("write permission on the log")};
}

Status check(const Append& append) {
  TRY_VOID(check_full_path("path", append.path));
  if (append.lines.empty()) return error(Code::invalid, "lines: there is none", "give a text");
  for (const std::string& line : append.lines) {
    if (line.find('\n') == std::string::npos) continue;
    return error(Code::invalid, fmt::format("lines: {} holds a line feed", quote(line)),
                 "give each line for itself");
  }
  return ok();
}

Wants wants(const Append& append) {
  return {.files = {append.path}};
}

Result<Strike> plan(const Append& append, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  return append_lines({.path = append.path,
                       .lines = append.lines,
                       .count = append.count,
                       .rate = append.rate,
                       .size = append.size,
                       .keep = append.keep},
                      facts, choices, ordinal);
}

}  // namespace

extern const Kind kind_file_append;
const Kind kind_file_append = kind_of<Append>({
    .name = "file.append",
    .summary = "A log is flooded with lines that no program of the target wrote.",
    .mechanism =
        "A holder process opens the log as its programs do (O_APPEND) and writes whole lines, all "
        "at once or on an absolute time grid. Each ends with a tag such as [squall 3f09a1c2] that "
        "follows from the seed.",
    .undo = appended_undo,
    .limits = appended_limits,
    .accuracy = "",
    .example = R"({"path": "/var/log/example/service.log", "count": 5000, "rate": "500 /s"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
