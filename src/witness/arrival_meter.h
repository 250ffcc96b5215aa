// Whether things arrive that did not arrive before: a count that only grows, told as a rate over a
// window, beside the rate at the start.
//
// The window is long enough for eight arrivals of the rate asked for, 100 to 500 ms. An edge may
// therefore be as much older than the look that sees it as the window is long; sightings say so.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "core/result.h"
#include "core/units.h"
#include "witness/witness.h"

namespace squall::witness {

class ArrivalMeter {
 public:
  // `things` is what arrives, in the plural: "requests".
  ArrivalMeter(Rate asked, std::string things);

  Duration window() const { return window_; }
  // How long to read before settle(), and how often.
  Duration settling() const { return window_ * 2; }
  // Counts come in order of time. One that went down, as when the counter was reset, begins anew.
  void add(Duration at, std::uint64_t count);
  // Takes what was seen so far, at least two counts, as what arrives anyway. Code::conflict when so
  // much arrives, or so unevenly, that the rate asked for could not be told from it.
  Status settle();
  // After settle(). On means: at least half of the rate asked for has come on top. The dose is what
  // came on top, in arrivals a second.
  Sighting sight() const;

 private:
  struct Count {
    Duration at;
    std::uint64_t arrived = 0;  // since the first add
  };
  double rate_between(const Count& from, const Count& to) const;
  const Count& window_start(std::size_t index) const;

  double asked_;
  std::string things_;
  Duration window_;
  std::deque<Count> counts_;
  std::uint64_t last_raw_ = 0;
  double level_ = 0;  // arrivals a second at settle(), the most of any window
};

// How often a witness of arrivals looks.
inline constexpr Duration arrivals_every = milliseconds(20);

// A witness of what arrives: reads `count` for as long as settling takes, and then at each look.
// Fails as ArrivalMeter::settle() and `count` do.
Result<std::unique_ptr<Witness>> watch_arrivals(Rate asked, std::string things,
                                                std::function<Result<std::uint64_t>()> count);

}  // namespace squall::witness
