// file.delay: a file is slow, as on a worn disk, a network filesystem that is far away, or a virus
// scanner that looks at everything. It holds what it held.
//
// The kernel asks the holder before each access (fanotify), and the holder takes its time. Accesses
// wait side by side, not one after the other.
#include <fmt/core.h>

#include "core/text.h"
#include "faults/accesses.h"
#include "faults/files.h"
#include "faults/typed.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Delay {
  std::string path;
  Duration delay;
  Accesses::On on = Accesses::On::use;
  Share share{1};
  Selector select;
};

const param::Table<Delay> table{{
    param::field("path", &Delay::path,
                 {.about = "The file, or the folder whose files are meant, with all below it.",
                  .required = true}),
    param::field("delay", &Delay::delay,
                 {.about = "How long each access waits.",
                  .required = true,
                  .min = milliseconds(5),
                  .max = seconds(10),
                  .typical_low = milliseconds(20),
                  .typical_high = seconds(1)}),
    param::choice("on", &Delay::on, access_words(), access_about),
    param::field("share", &Delay::share,
                 {.about = "Which part of the accesses waits; the seed decides which ones.",
                  .min = Share{0.05},
                  .max = Share{1}}),
    param::field("select", &Delay::select,
                 {.about = "Who is meant beside the witness; without it, everybody."}),
}};

Accesses accesses_of(const Delay& delay) {
  return {delay.path, delay.on, delay.share, delay.select};
}

Status check(const Delay& delay) {
  return check_full_path("path", delay.path);
}

Wants wants(const Delay& delay) {
  return access_wants(accesses_of(delay));
}

Result<Strike> plan(const Delay& delay, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  json::object request = TRY(access_request(accesses_of(delay), false, facts,
                                            choices.bits(delay.path, "accesses", ordinal)));
  request["delay"] = render(delay.delay);
  return Strike{.changes = {{"file.access", std::move(request)}},
                .watches = {{"file.slow",
                             {{"path", delay.path},
                              {"on", access_word(delay.on)},
                              {"at_least", render(delay.delay.scaled(0.8))},
                              {"attempts", access_attempts(delay.share)}}}},
                .target = printable(delay.path)};
}

}  // namespace

extern const Kind kind_file_delay;
const Kind kind_file_delay = kind_of<Delay>({
    .name = "file.delay",
    .summary = "Opening, reading or using a file takes longer.",
    .mechanism =
        "A holder process owns a fanotify group: the kernel asks it before each access, and it "
        "answers late. `use` is served by pre-content events (Linux 6.14), the others by content "
        "events; the run names which. At most 512 accesses wait at once; those beyond go on "
        "undelayed.",
    .undo = access_undo,
    .limits = access_limits,
    .accuracy =
        "Opening a file was to take 5, 20 and 200 ms longer: 5.20, 20.25 and 200.24 ms in the "
        "median, told by a perl program.",
    .example = R"({"path": "/var/lib/example/data", "delay": "200 ms"})",
    .table = &table,
    .needs = access_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
