// loss: what lost packets do to a stream. Ours; Toxiproxy has none like it.
//
// A proxy cannot lose packets of a TCP connection: what it has read is acknowledged. This is
// modelled: data counts as segments of 1460 bytes, each of which is lost with the given share; a
// lost one is sent again after the retransmission timeout, which doubles with each loss of the same
// segment (RFC 6298), and everything behind it waits, for a stream keeps its order.
#include <algorithm>

#include "proxy/toxics/holding.h"

namespace squall::proxy {
namespace {

using param::field;

constexpr std::size_t segment_size = 1460;
constexpr int doublings_max = 6;

struct Loss {
  double share = 0;
  std::int64_t timeout_ms = 200;
};

const param::Table<Loss> table{{
    field("share", &Loss::share,
          {.about = "Share of the segments that are lost, 0 to 1.", .min = 0.0, .max = 1.0}),
    field("timeout", &Loss::timeout_ms,
          {.about = "Until a lost segment is sent again, in milliseconds.",
           .min = 1,
           .max = 600'000}),
}};

class LossStage final : public HoldingStage {
 public:
  LossStage(const Loss& attributes, const Start& start)
      : attributes_(attributes), choices_(start.choices) {}

  void take(Chunk chunk, Duration now, Outlet& out) override {
    Duration stall;
    for (std::size_t at = 0; at < chunk.data.size(); at += segment_size) {
      stall = std::max(stall, stall_of_segment());
    }
    chunk.stamp = chunk.stamp + stall;
    if (!is_empty()) chunk.stamp = std::max(chunk.stamp, last().stamp);
    hold(std::move(chunk));
    wake(now, out);
  }

  void wake(Duration now, Outlet& out) override {
    while (!is_empty() && first().stamp <= now) out.pass(take_first());
    wake_at = is_empty() ? never : first().stamp;
    pass_end_if_empty(out);
  }

 private:
  Duration stall_of_segment() {
    Duration stall;
    Duration timeout = milliseconds(attributes_.timeout_ms);
    for (int times = 0; times <= doublings_max; ++times) {
      if (choices_.unit("", "loss", ordinal_++) >= attributes_.share) break;
      stall = stall + timeout;
      timeout = timeout * 2;
    }
    return stall;
  }

  Loss attributes_;
  Choices choices_;
  std::uint64_t ordinal_ = 0;
};

}  // namespace

extern const Kind kind_loss;
const Kind kind_loss = kind_of<Loss, LossStage>(
    table, {.name = "loss",
            .about = "Stalls as a stream does whose packets get lost; modelled.",
            .room = wide_room});

}  // namespace squall::proxy
