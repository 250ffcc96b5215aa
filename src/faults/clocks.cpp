#include "faults/clocks.h"

#include "faults/needs.h"
#include "faults/victims.h"

namespace squall::fault {
namespace {

#if defined(__x86_64__)
constexpr bool is_x86_64 = true;
#else
constexpr bool is_x86_64 = false;
#endif

}  // namespace

std::vector<sys::Need> clock_needs(const sys::HostFacts& host) {
  sys::Need processor{.what = "an x86-64 processor", .met = is_x86_64};
  if (!is_x86_64) {
    processor.reason =
        "the stand-ins for the clock functions are written for x86-64 only; start "
        "the victim with libfaketime instead";
  }
  return {std::move(processor), need_process_descriptors(host),
          note("the right to trace the victims: their owner, or CAP_SYS_PTRACE")};
}

Result<Strike> shift_clocks(const Facts& facts, const Selector& selector, const ClockShift& shift) {
  TRY_VOID(require_victims(facts, selector));
  Strike strike;
  for (const sys::Process& victim : facts.victims) {
    json::object change = identity(victim);
    change["offset_ns"] = shift.offset_ns;
    change["rate_ppb"] = shift.rate_ppb;
    strike.changes.push_back({"process.clock", std::move(change)});
    json::object watch = identity(victim);
    watch["at_least"] = json::string(render(shift.seen_from));
    strike.watches.push_back({"clock.skewed", std::move(watch)});
  }
  strike.target = describe(facts.victims);
  return strike;
}

}  // namespace squall::fault
