// slicer: data arrives in small pieces, with a pause after each.
//
// Each piece is written by itself, so that a peer which takes a message for one read meets half of
// one. The kernel may still join pieces when the peer reads more slowly than they come.
#include <algorithm>

#include "proxy/toxics/holding.h"

namespace squall::proxy {
namespace {

using param::field;

struct Slicer {
  std::int64_t average_size = 0;
  std::int64_t size_variation = 0;
  std::int64_t delay_us = 0;
};

const param::Table<Slicer> table{{
    field("average_size", &Slicer::average_size,
          {.about = "Bytes in a piece, on average.", .required = true, .min = 1, .max = size_max}),
    field("size_variation", &Slicer::size_variation,
          {.about = "A piece is up to this many bytes larger or smaller.",
           .min = 0,
           .max = size_max}),
    field("delay", &Slicer::delay_us,
          {.about = "Pause after each piece, in microseconds.",
           .min = -milliseconds_max * 1000,
           .max = milliseconds_max * 1000}),
}};

class SlicerStage final : public HoldingStage {
 public:
  SlicerStage(const Slicer& attributes, const Start& start)
      : attributes_(attributes), choices_(start.choices) {}

  void take(Chunk chunk, Duration now, Outlet& out) override {
    hold(std::move(chunk));
    if (wake_at == never) wake(now, out);
  }

  void wake(Duration now, Outlet& out) override {
    while (!is_empty() && next_ <= now) {
      out.pass(take_piece(size()));
      if (attributes_.delay_us > 0) next_ = now + microseconds(attributes_.delay_us);
    }
    wake_at = is_empty() ? never : next_;
    pass_end_if_empty(out);
  }

 private:
  std::size_t size() {
    std::int64_t size = attributes_.average_size;
    if (attributes_.size_variation > 0) {
      const auto span = static_cast<std::uint64_t>(2 * attributes_.size_variation + 1);
      size += static_cast<std::int64_t>(choices_.below(span, "", "size", ordinal_++)) -
              attributes_.size_variation;
    }
    return static_cast<std::size_t>(std::max<std::int64_t>(size, 1));
  }

  Slicer attributes_;
  Choices choices_;
  std::uint64_t ordinal_ = 0;
  Duration next_;
};

}  // namespace

extern const Kind kind_slicer;
const Kind kind_slicer = kind_of<Slicer, SlicerStage>(
    table, {.name = "slicer", .about = "Cuts data into small pieces, with pauses between them."});

}  // namespace squall::proxy
