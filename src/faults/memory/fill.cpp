// memory.fill: the host runs short of memory, as with a leak, a cache without a bound or one job
// too many.
//
// A ballast process takes anonymous memory, locks it and keeps it, at once or evenly over a ramp.
// It stands in a control group of its own whose limit is a little above what was asked for, and it
// is the first to be killed when the host runs out. The guardian refuses what would take the
// reserve of the host (docs/SAFETY.md).
#include <algorithm>

#include <fmt/core.h>

#include "faults/amount.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Fill {
  Bytes size;
  Share share;
  Whole of = Whole::available;
  Bytes leave_free;
  Duration ramp;
};

const param::Table<Fill> table{{
    param::field("size", &Fill::size,
                 {.about = "How much is taken. Give this, or share, or leave_free alone.",
                  .max = Bytes{1ULL << 50},
                  .typical_low = Bytes{64 << 20},
                  .typical_high = Bytes{512 << 20}}),
    param::field(
        "share", &Fill::share,
        {.about = "How much is taken, as a share of the memory of the host.", .max = Share{2}}),
    param::choice("of", &Fill::of, {{"available", Whole::available}, {"total", Whole::total}},
                  "Of what `share` is a share: of the memory that is available when the fault "
                  "starts, or of all that is installed."),
    param::field("leave_free", &Fill::leave_free,
                 {.about = "Take no more than leaves this much available at the start."}),
    param::field("ramp", &Fill::ramp,
                 {.about = "Over which time it is taken, evenly, like a leak; 0 s is at once.",
                  .min = Duration{},
                  .max = minutes(7 * 24 * 60)}),
}};

constexpr Bytes least{1 << 20};
constexpr std::uint64_t page = 4096;

Amount amount(const Fill& fill) {
  return {.fixed = fill.size.count,
          .share = fill.share.fraction,
          .of = fill.of,
          .leave = fill.leave_free.count};
}

Status check(const Fill& fill) {
  return check_amount(amount(fill), "size", "leave_free");
}

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  if (host.is_root && host.controller("memory") == nullptr) {
    return {
        note("no privileges; without a memory controller the ballast's address space is its "
             "fence, and the witness sees the memory of the whole host")};
  }
  return {note("no privileges; root, for the ballast to stand in a control group of its own")};
}

Wants wants(const Fill&) {
  return {.contents = {std::string(memory_file)}};
}

Result<Strike> plan(const Fill& fill, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  const bool needs_supply = fill.share.fraction > 0 || fill.leave_free.count > 0;
  const Supply supply = needs_supply ? TRY(memory_supply(facts)) : Supply{};
  const std::uint64_t wanted = TRY(settle(amount(fill), supply));
  const Bytes size = std::max(least, Bytes{wanted - wanted % page});
  const bool is_leak = fill.ramp > Duration{};
  const Bytes seen{
      static_cast<std::uint64_t>(visible_part(static_cast<std::int64_t>(size.count), fill.ramp))};
  if (is_leak && seen < least) {
    return error(
        Code::invalid,
        fmt::format("a leak of {} over {} is too slow to be seen", render(size), render(fill.ramp)),
        "ask for more memory or a shorter ramp: at least 1 MiB a second");
  }
  std::string group;
  if (facts.host.is_root && facts.host.controller("memory") != nullptr) {
    group =
        fmt::format("squall-memory-{:08x}", choices.bits("memory", "fence", ordinal) & 0xFFFFFFFFU);
  }
  const json::object ballast{{"size", render(size)}, {"ramp", render(fill.ramp)}, {"fence", group}};
  const std::string over = is_leak ? fmt::format(" over {}", render(fill.ramp)) : "";
  return Strike{.changes = {{"memory.ballast", ballast}},
                .watches = {{"memory.filled", {{"at_least", render(seen)}, {"group", group}}}},
                .target = fmt::format("{} of the host's memory{}", render_rounded(size), over)};
}

}  // namespace

extern const Kind kind_memory_fill;
const Kind kind_memory_fill = kind_of<Fill>({
    .name = "memory.fill",
    .summary = "The host has less memory to give: caches shrink, allocations wait, and whoever "
               "counts free memory sees it fall.",
    .mechanism =
        "A ballast process maps anonymous memory and has the kernel fill it with pages, by several "
        "threads and in huge pages where it can, and locks them. It stands in a control group of "
        "its own whose limit is a little above the asked amount, with the highest score for the "
        "kernel's out-of-memory killer: a mistake or a shortage ends the ballast and nobody else. "
        "The guardian refuses an amount that would take the reserve of the host, and ends the "
        "fault when the host's own need comes near it.",
    .undo =
        "The ballast is ended, the kernel takes its memory back, and the empty control group is "
        "removed. The ballast is tied to the guardian's life: if squall dies, the kernel ends "
        "it at once; the empty group goes with the next start.",
    .limits =
        "It takes memory from the host as a whole; to starve one victim use memory.limit. What a "
        "victim feels depends on what it needs meanwhile: with room left, nothing at all. Without "
        "root there is no control group, locking may be refused, and on a host with swap a ballast "
        "that was swapped out ends the fault. Memory of a container's own limit is not the "
        "host's: the share and leave_free are taken of the host.",
    .accuracy =
        "1 GiB asked for five times: 0.21 to 0.24 % more was held, told by the kernel's account "
        "of the ballast's own group, and it was filled at 4.0 to 6.0 GB/s.",
    .example = R"({"size": "512 MiB", "ramp": "5 s"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
