// network.slow: sees whether round trips to an endpoint take longer than before, as a client feels
// them.
//
// It connects, from inside a network namespace, again and again, three times at once, and takes the
// middle of the three times (callers.h). What is usual is measured at the start. Where a second
// endpoint is named which the fault does not meet, a twin goes there at the same time, and what has
// become slower for both is taken off: a busy host is not taken for a slow network.
#include <algorithm>
#include <cstring>
#include <deque>

#include <fmt/core.h>

#include "core/text.h"
#include "sys/clock.h"
#include "witness/callers.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

using Protocol = Endpoint::Protocol;

struct Target : Endpoint {
  Duration delay;
  std::string bypass_host;
  std::int64_t bypass_port = 0;
};

const param::Table<Target> table{with_endpoint<Target>({
    param::field("delay", &Target::delay,
                 {.about = "How much longer a round trip should take.",
                  .required = true,
                  .min = microseconds(100)}),
    param::field("bypass_host", &Target::bypass_host,
                 {.about = "Address of an endpoint beside it; empty for none."}),
    param::field("bypass_port", &Target::bypass_port,
                 {.about = "Its port, which may refuse connections.", .min = 0, .max = 65535}),
})};

constexpr std::size_t at_once = 3;
constexpr std::size_t opening_rounds = 15;
constexpr Duration opening_limit = seconds(2);
constexpr Duration every = milliseconds(10);
constexpr Duration patience = milliseconds(500);

class Slow final : public Witness {
 public:
  Slow(const Target& target, Callers callers, std::optional<Callers> twin)
      : target_(target), callers_(std::move(callers)), twin_(std::move(twin)) {}

  // The endpoint must answer now, and evenly enough to tell the delay from its own unrest; a host
  // that is busy for a moment is given some time.
  Status settle() {
    const Duration deadline = sys::monotonic_now() + opening_limit;
    std::deque<Duration> usual;
    std::deque<Duration> usual_of_twin;
    while (true) {
      usual.push_back(TRY(round_trip(callers_)));
      if (twin_) usual_of_twin.push_back(TRY(round_trip(*twin_)));
      sys::sleep_until(sys::monotonic_now() + every);
      if (usual.size() < opening_rounds) continue;
      const std::vector<Duration> sorted = in_order(usual);
      usual_ = sorted[sorted.size() / 2];
      if (twin_) usual_of_twin_ = in_order(usual_of_twin)[sorted.size() / 2];
      // One that is out of the way on either side says nothing yet.
      const Duration shortest = sorted[1];
      const Duration longest = sorted[sorted.size() - 2];
      if (longest - shortest < target_.delay / 2) return ok();
      if (sys::monotonic_now() >= deadline) return too_uneven(shortest, longest);
      usual.pop_front();
      if (twin_) usual_of_twin.pop_front();
    }
  }

  Result<Sighting> look() override {
    const Duration took = TRY(round_trip(callers_));
    Duration shared;
    if (twin_) shared = std::max(TRY(round_trip(*twin_)) - usual_of_twin_, Duration{});
    const Duration added = std::max(took - usual_ - shared, Duration{});
    Sighting sighting{.on = added >= target_.delay / 2, .dose = added.milliseconds()};
    sighting.detail = fmt::format("a round trip takes {}, {} before", render_rounded(took),
                                  render_rounded(usual_));
    if (twin_) sighting.detail += fmt::format("; beside it {} longer", render_rounded(shared));
    // What was slow met the fault on its way, and then waited.
    if (sighting.on) sighting.newest = std::max(took - usual_, Duration{});
    return sighting;
  }

 private:
  static std::vector<Duration> in_order(const std::deque<Duration>& times) {
    std::vector<Duration> sorted(times.begin(), times.end());
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }
  Error too_uneven(Duration shortest, Duration longest) const {
    return error(Code::conflict,
                 fmt::format("round trips to {} take {} to {} by themselves; {} more could not be "
                             "told from that",
                             callers_.name(), render_rounded(shortest), render_rounded(longest),
                             render_rounded(target_.delay)),
                 "ask for a longer delay, or wait until it is quieter");
  }
  Result<Duration> round_trip(const Callers& callers) const {
    const auto calls = TRY(callers.call(at_once, target_.delay * 4 + patience));
    if (const std::optional<Duration> took = median_of(calls)) return *took;
    const auto bad = std::find_if(calls.begin(), calls.end(),
                                  [](const Callers::Call& call) { return !call.is_answered; });
    return error(
        bad->problem == 0 ? Code::timed_out : Code::not_found,
        bad->problem == 0
            ? fmt::format("{} does not answer within {}", callers.name(), render_rounded(bad->took))
            : fmt::format("{} refuses: {}", callers.name(), std::strerror(bad->problem)),
        target_.protocol == Protocol::tcp
            ? "name an endpoint as witness at which something listens"
            : "name an endpoint as witness that answers any datagram");
  }

  Target target_;
  Callers callers_;
  std::optional<Callers> twin_;
  Duration usual_;
  Duration usual_of_twin_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  Callers callers = TRY(Callers::open(target));
  std::optional<Callers> twin;
  if (!target.bypass_host.empty()) {
    Endpoint beside = target;
    beside.host = target.bypass_host;
    beside.port = target.bypass_port;
    twin = TRY(Callers::open(beside, Callers::Refusal::counts));
  }
  auto witness = std::make_unique<Slow>(target, std::move(callers), std::move(twin));
  TRY_VOID(witness->settle());
  return witness;
}

}  // namespace

extern const Kind kind_network_slow;
const Kind kind_network_slow = kind_of<Target>({
    .name = "network.slow",
    .about = "Whether round trips to the endpoint take longer than before, told by connecting.",
    .dose_unit = "ms longer",
    .every = every,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
