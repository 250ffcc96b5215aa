// clock.skew: the victim's wall clock jumps, stays off by a fixed amount, and jumps back at the
// end.
//
// That is what a host with a wrong clock, a restored snapshot or a bad time server does to it. A
// jump is no kind of its own: a clock that is off has jumped when it became so, and jumps again
// when it is put right. A program that is started later gets its jump when the fault strikes it.
#include "faults/clocks.h"
#include "faults/typed.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

enum class Direction { ahead, behind };

struct Skew {
  Selector select;
  Duration by;
  Direction direction = Direction::ahead;
};

constexpr Duration ten_years{315'576'000'000'000'000};

const param::Table<Skew> table{{
    param::field("select", &Skew::select, {.about = "Whose clock is off.", .required = true}),
    param::field("by", &Skew::by,
                 {.about = "By how much it is off.",
                  .required = true,
                  .min = milliseconds(1),
                  .max = ten_years,
                  .typical_low = seconds(1),
                  .typical_high = minutes(90)}),
    param::choice("direction", &Skew::direction,
                  {{"ahead", Direction::ahead}, {"behind", Direction::behind}},
                  "Whether it shows a later or an earlier time than the host's."),
}};

Wants wants(const Skew& skew) {
  return {.victims = skew.select, .files = {}};
}

Result<Strike> plan(const Skew& skew, const Facts& facts, const Choices&, std::uint64_t) {
  const bool is_ahead = skew.direction == Direction::ahead;
  return shift_clocks(facts, skew.select,
                      {.offset_ns = is_ahead ? skew.by.nanoseconds : -skew.by.nanoseconds,
                       .seen_from = skew.by / 2});
}

}  // namespace

extern const Kind kind_clock_skew;
const Kind kind_clock_skew = kind_of<Skew>({
    .name = "clock.skew",
    .summary = "The wall clock of running processes jumps and stays off; no other clock does.",
    .mechanism =
        "While all threads of the victim stand still for a moment (ptrace), the clock functions in "
        "its private copy of the vDSO get a jump to stand-ins that ask the kernel and add the "
        "offset: clock_gettime (CLOCK_REALTIME, its coarse and alarm kin, CLOCK_TAI), gettimeofday "
        "and time. CLOCK_MONOTONIC stays true, so timeouts keep their length. Static programs, "
        "containers and threads that are born later are covered; the host's clock is never "
        "touched.",
    .undo =
        "The kernel's own bytes are written back, in the victim and in the children that it forked "
        "meanwhile, which jumps their clocks back. The change is in the journal beforehand: if "
        "squall dies, the guardian, its twin or the next start of squall does it. If squall is "
        "killed while the victim stands still, the kernel lets the victim run on.",
    .limits =
        "x86-64 only. A program that the victim executes has a true clock. Timestamps that the "
        "kernel makes (files, packets, timers set to an absolute wall time) stay true, and so do "
        "readings by a direct system call, as some sandboxes make. While it lasts each reading of "
        "a clock costs a system call (about 0.1 us more). A thread waiting in epoll_wait may see "
        "EINTR once, as after SIGSTOP and SIGCONT. Refused for 32-bit programs, for a victim "
        "under a debugger, and for one whose seccomp filter forbids clock_gettime.",
    .accuracy =
        "Asked for 1 ms, -250 ms, 90 s and a day, 30 victims each: every one was off by what was "
        "asked within 0.01 ms. The victim stood still for 0.5 ms in the median (one thread), for "
        "13 "
        "ms with eight threads that compete for two cores, since each must get its turn to stop. "
        "Measured on a busy virtual machine with 2 cores, not optimised.",
    .example = R"({"select": {"name": "redis-server"}, "by": "90 s", "direction": "ahead"})",
    .table = &table,
    .needs = clock_needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
