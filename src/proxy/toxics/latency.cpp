// latency: what is sent arrives later.
//
// Each chunk is due at its stamp plus the delay plus or minus a uniform jitter, and never before
// the chunk that came before it: a stream keeps its order. The end of the stream follows the last
// chunk and is not delayed by itself, as in Toxiproxy.
#include <algorithm>

#include "proxy/toxics/holding.h"

namespace squall::proxy {
namespace {

using param::field;

struct Latency {
  std::int64_t latency_ms = 0;
  std::int64_t jitter_ms = 0;
};

const param::Table<Latency> table{{
    field("latency", &Latency::latency_ms,
          {.about = "Time added, in milliseconds; a negative one adds nothing.",
           .min = -milliseconds_max,
           .max = milliseconds_max}),
    field("jitter", &Latency::jitter_ms,
          {.about = "The delay varies by up to this much both ways, in milliseconds.",
           .min = -milliseconds_max,
           .max = milliseconds_max}),
}};

class LatencyStage final : public HoldingStage {
 public:
  LatencyStage(const Latency& attributes, const Start& start)
      : attributes_(attributes), choices_(start.choices) {}

  void take(Chunk chunk, Duration now, Outlet& out) override {
    chunk.stamp = chunk.stamp + delay();
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
  Duration delay() {
    Duration delay = milliseconds(std::max<std::int64_t>(attributes_.latency_ms, 0));
    if (attributes_.jitter_ms > 0) {
      const double unit = choices_.unit("", "jitter", ordinal_++);
      delay = milliseconds(attributes_.latency_ms) +
              milliseconds(attributes_.jitter_ms).scaled(2 * unit) -
              milliseconds(attributes_.jitter_ms);
    }
    return delay;
  }

  Latency attributes_;
  Choices choices_;
  std::uint64_t ordinal_ = 0;
};

}  // namespace

extern const Kind kind_latency;
const Kind kind_latency = kind_of<Latency, LatencyStage>(
    table, {.name = "latency",
            .about = "Delays what is sent, by a fixed time plus or minus a jitter.",
            .room = wide_room});

}  // namespace squall::proxy
