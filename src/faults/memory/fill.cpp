// memory.fill: the host runs short of memory, as with a leak, a cache without a bound or one job
// too many.
//
// A ballast process takes anonymous memory, locks it and keeps it, at once or evenly over a ramp.
// It stands in a control group of its own whose limit is a little above what was asked for, and it
// is the first to be killed when the host runs out. The guardian refuses what would take the
// reserve of the host (docs/SAFETY.md).
#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

enum class Whole { available, total };

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

constexpr std::string_view meminfo = "/proc/meminfo";
constexpr Bytes least{1 << 20};
// A leak must show within the time that a witness is given.
constexpr Duration first_look = seconds(2);

Status check(const Fill& fill) {
  const bool has_size = fill.size.count > 0;
  const bool has_share = fill.share.fraction > 0;
  if (has_size && has_share) {
    return error(Code::invalid, "size and share are given both", "give one of them");
  }
  if (!has_size && !has_share && fill.leave_free.count == 0) {
    return error(Code::invalid, "it is not said how much memory is taken",
                 "give size: 512 MiB, or share: 50 %, or leave_free: 1 GiB");
  }
  return ok();
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
  return {.contents = {std::string(meminfo)}};
}

// MemAvailable, which counts what the kernel could free at once.
Result<Bytes> available_memory(const Facts& facts) {
  const auto found = facts.files.find(std::string(meminfo));
  const bool is_known = found != facts.files.end() && found->second.content;
  for (const std::string& line : split(is_known ? *found->second.content : "", '\n')) {
    if (!line.starts_with("MemAvailable:")) continue;
    const std::string_view number = trim(std::string_view(line).substr(13));
    std::uint64_t kilobytes = 0;
    if (std::from_chars(number.data(), number.data() + number.size(), kilobytes).ec == std::errc())
      return Bytes{kilobytes * 1024};
  }
  return error(Code::unsupported, "/proc/meminfo does not tell how much memory is available",
               "give size, which needs no such figure");
}

Result<Bytes> amount(const Fill& fill, const Facts& facts) {
  Bytes wanted = fill.size;
  if (fill.share.fraction > 0) {
    const Bytes whole = fill.of == Whole::total ? facts.host.memory : TRY(available_memory(facts));
    wanted.count =
        static_cast<std::uint64_t>(static_cast<double>(whole.count) * fill.share.fraction);
  }
  if (fill.leave_free.count > 0) {
    const Bytes available = TRY(available_memory(facts));
    const Bytes spare{available.count - std::min(available.count, fill.leave_free.count)};
    wanted = wanted.count == 0 ? spare : std::min(wanted, spare);
  }
  wanted.count -= wanted.count % 4096;
  if (wanted >= least) return wanted;
  return error(Code::refused, "there is no memory to take",
               fill.leave_free.count > 0 ? "ask for a smaller leave_free"
                                         : "ask for at least " + render(least));
}

Result<Strike> plan(const Fill& fill, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  const Bytes size = TRY(amount(fill, facts));
  const bool is_leak = fill.ramp > Duration{};
  // What must be there at the first look: of a leak a part, else all but what rounding takes.
  Bytes seen{size.count - size.count / 100};
  if (is_leak) {
    const double due = std::min(1.0, first_look.seconds() / fill.ramp.seconds());
    seen.count = static_cast<std::uint64_t>(static_cast<double>(seen.count) * due / 2);
    if (seen < least) {
      return error(Code::invalid,
                   fmt::format("a leak of {} over {} is too slow to be seen", render(size),
                               render(fill.ramp)),
                   "ask for more memory or a shorter ramp: at least 1 MiB a second");
    }
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
    .example = R"({"size": "512 MiB", "ramp": "5 s"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
