// processes.ballast: many sleeping processes stand in the host's table of processes, at once or bit
// by bit like a leak.
//
// The kernel has numbers for kernel.pid_max threads and room for kernel.threads-max, and refuses
// more to everybody (EAGAIN). Held: the holder starts one helper, which starts the sleepers. They
// share its memory (CLONE_VM), so that each costs the kernel little more than its entry.
//
// With root the helper is the first process of a pid namespace: when it dies, for whatever reason,
// the kernel ends and reaps every other one in it, and it dies with the holder. The holder stands
// in a fence (holder_fence.h) which has room for just as many processes. Without root there is
// neither; there each sleeper asks to die with the helper, and the user's own limit on processes is
// the fence. The processes are called squall-ballast.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/holder_fence.h"
#include "change/tally.h"
#include "change/typed.h"
#include "sys/cgroup.h"
#include "sys/clock.h"

namespace squall::change {
namespace {

struct ProcessesBallast {
  std::int64_t count = 0;
  Duration ramp;
  std::string fence;
};

const param::Table<ProcessesBallast> table{{
    param::field(
        "count", &ProcessesBallast::count,
        {.about = "How many processes are started.", .required = true, .min = 1, .max = 4'000'000}),
    param::field("ramp", &ProcessesBallast::ramp,
                 {.about = "Over which time, evenly; 0 s starts them as fast as the kernel does.",
                  .min = Duration{},
                  .max = minutes(7 * 24 * 60)}),
    param::field("fence", &ProcessesBallast::fence,
                 {.about = "The name of the control group around them, squall-...; empty for "
                           "none."}),
}};

constexpr Duration patience = milliseconds(1500);  // `hold` must answer within 2 s
constexpr Duration step = milliseconds(20);
constexpr std::int64_t batch = 64;             // started between two looks at the clock
constexpr std::int64_t own_processes = 4;      // holder, helper, and some air
constexpr std::int64_t bytes_each = 40 << 10;  // of memory: kernel stack, entry, and one page
constexpr std::size_t stack_each = 4096;

// Touches nothing but its own page of stack: all else belongs to everybody.
__attribute__((no_sanitize("address", "thread", "undefined"))) int sleep_for_ever(void*) {
  while (true) ::syscall(SYS_pause);
}
// `helper`: its number, not a place. It may have died before the kernel was asked to tell.
__attribute__((no_sanitize("address", "thread", "undefined"))) int sleep_until_orphaned(
    void* helper) {
  ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::syscall(SYS_getppid) != reinterpret_cast<std::intptr_t>(helper)) ::_exit(0);
  while (true) ::syscall(SYS_pause);
}

// `holder_end` is the other end of a pipe that only the holder keeps open: had it died before the
// kernel was asked to tell, nobody else would. (In a pid namespace getppid(2) says 0 in any case.)
[[noreturn]] void be_helper(const ProcessesBallast& params, bool is_init, Tally& tally,
                            int holder_end) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  pollfd entry{holder_end, POLLIN, 0};
  if (::poll(&entry, 1, 0) != 0) ::_exit(0);
  ::signal(SIGCHLD, SIG_IGN);  // a sleeper that somebody killed is reaped by the kernel
  const std::size_t stacks = static_cast<std::size_t>(params.count) * stack_each;
  void* memory = ::mmap(nullptr, stacks, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    tally.fail(errno);
    ::_exit(1);
  }
  auto* self = reinterpret_cast<void*>(static_cast<std::intptr_t>(::getpid()));
  const Duration start = sys::monotonic_now();
  std::int64_t made = 0;
  while (made < params.count) {
    const std::int64_t due = due_of(params.count, params.ramp, sys::monotonic_now() - start);
    if (due <= made) {
      sys::sleep_until(sys::monotonic_now() + step);
      continue;
    }
    const std::int64_t next = std::min(due - made, batch);
    for (std::int64_t i = 1; i <= next; ++i) {
      char* top = static_cast<char*>(memory) + static_cast<std::size_t>(made + i) * stack_each;
      const auto body = is_init ? sleep_for_ever : sleep_until_orphaned;
      if (::clone(body, top, CLONE_VM | SIGCHLD, self) > 0) continue;
      tally.fail(errno);
      ::_exit(1);
    }
    made += next;
    tally.add(next);
  }
  while (true) ::pause();
}

class Crowd : public Held {
 public:
  Crowd(Tally tally, std::string fence) : tally_(std::move(tally)), fence_(std::move(fence)) {}
  ~Crowd() override {
    if (helper_ <= 0) return;
    ::kill(helper_, SIGKILL);
    ::waitpid(helper_, nullptr, 0);
  }
  json::object facts() const override {
    return {{"fence", fence_}, {"started", tally_.taken()}, {"helper_pid", helper_}};
  }
  bool is_intact() override {
    return tally_.problem() == 0 && ::waitpid(helper_, nullptr, WNOHANG) == 0;
  }

  Status start(const ProcessesBallast& params) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return errno_error(errno, "making a pipe");
    const sys::Fd reading(pipe[0]);
    sign_of_life_ = sys::Fd(pipe[1]);
    const bool is_init = ::unshare(CLONE_NEWPID) == 0;  // for the next child
    helper_ = ::fork();
    if (helper_ < 0) return errno_error(errno, "starting a helper process");
    if (helper_ == 0) {
      sign_of_life_.reset();
      be_helper(params, is_init, tally_, reading.get());
    }
    if (params.ramp == Duration{}) tally_.wait_for(params.count, patience);
    if (tally_.problem() == 0) return ok();
    return errno_error(tally_.problem(), fmt::format("starting {} processes", params.count))
        .advise("ask for fewer");
  }

 private:
  Tally tally_;
  std::string fence_;
  sys::Fd sign_of_life_;
  pid_t helper_ = 0;
};

Result<Footprint> footprint(const ProcessesBallast& params) {
  const auto memory = static_cast<std::uint64_t>(params.count * bytes_each);
  Footprint taken{.demand = {.memory = {memory}, .processes = params.count + own_processes}};
  if (!params.fence.empty()) taken.resources.push_back("cgroup " + params.fence);
  return taken;
}

Result<json::object> capture(const ProcessesBallast& params) {
  return json::object{{"fence", TRY(place_holder_fence("pids", params.fence))}};
}

Result<std::unique_ptr<Held>> hold(const ProcessesBallast& params, const json::object& before) {
  ::prctl(PR_SET_NAME, "squall-ballast");  // the others inherit the name
  TRY_VOID(become_first_victim());
  const std::string fence = text_at(before, "fence");
  TRY_VOID(enter_holder_fence(
      fence, {.v1 = "pids.max", .v2 = "pids.max", .value = params.count + own_processes}));
  auto crowd = std::make_unique<Crowd>(TRY(Tally::make()), fence);
  TRY_VOID(crowd->start(params));
  return std::unique_ptr<Held>(std::move(crowd));
}

// The sleepers end a moment after their holder.
Result<Presence> verify(const ProcessesBallast&, const json::object& before) {
  const sys::ProcessId holder = recorded_holder(before);
  if (holder.pid != 0 && sys::is_alive(holder)) return Presence::in_force;
  const std::string fence = text_at(before, "fence");
  const bool is_empty = fence.empty() || sys::cgroup_direct_members(fence).empty();
  return is_empty ? Presence::absent : Presence::in_force;
}

Result<Reverted> revert(const ProcessesBallast&, const json::object& before) {
  return remove_holder_fence(text_at(before, "fence"));
}

Demand outstanding(const ProcessesBallast& params, const json::object& before) {
  const std::int64_t left = params.count - due_of(params.count, params.ramp, age_of_holder(before));
  return Demand{.memory = {static_cast<std::uint64_t>(left * bytes_each)}, .processes = left};
}

std::string describe(const ProcessesBallast& params) {
  const std::string over =
      params.ramp == Duration{} ? "" : fmt::format(", evenly over {}", render(params.ramp));
  return fmt::format("start {} sleeping processes{}", params.count, over);
}

std::string undo(const ProcessesBallast&) {
  return "end the ballast processes, which the kernel does by itself when squall dies; then remove "
         "their empty control group";
}

}  // namespace

extern const Kind kind_processes_ballast;
const Kind kind_processes_ballast = make_kind<ProcessesBallast>({
    .name = "processes.ballast",
    .about = "Many sleeping processes stand in the host's table, at once or like a leak.",
    .keeping = Keeping::held,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .hold = hold,
    .verify = verify,
    .revert = revert,
    .outstanding = outstanding,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
