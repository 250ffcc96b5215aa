// network.lossy: sees whether exchanges with an endpoint get lost now and then, as the network
// loses them.
//
// It connects, from inside a network namespace, a few times at once, again and again (callers.h). A
// connection whose first packet or its answer is lost is not open at the time when the others are;
// TCP would repeat it only after a second. What share of them is lost is told over a window which
// is long enough for several bursts of the loss that should be there. At the start nothing may be
// lost for half of such a window.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>

#include <fmt/core.h>

#include "core/text.h"
#include "sys/clock.h"
#include "witness/callers.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : Endpoint {
  Share share{0.05};
  double burst = 1;
};

const param::Table<Target> table{with_endpoint<Target>({
    param::field("share", &Target::share,
                 {.about = "Which part of the exchanges should be lost.",
                  .required = true,
                  .min = Share{0.001},
                  .max = Share{1}}),
    param::field("burst", &Target::burst,
                 {.about = "How many in a row on average.", .min = 1.0, .max = 1000.0}),
})};

constexpr std::size_t at_once = 8;
constexpr Duration every = milliseconds(10);
constexpr double calls_a_second = 150;  // the least that comes of it when one of each look is lost
constexpr double bursts_in_window = 8;
constexpr Duration window_min = milliseconds(400);
constexpr Duration window_max = seconds(8);
constexpr Duration shortest_wait = milliseconds(50);  // a busy host answers late, and loses nothing
constexpr int opening_rounds = 5;

Duration window_for(const Target& target) {
  const double needed = bursts_in_window * target.burst / (target.share.fraction * calls_a_second);
  const Duration wanted{std::llround(std::min(needed, 100.0) * 1e9)};
  return std::clamp(wanted, window_min, window_max);
}

class Lossy final : public Witness {
 public:
  Lossy(const Target& target, Callers callers)
      : callers_(std::move(callers)), share_(target.share.fraction), window_(window_for(target)) {}

  // How long an answer takes, and that none is missing.
  Status settle() {
    Duration longest;
    for (int i = 0; i < opening_rounds; ++i) {
      const auto calls = TRY(callers_.call(at_once, milliseconds(500)));
      const auto bad = std::find_if(calls.begin(), calls.end(),
                                    [](const Callers::Call& call) { return !call.is_answered; });
      if (bad != calls.end()) return no_answer(*bad);
      for (const Callers::Call& call : calls) longest = std::max(longest, call.took);
    }
    wait_ = std::max(shortest_wait, longest * 4);
    const Duration end = sys::monotonic_now() + window_ / 2;
    while (sys::monotonic_now() < end) {
      TRY_VOID(call());
      sys::sleep_until(sys::monotonic_now() + every);
    }
    const auto [lost, all] = sum();
    if (static_cast<double>(lost) < share_ / 4 * static_cast<double>(all)) return ok();
    return error(Code::conflict,
                 fmt::format("{} of {} exchanges with {} are lost before the fault; {} more could "
                             "not be told from that",
                             lost, all, callers_.name(), render(Share{share_})),
                 "ask for a greater share, or wait until the network is in order");
  }

  Result<Sighting> look() override {
    TRY_VOID(call());
    const auto [lost, all] = sum();
    const double share = static_cast<double>(lost) / static_cast<double>(all);
    // A quarter of the share is seldom missed in eight bursts, and nothing else loses so much.
    return Sighting{
        .on = lost > 0 && share >= share_ / 4,
        .dose = share * 100,
        .detail = fmt::format("{} of {} exchanges lost ({:.1f} %)", lost, all, share * 100),
        .oldest = sys::monotonic_now() - rounds_.front().at};
  }

 private:
  struct Round {
    Duration at;
    std::uint64_t lost = 0;
    std::uint64_t all = 0;
  };
  Status call() {
    const auto calls = TRY(callers_.call(at_once, wait_));
    Round round{.at = sys::monotonic_now(), .all = calls.size()};
    for (const Callers::Call& one : calls) {
      if (one.problem != 0) return no_answer(one);
      round.lost += one.is_answered ? 0 : 1;
    }
    rounds_.push_back(round);
    while (rounds_.back().at - rounds_.front().at > window_) rounds_.pop_front();
    return ok();
  }
  std::pair<std::uint64_t, std::uint64_t> sum() const {
    std::pair<std::uint64_t, std::uint64_t> total;
    for (const Round& round : rounds_) {
      total.first += round.lost;
      total.second += round.all;
    }
    return total;
  }
  Error no_answer(const Callers::Call& call) const {
    return error(Code::not_found,
                 call.problem == 0
                     ? fmt::format("{} does not answer before the fault", callers_.name())
                     : fmt::format("{} refuses: {}", callers_.name(), std::strerror(call.problem)),
                 "name an endpoint as witness that answers: one at which something listens, for "
                 "UDP one that answers any datagram");
  }

  Callers callers_;
  double share_;
  Duration window_;
  Duration wait_;
  std::deque<Round> rounds_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  Callers callers = TRY(Callers::open(target));
  auto witness = std::make_unique<Lossy>(target, std::move(callers));
  TRY_VOID(witness->settle());
  return witness;
}

}  // namespace

extern const Kind kind_network_lossy;
const Kind kind_network_lossy = kind_of<Target>({
    .name = "network.lossy",
    .about = "Which part of the exchanges with the endpoint is lost, told by connecting.",
    .dose_unit = "% lost",
    .every = every,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
