// slow_close: data passes, but the end of the connection is told later.
#include <algorithm>
#include <utility>

#include "proxy/toxics/holding.h"

namespace squall::proxy {
namespace {

using param::field;

struct SlowClose {
  std::int64_t delay_ms = 0;
};

const param::Table<SlowClose> table{{
    field("delay", &SlowClose::delay_ms,
          {.about = "How much later the end is passed on, in milliseconds.",
           .min = -milliseconds_max,
           .max = milliseconds_max}),
}};

class SlowCloseStage final : public Stage {
 public:
  SlowCloseStage(const SlowClose& attributes, const Start& start)
      : delay_(milliseconds(std::max<std::int64_t>(attributes.delay_ms, 0))), start_(start.now) {}

  void take(Chunk chunk, Duration, Outlet& out) override { out.pass(std::move(chunk)); }
  void take_end(Duration now, Outlet&) override {
    has_end_ = true;
    wake_at = now + delay_;
  }
  void wake(Duration, Outlet& out) override {
    if (std::exchange(has_end_, false)) out.pass_end();
  }
  void part(Parting, Outlet& out) override { wake({}, out); }
  // An end that waits goes on waiting, for the new time.
  void adopt(Stage& before) override {
    has_end_ = std::exchange(static_cast<SlowCloseStage&>(before).has_end_, false);
    if (has_end_) wake_at = start_ + delay_;
  }

 private:
  Duration delay_;
  Duration start_;
  bool has_end_ = false;
};

}  // namespace

extern const Kind kind_slow_close;
const Kind kind_slow_close = kind_of<SlowClose, SlowCloseStage>(
    table, {.name = "slow_close", .about = "Delays the end of the connection, and no data."});

}  // namespace squall::proxy
