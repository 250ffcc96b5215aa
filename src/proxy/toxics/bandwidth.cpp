// bandwidth: no more than so many bytes a second.
//
// A virtual clock: each piece costs the time that a line of this rate needs for it, and is passed
// when that time is over. The next one's time begins where the last one's ended, not when we woke,
// so being late does not add up. A chunk that takes longer than a slice is passed in slices. A rate
// of 0 stalls: suites of tests cut a connection that way without closing it.
#include <algorithm>

#include "proxy/toxics/holding.h"

namespace squall::proxy {
namespace {

using param::field;

constexpr std::int64_t slice_ms = 20;

struct Bandwidth {
  std::int64_t rate_kbps = 0;
};

const param::Table<Bandwidth> table{{
    field("rate", &Bandwidth::rate_kbps,
          {.about = "Thousands of bytes a second; 0 lets nothing through.",
           .min = 0,
           .max = size_max / 1000}),
}};

class BandwidthStage final : public HoldingStage {
 public:
  BandwidthStage(const Bandwidth& attributes, const Start&) : rate_(attributes.rate_kbps) {}

  void take(Chunk chunk, Duration now, Outlet&) override {
    const bool is_first = is_empty();
    hold(std::move(chunk));
    if (is_first && rate_ > 0) {
      due_ = std::max(due_, now) + cost(slice());
      wake_at = due_;
    }
  }

  void wake(Duration now, Outlet& out) override {
    while (!is_empty() && due_ <= now) {
      Chunk piece = take_piece(slice());
      piece.stamp = due_;
      out.pass(std::move(piece));
      if (!is_empty()) due_ = due_ + cost(slice());
    }
    wake_at = is_empty() ? never : due_;
    pass_end_if_empty(out);
  }

 private:
  // A rate of 1000 bytes a second is a byte a millisecond.
  std::size_t slice() {
    return std::min(first().data.size(), static_cast<std::size_t>(rate_ * slice_ms));
  }
  Duration cost(std::size_t bytes) const {
    return {static_cast<std::int64_t>(bytes) * 1'000'000 / rate_};
  }

  std::int64_t rate_;  // bytes a millisecond
  Duration due_;       // when the first piece is through
};

}  // namespace

extern const Kind kind_bandwidth;
const Kind kind_bandwidth = kind_of<Bandwidth, BandwidthStage>(
    table, {.name = "bandwidth", .about = "Lets through no more than so many bytes a second."});

}  // namespace squall::proxy
