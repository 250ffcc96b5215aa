// host.descriptors: the host runs short of file descriptors, as when a service leaks sockets.
//
// Ballast processes open files until so many of the host's are taken. At fs.file-max everybody
// without CAP_SYS_ADMIN gets ENFILE; the guardian keeps a reserve of them (docs/SAFETY.md).
#include <fmt/core.h>

#include "faults/amount.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Descriptors {
  std::int64_t count = 0;
  Share share;
  Whole of = Whole::available;
  std::int64_t leave_free = 0;
  Duration ramp;
};

const param::Table<Descriptors> table{{
    param::field("count", &Descriptors::count,
                 {.about = "How many files are opened. Give this, or share, or leave_free alone.",
                  .min = 0,
                  .max = 100'000'000,
                  .typical_low = 2000,
                  .typical_high = 100'000}),
    param::field(
        "share", &Descriptors::share,
        {.about = "How many are opened, as a share of those of the host.", .max = Share{2}}),
    param::choice("of", &Descriptors::of,
                  {{"available", Whole::available}, {"total", Whole::total}},
                  "Of what `share` is a share: of what is free when the fault starts, or of "
                  "fs.file-max."),
    param::field("leave_free", &Descriptors::leave_free,
                 {.about = "Open no more than leaves so many free at the start.", .min = 0}),
    param::field("ramp", &Descriptors::ramp,
                 {.about = "Over which time they are opened, evenly, like a leak; 0 s is at once.",
                  .min = Duration{},
                  .max = minutes(7 * 24 * 60)}),
}};

constexpr std::int64_t least = 1000;
constexpr std::int64_t most = 100'000'000;

Amount amount(const Descriptors& asked) {
  return {.fixed = static_cast<std::uint64_t>(asked.count),
          .share = asked.share.fraction,
          .of = asked.of,
          .leave = static_cast<std::uint64_t>(asked.leave_free)};
}

Status check(const Descriptors& asked) {
  return check_amount(amount(asked), "count", "leave_free");
}

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("no privileges; each ballast process opens as many as its hard limit allows")};
}

Wants wants(const Descriptors&) {
  return {.contents = {std::string(descriptor_file)}};
}

Result<Strike> plan(const Descriptors& asked, const Facts& facts, const Choices&, std::uint64_t) {
  const bool needs_supply = asked.share.fraction > 0 || asked.leave_free > 0;
  const Supply supply = needs_supply ? TRY(descriptor_supply(facts)) : Supply{};
  const std::uint64_t settled = TRY(settle(amount(asked), supply));
  const auto count = static_cast<std::int64_t>(std::min<std::uint64_t>(settled, most));
  const std::int64_t seen = visible_part(count, asked.ramp);
  if (seen < least / 2) {
    return error(
        Code::invalid,
        fmt::format("{} descriptors are too few to be told from what else the host opens", count),
        fmt::format("ask for at least {}, and with a ramp for {} a second", least, least));
  }
  const std::string over =
      asked.ramp > Duration{} ? fmt::format(" over {}", render(asked.ramp)) : "";
  return Strike{
      .changes = {{"descriptors.ballast", {{"count", count}, {"ramp", render(asked.ramp)}}}},
      .watches = {{"host.descriptors", {{"at_least", seen}}}},
      .target = fmt::format("{} descriptors of the host{}", count, over)};
}

}  // namespace

extern const Kind kind_host_descriptors;
const Kind kind_host_descriptors = kind_of<Descriptors>({
    .name = "host.descriptors",
    .summary = "The host has fewer file descriptors left: near the end, opening and accepting "
               "fail with ENFILE for everybody but root.",
    .mechanism =
        "Ballast processes open the root folder again and again, as a mere place (O_PATH), each up "
        "to its own hard limit. The kernel counts every one in fs.file-nr. The guardian refuses "
        "what would leave less than its reserve, and ends the fault when the host's own need comes "
        "near it.",
    .undo = "The ballast is ended and the kernel closes what it held. It is tied to the guardian's "
            "life: if squall dies, the kernel ends it at once, and nothing stays.",
    .limits =
        "It is soft pressure: with the guardian's reserve kept, most will notice nothing but the "
        "gauge; to make one victim fail use process.limit with `resource: descriptors`. The kernel "
        "lets holders of CAP_SYS_ADMIN past fs.file-max. Each descriptor costs the kernel about "
        "300 bytes of memory.",
    .example = R"({"count": 20000})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
