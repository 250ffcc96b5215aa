#include "witness/arrival_meter.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "sys/clock.h"

namespace squall::witness {
namespace {

constexpr double share_of_asked = 0.5;
constexpr double arrivals_in_window = 8;
constexpr Duration kept = seconds(5);

class Arrivals final : public Witness {
 public:
  Arrivals(Rate asked, std::string things, std::function<Result<std::uint64_t>()> count)
      : count_(std::move(count)), meter_(asked, std::move(things)) {}

  Result<Sighting> look() override {
    TRY_VOID(read());
    return meter_.sight();
  }
  Status settle() {
    TRY_VOID(read());
    const Duration end = sys::monotonic_now() + meter_.settling();
    for (Duration next = sys::monotonic_now() + arrivals_every; next <= end;
         next = next + arrivals_every) {
      sys::sleep_until(next);
      TRY_VOID(read());
    }
    return meter_.settle();
  }

 private:
  Status read() {
    const std::uint64_t count = TRY(count_());
    meter_.add(sys::monotonic_now(), count);
    return ok();
  }

  std::function<Result<std::uint64_t>()> count_;
  ArrivalMeter meter_;
};

}  // namespace

ArrivalMeter::ArrivalMeter(Rate asked, std::string things)
    : asked_(asked.per_second), things_(std::move(things)) {
  CHECK(asked_ > 0, "some rate is asked for");
  const Duration wanted{std::llround(std::min(arrivals_in_window / asked_, 1e3) * 1e9)};
  window_ = std::clamp(wanted, milliseconds(100), milliseconds(500));
}

void ArrivalMeter::add(Duration at, std::uint64_t count) {
  CHECK(counts_.empty() || counts_.back().at < at, "counts come in order of time");
  const std::uint64_t before = counts_.empty() ? 0 : counts_.back().arrived;
  const std::uint64_t added = counts_.empty() ? 0 : count - std::min(last_raw_, count);
  last_raw_ = count;
  counts_.push_back({at, before + added});
  while (at - counts_.front().at > kept) counts_.pop_front();
}

double ArrivalMeter::rate_between(const Count& from, const Count& to) const {
  if (to.at <= from.at) return 0;
  return static_cast<double>(to.arrived - from.arrived) / (to.at - from.at).seconds();
}

// The youngest count that is at least a window older, or the oldest.
const ArrivalMeter::Count& ArrivalMeter::window_start(std::size_t index) const {
  const Duration latest = counts_[index].at - window_;
  std::size_t start = index;
  while (start > 0 && counts_[start].at > latest) --start;
  return counts_[start];
}

Status ArrivalMeter::settle() {
  CHECK(counts_.size() >= 2, "a level needs two counts");
  double lowest = INFINITY;
  for (std::size_t i = 1; i < counts_.size(); ++i) {
    const Count& start = window_start(i);
    if (counts_[i].at - start.at < window_) continue;
    const double rate = rate_between(start, counts_[i]);
    level_ = std::max(level_, rate);
    lowest = std::min(lowest, rate);
  }
  if (std::isfinite(lowest) && level_ - lowest >= share_of_asked * asked_) {
    return error(Code::conflict,
                 fmt::format("{} arrive too unevenly: {:.0f} to {:.0f} a second by themselves; "
                             "{:.0f} more could not be told from that",
                             things_, lowest, level_, asked_),
                 "ask for a higher rate, or wait until it is quieter");
  }
  return ok();
}

Sighting ArrivalMeter::sight() const {
  const Count& start = window_start(counts_.size() - 1);
  const double rate = rate_between(start, counts_.back());
  const double added = rate - level_;
  return {.on = added >= share_of_asked * asked_,
          .dose = std::max(added, 0.0),
          .detail = fmt::format("{:.0f} {} a second arrive, {:.0f} before", rate, things_, level_),
          .oldest = counts_.back().at - start.at};
}

Result<std::unique_ptr<Witness>> watch_arrivals(Rate asked, std::string things,
                                                std::function<Result<std::uint64_t>()> count) {
  auto witness = std::make_unique<Arrivals>(asked, std::move(things), std::move(count));
  TRY_VOID(witness->settle());
  return witness;
}

}  // namespace squall::witness
