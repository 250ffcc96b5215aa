// memory.ballast: anonymous memory is taken, at once or bit by bit like a leak, and kept.
//
// Held: the holder maps the memory and makes the kernel fill it with pages (memory_filler.h). The
// pages are locked, so that what a shortage pushes out is others' memory and not the ballast; where
// the limit on locked memory forbids that they are not, and a ballast that was swapped out counts
// as lost. When the holder dies the kernel takes the pages back.
//
// The host survives a mistake: the holder stands in a fence of its own (holder_fence.h), with a
// limit a little above the asked amount, and is the first to die when memory runs out. A user who
// cannot make control groups asks for none, and the address space is limited instead. The process
// is called squall-ballast.
#include <cerrno>
#include <charconv>

#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "change/holder_fence.h"
#include "change/memory_filler.h"
#include "change/typed.h"
#include "sys/file.h"
#include "sys/gauges.h"

namespace squall::change {
namespace {

struct MemoryBallast {
  Bytes size;
  Duration ramp;
  std::string fence;
};

const param::Table<MemoryBallast> table{{
    param::field("size", &MemoryBallast::size,
                 {.about = "How much is taken; rounded up to whole pages.",
                  .required = true,
                  .min = Bytes{1 << 20},
                  .max = Bytes{1ULL << 50}}),
    param::field("ramp", &MemoryBallast::ramp,
                 {.about = "Over which time, evenly; 0 s takes it as fast as the kernel gives it.",
                  .min = Duration{},
                  .max = minutes(7 * 24 * 60)}),
    param::field(
        "fence", &MemoryBallast::fence,
        {.about = "The name of the control group around it: squall-....", .required = true}),
}};

constexpr Duration patience = milliseconds(1500);  // `hold` must answer within 2 s
constexpr double kept_share = 0.9;  // of what was filled, below which it counts as lost

// nullopt when the process is gone.
std::optional<std::uint64_t> resident_bytes(const sys::ProcessId& id) {
  const Result<sys::ProcessGauges> gauges = sys::ProcessGauges::open(id);
  if (!gauges.ok()) return std::nullopt;
  const Result<sys::ProcessReading> now = gauges->read();
  return now.ok() ? std::optional(now->resident.count) : std::nullopt;
}

class Ballast : public Held {
 public:
  Ballast(std::unique_ptr<MemoryFiller> filler, std::string fence)
      : filler_(std::move(filler)), fence_(std::move(fence)) {}

  json::object facts() const override {
    return {{"fence", fence_},
            {"filled_bytes", static_cast<std::int64_t>(filler_->filled().count)}};
  }
  bool is_intact() override {
    if (!filler_->problem().ok()) return false;
    const auto kept = static_cast<double>(filler_->filled().count) * kept_share;
    const std::optional<std::uint64_t> resident = resident_bytes(self_);
    return !resident || static_cast<double>(*resident) >= kept;
  }

 private:
  std::unique_ptr<MemoryFiller> filler_;
  std::string fence_;
  sys::ProcessId self_ = sys::read_process(::getpid()).value().id;
};

Result<Footprint> footprint(const MemoryBallast& params) {
  Footprint taken{.demand = {.memory = params.size}};
  if (!params.fence.empty()) taken.resources.push_back("cgroup " + params.fence);
  return taken;
}

Result<json::object> capture(const MemoryBallast& params) {
  return json::object{{"fence", TRY(place_holder_fence("memory", params.fence))}};
}

// Where there is no control group: no more address space than is needed.
Status limit_address_space(const MemoryBallast& params) {
  constexpr rlim_t slack = 512 << 20;  // stacks and heaps of the threads, mostly never touched
  const std::string text = TRY(sys::read_file("/proc/self/statm", 4096));
  rlim_t pages = 0;
  std::from_chars(text.data(), text.data() + text.size(), pages);
  const rlim_t now = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  const rlim_t size = now + params.size.count + slack;
  const rlimit limit{size, size};
  if (::setrlimit(RLIMIT_AS, &limit) == 0) return ok();
  return errno_error(errno, "limiting the address space of the ballast");
}

Result<std::unique_ptr<Held>> hold(const MemoryBallast& params, const json::object& before) {
  ::prctl(PR_SET_NAME, "squall-ballast");  // the threads inherit the name
  TRY_VOID(become_first_victim());
  const std::string fence = text_at(before, "fence");
  // For page tables, stacks, and what the kernel keeps in batches for each processor.
  const auto limit = static_cast<std::int64_t>(params.size.count + params.size.count / 64 +
                                               (std::uint64_t{32} << 20));
  TRY_VOID(enter_holder_fence(fence,
                              {.v1 = "memory.limit_in_bytes", .v2 = "memory.max", .value = limit}));
  if (fence.empty()) TRY_VOID(limit_address_space(params));
  std::unique_ptr<MemoryFiller> filler = TRY(MemoryFiller::start(params.size, params.ramp));
  if (params.ramp == Duration{}) filler->wait_until_filled(patience);
  const Status filling = filler->problem();
  if (!filling.ok()) return Error(filling.error()).advise("ask for less memory");
  return std::unique_ptr<Held>(std::make_unique<Ballast>(std::move(filler), fence));
}

Result<Presence> verify(const MemoryBallast&, const json::object& before) {
  const sys::ProcessId holder = recorded_holder(before);
  return holder.pid != 0 && sys::is_alive(holder) ? Presence::in_force : Presence::absent;
}

Result<Reverted> revert(const MemoryBallast&, const json::object& before) {
  return remove_holder_fence(text_at(before, "fence"));
}

Demand outstanding(const MemoryBallast& params, const json::object& before) {
  const std::uint64_t taken = resident_bytes(recorded_holder(before)).value_or(params.size.count);
  return Demand{.memory = {params.size.count - std::min(taken, params.size.count)}};
}

std::string describe(const MemoryBallast& params) {
  const std::string over =
      params.ramp == Duration{} ? "" : fmt::format(", evenly over {}", render(params.ramp));
  return fmt::format("take {} of memory{}, in {}", render(params.size), over,
                     params.fence.empty() ? "an address space just large enough"
                                          : "the control group " + printable(params.fence));
}

std::string undo(const MemoryBallast&) {
  return "end the ballast process, whose memory the kernel takes back by itself when squall dies; "
         "then remove its empty control group";
}

}  // namespace

extern const Kind kind_memory_ballast;
const Kind kind_memory_ballast = make_kind<MemoryBallast>({
    .name = "memory.ballast",
    .about = "Memory is taken, at once or like a leak, and kept.",
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
