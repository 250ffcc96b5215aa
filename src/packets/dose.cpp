#include "packets/dose.h"

#include <algorithm>
#include <cmath>

#include "core/statistics.h"

namespace squall::packets {
namespace {

constexpr double pareto_shape = 3;
constexpr double pareto_cut = 20;

// Where a uniform draw falls in the distribution, in units of the jitter.
double strayed(Spread spread, double unit) {
  switch (spread) {
    case Spread::uniform:
      return 2 * unit - 1;
    case Spread::normal:
      return normal_quantile(unit);
    case Spread::pareto: {
      const double tail = std::pow(1 - unit, -1 / pareto_shape) - 1;
      return std::min((pareto_shape - 1) * tail, pareto_cut);
    }
  }
  return 0;
}

double normal_share_below(double deviate) {
  return std::erfc(-deviate / std::sqrt(2.0)) / 2;
}

}  // namespace

Fate Dose::next(Duration now, std::uint64_t length) {
  Fate fate{.is_dropped = is_lost(), .due = now};
  if (!fate.is_dropped) {
    fate.is_duplicated = happens(treatment_.duplicate, "duplicate");
    if (happens(treatment_.corrupt, "corrupt")) {
      fate.corruption = choices_.bits(stream_, "corruption", count_);
    }
    const std::optional<Duration> passed = pass_link(now, length);
    if (passed) fate.due = *passed;
    fate.is_dropped = !passed;
  }
  // The jitter is drawn for lost packets too, so that the delays of others do not depend on them.
  fate.due = fate.due + delay();
  if (!fate.is_dropped && treatment_.keeps_order) {
    fate.due = last_due_ = std::max(fate.due, last_due_);
  }
  if (!fate.is_dropped && happens(treatment_.held_back, "held back")) {
    fate.behind = treatment_.gap;
    fate.due = fate.due + treatment_.hold;
  }
  ++count_;
  return fate;
}

// In bursts: a chain of two states (Gilbert, Bell System Technical Journal 39, 1960). A burst ends
// with probability 1 / burst, and begins with that at which both shares come out as asked for.
bool Dose::is_lost() {
  if (treatment_.drop_every > 0) {
    const auto every = static_cast<std::uint64_t>(treatment_.drop_every);
    return count_ % every == every - 1;
  }
  const double share = treatment_.loss.fraction;
  if (share <= 0 || treatment_.burst <= 0) return happens(treatment_.loss, "loss");
  const double end = 1 / treatment_.burst;
  const double begin = end * share / (1 - share);
  const double unit = draw("loss");
  is_in_burst_ = is_in_burst_ ? unit >= end : unit < begin;
  return is_in_burst_;
}

// Correlated draws keep the distribution: what is correlated are normal deviates behind it.
Duration Dose::delay() {
  if (treatment_.jitter.nanoseconds == 0) return treatment_.delay;
  double unit = draw("jitter");
  const double correlation = treatment_.correlation.fraction;
  if (correlation > 0) {
    const double fresh = normal_quantile(std::max(unit, 0x1.0p-54));
    const double deviate = last_deviate_ ? correlation * *last_deviate_ +
                                               std::sqrt(1 - correlation * correlation) * fresh
                                         : fresh;
    last_deviate_ = deviate;
    unit = std::min(normal_share_below(deviate), 1 - 0x1.0p-53);
  }
  const double strays = strayed(treatment_.distribution, std::max(unit, 0x1.0p-54));
  return std::max(treatment_.delay + treatment_.jitter.scaled(strays), Duration{});
}

std::optional<Duration> Dose::pass_link(Duration now, std::uint64_t length) {
  if (treatment_.bits_per_second == 0) return now;
  const Duration begin = std::max(now, link_is_free_);
  if (begin - now > treatment_.buffer) return std::nullopt;
  constexpr double bits = 8;
  const double took =
      static_cast<double>(length) * bits * 1e9 / static_cast<double>(treatment_.bits_per_second);
  link_is_free_ = begin + nanoseconds(std::llround(took));
  return link_is_free_;
}

}  // namespace squall::packets
