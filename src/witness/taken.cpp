#include "witness/taken.h"

#include <algorithm>

#include <fmt/core.h>

#include "sys/clock.h"

namespace squall::witness {
namespace {

constexpr double begin_share = 0.9;
constexpr double end_share = 0.5;
constexpr double restless_share = 0.25;
constexpr Duration settling = milliseconds(100);

class Taken final : public Witness {
 public:
  Taken(Stock stock, double wanted, double before)
      : stock_(std::move(stock)), wanted_(wanted), before_(before) {}

  Result<Sighting> look() override {
    const double left = TRY(stock_.left());
    const double taken = std::max(before_ - left, 0.0);
    is_on_ = taken >= wanted_ * (is_on_ ? end_share : begin_share);
    return Sighting{.on = is_on_,
                    .dose = taken,
                    .detail = fmt::format("{} left, {} less than before", stock_.render(left),
                                          stock_.render(taken))};
  }

 private:
  Stock stock_;
  double wanted_;
  double before_;
  bool is_on_ = false;
};

}  // namespace

Result<std::unique_ptr<Witness>> watch_taken(Stock stock, double wanted) {
  double least = TRY(stock.left());
  double most = least;
  const Duration start = sys::monotonic_now();
  for (Duration next = start + taken_every; next <= start + settling; next = next + taken_every) {
    sys::sleep_until(next);
    const double now = TRY(stock.left());
    least = std::min(least, now);
    most = std::max(most, now);
  }
  if (most - least > wanted * restless_share) {
    return error(
        Code::conflict,
        fmt::format("{} moved by {} within {} without us: {} more or less would prove "
                    "nothing",
                    stock.name, stock.render(most - least), render(settling), stock.render(wanted)),
        "take more, or wait until it is quieter there");
  }
  const double before = TRY(stock.left());
  return std::make_unique<Taken>(std::move(stock), wanted, before);
}

}  // namespace squall::witness
