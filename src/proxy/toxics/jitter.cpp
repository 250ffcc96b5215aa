// jitter: what is sent arrives later, by a time that varies as on a real network.
//
// The delays follow a model: uniform, normal, or Pareto with the shape 3, whose few long delays are
// those of full queues. `jitter` is half the width of the uniform one and the standard deviation of
// the others, as in netem(8). With a correlation each delay resembles the one before: a normal
// variable follows an autoregression of the first order, and its rank chooses the delay, so that
// the model keeps its shape, which netem's does not.
//
// A stream keeps its order, so a chunk cannot pass the one before it. Without `rank_preserving` it
// waits for that one, which makes the delays longer than the model says. With it, the instants at
// which a network would have delivered the chunks stay as they are, and the chunks take them in
// their order.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "proxy/toxics/holding.h"

namespace squall::proxy {
namespace {

using param::choice;
using param::field;

constexpr double pareto_shape = 3;

struct Jitter {
  enum class Model { uniform, normal, pareto };
  std::int64_t latency_ms = 0;
  std::int64_t jitter_ms = 0;
  Model model = Model::normal;
  double correlation = 0;
  bool is_rank_preserving = false;
};

const param::Table<Jitter> table{{
    field("latency", &Jitter::latency_ms,
          {.about = "The mean of the time added, in milliseconds.",
           .min = 0,
           .max = milliseconds_max}),
    field("jitter", &Jitter::jitter_ms,
          {.about = "How much it varies, in milliseconds.", .min = 0, .max = milliseconds_max}),
    choice("model", &Jitter::model,
           {{"uniform", Jitter::Model::uniform},
            {"normal", Jitter::Model::normal},
            {"pareto", Jitter::Model::pareto}},
           "The shape of the delays."),
    field("correlation", &Jitter::correlation,
          {.about = "How much a delay resembles the one before, 0 to 1.", .min = 0.0, .max = 1.0}),
    field("rank_preserving", &Jitter::is_rank_preserving,
          {.about = "Whether the delays keep their shape though the stream keeps its order."}),
}};

class JitterStage final : public HoldingStage {
 public:
  JitterStage(const Jitter& attributes, const Start& start)
      : attributes_(attributes), choices_(start.choices) {}

  void take(Chunk chunk, Duration now, Outlet& out) override {
    Duration due = chunk.stamp + delay();
    if (!attributes_.is_rank_preserving && !due_.empty()) due = std::max(due, *due_.rbegin());
    due_.insert(due);
    hold(std::move(chunk));
    wake(now, out);
  }

  void wake(Duration now, Outlet& out) override {
    while (!is_empty() && *due_.begin() <= now) {
      Chunk chunk = take_first();
      chunk.stamp = *due_.begin();
      due_.erase(due_.begin());
      out.pass(std::move(chunk));
    }
    wake_at = is_empty() ? never : *due_.begin();
    pass_end_if_empty(out);
  }

 private:
  // By Box and Muller.
  double normal() {
    const double length = std::sqrt(-2 * std::log1p(-choices_.unit("", "length", ordinal_)));
    const double angle = 2 * std::numbers::pi * choices_.unit("", "angle", ordinal_);
    const double fresh = length * std::cos(angle);
    const double kept = attributes_.correlation;
    last_ = ordinal_ == 0 ? fresh : kept * last_ + std::sqrt(1 - kept * kept) * fresh;
    ++ordinal_;
    return last_;
  }

  // With the mean 0; see above for its width.
  double deviation() {
    const double normal_one = normal();
    if (attributes_.model == Jitter::Model::normal) return normal_one;
    const double above = std::erfc(normal_one / std::numbers::sqrt2) / 2;  // a share, never 0
    if (attributes_.model == Jitter::Model::uniform) return 1 - 2 * above;
    constexpr double shape = pareto_shape;
    const double mean = shape / (shape - 1);
    const double width = std::sqrt(shape / (shape - 2)) / (shape - 1);
    return (std::pow(above, -1 / shape) - mean) / width;
  }

  Duration delay() {
    const Duration whole = milliseconds(attributes_.latency_ms) +
                           milliseconds(attributes_.jitter_ms).scaled(deviation());
    return std::clamp(whole, Duration{}, milliseconds(milliseconds_max));
  }

  Jitter attributes_;
  Choices choices_;
  std::uint64_t ordinal_ = 0;
  double last_ = 0;
  std::multiset<Duration> due_;  // one for each chunk that is held
};

}  // namespace

extern const Kind kind_jitter;
const Kind kind_jitter = kind_of<Jitter, JitterStage>(
    table, {.name = "jitter",
            .about = "Delays what is sent by times that vary as on a real network.",
            .room = wide_room});

}  // namespace squall::proxy
