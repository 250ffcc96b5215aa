// host.processes: the host runs short of processes, as with a fork bomb or a service that leaks
// children.
//
// Sleeping ballast processes fill the kernel's table. At kernel.pid_max or kernel.threads-max
// nobody can start a process or a thread any more (EAGAIN); the guardian keeps a reserve of them
// (docs/SAFETY.md).
#include <fmt/core.h>

#include "faults/amount.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Processes {
  std::int64_t count = 0;
  Share share;
  Whole of = Whole::available;
  std::int64_t leave_free = 0;
  Duration ramp;
};

const param::Table<Processes> table{{
    param::field("count", &Processes::count,
                 {.about = "How many are started. Give this, or share, or leave_free alone.",
                  .min = 0,
                  .max = 4'000'000,
                  .typical_low = 500,
                  .typical_high = 5000}),
    param::field(
        "share", &Processes::share,
        {.about = "How many are started, as a share of what the host can have.", .max = Share{2}}),
    param::choice("of", &Processes::of, {{"available", Whole::available}, {"total", Whole::total}},
                  "Of what `share` is a share: of what is free when the fault starts, or of the "
                  "smaller of kernel.pid_max and kernel.threads-max."),
    param::field("leave_free", &Processes::leave_free,
                 {.about = "Start no more than leaves so many free at the start.", .min = 0}),
    param::field("ramp", &Processes::ramp,
                 {.about = "Over which time they are started, evenly, like a leak; 0 s is at once.",
                  .min = Duration{},
                  .max = minutes(7 * 24 * 60)}),
}};

constexpr std::int64_t least = 100;
constexpr std::int64_t most = 4'000'000;

Amount amount(const Processes& asked) {
  return {.fixed = static_cast<std::uint64_t>(asked.count),
          .share = asked.share.fraction,
          .of = asked.of,
          .leave = static_cast<std::uint64_t>(asked.leave_free)};
}

Status check(const Processes& asked) {
  return check_amount(amount(asked), "count", "leave_free");
}

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {
      note("no privileges; root, for the ballast to stand in a control group and a pid "
           "namespace of its own")};
}

Wants wants(const Processes&) {
  return {.contents = {std::string(load_file), std::string(pid_limit_file),
                       std::string(thread_limit_file)}};
}

Result<Strike> plan(const Processes& asked, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  const bool needs_supply = asked.share.fraction > 0 || asked.leave_free > 0;
  const Supply supply = needs_supply ? TRY(process_supply(facts)) : Supply{};
  const std::uint64_t settled = TRY(settle(amount(asked), supply));
  const auto count = static_cast<std::int64_t>(std::min<std::uint64_t>(settled, most));
  const std::int64_t seen = visible_part(count, asked.ramp);
  if (seen < least / 2) {
    return error(
        Code::invalid,
        fmt::format("{} processes are too few to be told from what else the host starts", count),
        fmt::format("ask for at least {}, and with a ramp for {} a second", least, least));
  }
  std::string group;
  if (facts.host.is_root && facts.host.controller("pids") != nullptr) {
    group = fmt::format("squall-processes-{:08x}",
                        choices.bits("processes", "fence", ordinal) & 0xFFFFFFFFU);
  }
  const std::string over =
      asked.ramp > Duration{} ? fmt::format(" over {}", render(asked.ramp)) : "";
  return Strike{.changes = {{"processes.ballast",
                             {{"count", count}, {"ramp", render(asked.ramp)}, {"fence", group}}}},
                .watches = {{"host.processes", {{"at_least", seen}, {"group", group}}}},
                .target = fmt::format("{} processes of the host{}", count, over)};
}

}  // namespace

extern const Kind kind_host_processes;
const Kind kind_host_processes = kind_of<Processes>({
    .name = "host.processes",
    .summary = "The host's table of processes fills with sleepers: near the end nobody can start "
               "a process or a thread any more.",
    .mechanism =
        "One ballast process starts sleeping children which share its memory. With root they live "
        "in a pid namespace and in a control group of their own, which has room for just as many: "
        "a mistake hits the ballast and not the host. The guardian refuses what would leave less "
        "than its reserve, and ends the fault when the host's own need comes near it.",
    .undo = "The first of them is ended, with which the kernel ends and reaps all others, and the "
            "empty control group is removed. It is tied to the guardian's life: if squall dies, "
            "the kernel ends all at once; the empty group goes with the next start.",
    .limits =
        "It is soft pressure: with the guardian's reserve kept, most will notice nothing but the "
        "gauge; to make one victim fail use limits.processes. The sleepers are processes with one "
        "thread each; the kernel counts threads and processes alike. Each costs about 30 KiB of "
        "the kernel's memory. Without root they can be outlived, for a moment, by their parent's "
        "death, and the user's own limit on processes is their only fence.",
    .example = R"({"count": 2000})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
