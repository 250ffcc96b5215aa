// process.clock: one running process reads a wall clock that is off, or runs off, and no other
// does.
//
// Programs read the clock through the vDSO, which is shared code: but a process that writes to its
// page gets a copy of its own. So the copy of the victim gets stand-ins for its clock functions
// (clock_stub.h) while all its threads stand still for a moment (sys/standstill.h). Libraries,
// files and the host's clock stay as they are; static programs and other namespaces make no
// difference, and threads that are born later share the copy.
//
// Journaled, because the copy stays when squall dies. No before-image is needed: what belongs there
// is what we have in our own vDSO. Children that the victim forks inherit the copy, and are put
// right with it: the stub bears a mark by which they are found. A program that the victim executes
// gets a fresh vDSO, with which the change is over.
#include <cstdlib>

#include <fmt/core.h>

#include "change/clock_patcher.h"
#include "change/typed.h"
#include "core/text.h"
#include "sys/standstill.h"
#include "sys/vdso.h"

namespace squall::change {
namespace {

struct ProcessClock {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  std::int64_t offset_ns = 0;
  std::int64_t rate_ppb = 0;

  sys::ProcessId id() const { return {pid, static_cast<std::uint64_t>(start_ticks)}; }
  ClockShift shift() const { return {offset_ns, rate_ppb}; }
};

constexpr std::int64_t ten_years_ns = 315'576'000'000'000'000;
constexpr std::int64_t half_ppb = 500'000'000;

const param::Table<ProcessClock> table{{
    param::field("pid", &ProcessClock::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field(
        "start_ticks", &ProcessClock::start_ticks,
        {.about = "Its start time in clock ticks since boot.", .required = true, .min = 0}),
    param::field("offset_ns", &ProcessClock::offset_ns,
                 {.about = "How far ahead its clock is at once; negative = behind. Nanoseconds.",
                  .min = -ten_years_ns,
                  .max = ten_years_ns}),
    param::field("rate_ppb", &ProcessClock::rate_ppb,
                 {.about = "How much too fast its clock goes from then on; negative = too slow. "
                           "Parts per billion.",
                  .min = -half_ppb,
                  .max = half_ppb}),
}};

constexpr int rounds_max = 50;

Result<ClockPatcher> patcher_of(const ProcessClock& params, const json::object& before) {
  return ClockPatcher::open(params.id(), static_cast<std::uint64_t>(integer_at(before, "vdso")));
}

Result<Footprint> footprint(const ProcessClock& params) {
  return Footprint{.processes = {params.id()},
                   .resources = {fmt::format("process {} clock", params.pid)}};
}

Result<json::object> capture(const ProcessClock& params) {
  const sys::Process process = TRY(sys::read_process(params.pid));
  if (process.id != params.id()) {
    return error(Code::not_found, fmt::format("process {} is gone", params.pid));
  }
  TRY_VOID(sys::check_untraced(params.pid));
  const std::uint64_t base = TRY(sys::vdso_base(params.pid));
  TRY_VOID(TRY(ClockPatcher::open(params.id(), base)).check_untouched());
  return json::object{{"vdso", static_cast<std::int64_t>(base)}, {"name", printable(process.name)}};
}

Result<json::object> apply(const ProcessClock& params, const json::object& before) {
  const Duration stood = TRY(TRY(patcher_of(params, before)).put_in(params.shift()));
  return json::object{{"stood_still_us", stood.nanoseconds / 1000}};
}

Result<Presence> verify(const ProcessClock& params, const json::object& before) {
  switch (TRY(patcher_of(params, before)).look(params.shift())) {
    case VdsoState::shifted:
      return Presence::in_force;
    case VdsoState::other:
      return Presence::foreign;
    default:
      return Presence::absent;
  }
}

Result<Reverted> revert(const ProcessClock& params, const json::object& before) {
  const ClockPatcher patcher = TRY(patcher_of(params, before));
  std::size_t restored = 0;
  int rounds = 0;
  // Again until nobody is found: a process may fork while another one is put right.
  for (auto all = patcher.bearers(); !all.empty(); all = patcher.bearers()) {
    if (++rounds > rounds_max) return error(Code::timed_out, "the victim forks all the time");
    for (const sys::ProcessId& bearer : all) {
      const Status done = patcher.take_out(bearer);
      if (!done.ok() && done.error().code == Code::invalid) {
        return Reverted{Ending::foreign, done.error().message};
      }
      if (!done.ok() && done.error().code == Code::not_found) continue;  // it ended meanwhile
      TRY_VOID(done);
      ++restored;
    }
  }
  if (!sys::is_alive(params.id())) {
    return Reverted{Ending::gone, fmt::format("process {} ended", params.pid)};
  }
  if (TRY(verify(params, before)) == Presence::foreign) {
    return Reverted{Ending::foreign,
                    fmt::format("somebody else changed the vDSO of process {}", params.pid)};
  }
  if (restored == 0) return Reverted{Ending::was_absent, "its vDSO is untouched"};
  return Reverted{Ending::restored,
                  restored == 1 ? "" : fmt::format("with {} children", restored - 1)};
}

std::string shift_text(const ProcessClock& params) {
  const auto amount = [](std::int64_t value, std::string_view more, std::string_view less) {
    return value < 0 ? less : more;
  };
  std::vector<std::string> parts;
  if (params.offset_ns != 0) {
    parts.push_back(fmt::format("{} {}", render(nanoseconds(std::abs(params.offset_ns))),
                                amount(params.offset_ns, "ahead", "behind")));
  }
  if (params.rate_ppb != 0) {
    parts.push_back(fmt::format("{} ppm too {}",
                                render_number(static_cast<double>(std::abs(params.rate_ppb)) / 1e3),
                                amount(params.rate_ppb, "fast", "slow")));
  }
  return parts.empty() ? "not at all" : list_words(parts, "and");
}

std::string describe(const ProcessClock& params) {
  return fmt::format("put the wall clock of process {} off: {}", params.pid, shift_text(params));
}

std::string undo(const ProcessClock& params) {
  return fmt::format("write the kernel's own clock functions back into process {} and its children",
                     params.pid);
}

}  // namespace

extern const Kind kind_process_clock;
const Kind kind_process_clock = make_kind<ProcessClock>({
    .name = "process.clock",
    .about = "A running process reads a wall clock that is off or runs off; no other process does.",
    .keeping = Keeping::journaled,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
