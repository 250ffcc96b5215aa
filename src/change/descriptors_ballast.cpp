// descriptors.ballast: many files of the host are open, at once or bit by bit like a leak.
//
// The kernel counts open files for the whole host (fs.file-nr) and refuses more than fs.file-max to
// everybody without CAP_SYS_ADMIN (ENFILE). Held: the holder starts helper processes, each of which
// opens the root folder again and again, as a mere place (O_PATH), up to its own limit on
// descriptors. They die with the holder, and the kernel closes what they held. The processes are
// called squall-ballast, and are the first to die when memory runs out.
#include <algorithm>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/holder_fence.h"
#include "change/tally.h"
#include "change/typed.h"
#include "sys/clock.h"

namespace squall::change {
namespace {

struct DescriptorsBallast {
  std::int64_t count = 0;
  Duration ramp;
};

const param::Table<DescriptorsBallast> table{{
    param::field(
        "count", &DescriptorsBallast::count,
        {.about = "How many files are opened.", .required = true, .min = 1, .max = 100'000'000}),
    param::field("ramp", &DescriptorsBallast::ramp,
                 {.about = "Over which time, evenly; 0 s opens them as fast as the kernel does.",
                  .min = Duration{},
                  .max = minutes(7 * 24 * 60)}),
}};

constexpr Duration patience = milliseconds(1500);  // `hold` must answer within 2 s
constexpr Duration step = milliseconds(20);
constexpr rlim_t own_descriptors = 16;    // what a helper has open beside
constexpr std::int64_t bytes_each = 400;  // of the kernel's memory: the file and its entry
constexpr std::int64_t batch = 256;       // opened between two looks at the clock
constexpr std::int64_t helpers_max = 10'000;

// As many as the hard limit allows, of which the soft one is a part.
Result<std::int64_t> raise_own_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return errno_error(errno, "reading a limit");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return errno_error(errno, "raising a limit");
  if (limit.rlim_cur <= own_descriptors) {
    return error(Code::unsupported,
                 fmt::format("the hard limit on descriptors is {}", limit.rlim_cur),
                 "start squall with a larger one: ulimit -Hn");
  }
  constexpr rlim_t plenty = 1'000'000;
  return static_cast<std::int64_t>(std::min(limit.rlim_cur, plenty) - own_descriptors);
}

[[noreturn]] void be_helper(std::int64_t count, Duration ramp, Tally& tally, pid_t holder) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != holder) ::_exit(0);
  const Duration start = sys::monotonic_now();
  std::int64_t opened = 0;
  while (opened < count) {
    const std::int64_t due = due_of(count, ramp, sys::monotonic_now() - start);
    if (due <= opened) {
      sys::sleep_until(sys::monotonic_now() + step);
      continue;
    }
    const std::int64_t next = std::min(due - opened, batch);
    for (std::int64_t i = 0; i < next; ++i) {
      if (::open("/", O_PATH | O_CLOEXEC) >= 0) continue;
      tally.fail(errno);
      ::_exit(1);
    }
    opened += next;
    tally.add(next);
  }
  while (true) ::pause();
}

class Files : public Held {
 public:
  explicit Files(Tally tally) : tally_(std::move(tally)) {}
  ~Files() override {
    for (const pid_t helper : helpers_) ::kill(helper, SIGKILL);
    for (const pid_t helper : helpers_) ::waitpid(helper, nullptr, 0);
  }
  json::object facts() const override {
    return {{"opened", tally_.taken()}, {"helpers", static_cast<std::int64_t>(helpers_.size())}};
  }
  bool is_intact() override {
    return tally_.problem() == 0 && ::waitpid(-1, nullptr, WNOHANG) == 0;
  }

  Status start(std::int64_t count, Duration ramp, std::int64_t each) {
    const pid_t self = ::getpid();
    for (std::int64_t left = count; left > 0; left -= each) {
      const pid_t helper = ::fork();
      if (helper < 0) return errno_error(errno, "starting a helper process");
      if (helper == 0) be_helper(std::min(left, each), ramp, tally_, self);
      helpers_.push_back(helper);
    }
    if (ramp == Duration{}) tally_.wait_for(count, patience);
    if (tally_.problem() == 0) return ok();
    return errno_error(tally_.problem(), fmt::format("opening {} files", count))
        .advise("ask for fewer");
  }

 private:
  Tally tally_;
  std::vector<pid_t> helpers_;
};

Result<Footprint> footprint(const DescriptorsBallast& params) {
  const auto memory = static_cast<std::uint64_t>(params.count * bytes_each);
  return Footprint{.demand = {.memory = {memory}, .descriptors = params.count}};
}

Result<json::object> capture(const DescriptorsBallast&) {
  return json::object{};
}

Result<std::unique_ptr<Held>> hold(const DescriptorsBallast& params, const json::object&) {
  ::prctl(PR_SET_NAME, "squall-ballast");  // the helpers inherit the name
  TRY_VOID(become_first_victim());
  const std::int64_t each = TRY(raise_own_limit());
  if (params.count / each >= helpers_max) {
    return error(Code::unsupported,
                 fmt::format("{} files need more than {} processes, as each may open {}",
                             params.count, helpers_max, each),
                 "raise the hard limit on descriptors, or ask for fewer");
  }
  auto files = std::make_unique<Files>(TRY(Tally::make()));
  TRY_VOID(files->start(params.count, params.ramp, each));
  return std::unique_ptr<Held>(std::move(files));
}

Result<Presence> verify(const DescriptorsBallast&, const json::object& before) {
  const sys::ProcessId holder = recorded_holder(before);
  return holder.pid != 0 && sys::is_alive(holder) ? Presence::in_force : Presence::absent;
}

Demand outstanding(const DescriptorsBallast& params, const json::object& before) {
  const std::int64_t left = params.count - due_of(params.count, params.ramp, age_of_holder(before));
  return Demand{.memory = {static_cast<std::uint64_t>(left * bytes_each)}, .descriptors = left};
}

std::string describe(const DescriptorsBallast& params) {
  const std::string over =
      params.ramp == Duration{} ? "" : fmt::format(", evenly over {}", render(params.ramp));
  return fmt::format("hold {} files of the host open{}", params.count, over);
}

std::string undo(const DescriptorsBallast&) {
  return "end the ballast processes; the kernel ends them by itself when squall dies, and closes "
         "what they held";
}

}  // namespace

extern const Kind kind_descriptors_ballast;
const Kind kind_descriptors_ballast = make_kind<DescriptorsBallast>({
    .name = "descriptors.ballast",
    .about = "Many files of the host are open, at once or like a leak.",
    .keeping = Keeping::held,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .hold = hold,
    .verify = verify,
    .outstanding = outstanding,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
