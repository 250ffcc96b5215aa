// half_open: the connection looks alive to one side though the other is gone.
//
// After so many bytes nothing of the source reaches the destination any more: no data, no end, and
// no RST either; what the destination sends goes on being taken, and to the source as long as there
// is one. So a destination without a time limit of its own waits for ever, as it does for a host
// that lost its power. What TCP itself would notice in the end (data that nobody acknowledges) does
// not come: the proxy acknowledges it. Taking the toxic away closes the connections on which it has
// swallowed something, for their streams have a hole.
#include "proxy/toxics/toxic.h"

namespace squall::proxy {
namespace {

using param::field;

struct HalfOpen {
  std::int64_t bytes = 0;
};

const param::Table<HalfOpen> table{{
    field("bytes", &HalfOpen::bytes,
          {.about = "How many bytes get through before the silence.", .min = 0, .max = size_max}),
}};

class HalfOpenStage final : public Stage {
 public:
  // Silence from the beginning has to be told to the outlet before anything comes.
  HalfOpenStage(const HalfOpen& attributes, const Start& start)
      : left_(static_cast<std::uint64_t>(attributes.bytes)) {
    if (left_ == 0) wake_at = start.now;
  }

  void take(Chunk chunk, Duration, Outlet& out) override {
    if (chunk.data.size() > left_) {
      has_swallowed_ = true;
      chunk.data.resize(left_);
    }
    left_ -= chunk.data.size();
    passed_ += chunk.data.size();
    if (!chunk.data.empty()) out.pass(std::move(chunk));
    if (left_ == 0) out.hold_open(true);
  }
  void take_end(Duration, Outlet& out) override {
    if (left_ > 0) return out.pass_end();
    has_swallowed_ = true;
  }
  void wake(Duration, Outlet& out) override { out.hold_open(true); }
  void part(Parting parting, Outlet& out) override {
    if (parting != Parting::removed) return;
    out.hold_open(false);
    if (has_swallowed_) out.cut();
  }
  // Silence stays; else what has passed counts.
  void adopt(Stage& before) override {
    auto& old = static_cast<HalfOpenStage&>(before);
    passed_ = old.passed_;
    has_swallowed_ = old.has_swallowed_;
    left_ = old.left_ == 0 || passed_ >= left_ ? 0 : left_ - passed_;
    if (left_ > 0) return;
    wake_at = {};
  }

 private:
  std::uint64_t left_;
  std::uint64_t passed_ = 0;
  bool has_swallowed_ = false;
};

}  // namespace

extern const Kind kind_half_open;
const Kind kind_half_open = kind_of<HalfOpen, HalfOpenStage>(
    table, {.name = "half_open",
            .about = "Hides from one side that the other has gone silent or away.",
            .acts_alone = true});

}  // namespace squall::proxy
