// timeout: nothing gets through, and after a while the connection is closed.
//
// The time counts from the connect, or from when the toxic was added or changed. With 0 the
// connection stays, deaf, until the toxic is removed, which closes it: what was swallowed is lost,
// so it cannot go on.
#include <algorithm>

#include "proxy/toxics/holding.h"

namespace squall::proxy {
namespace {

using param::field;

struct Timeout {
  std::int64_t timeout_ms = 0;
};

const param::Table<Timeout> table{{
    field("timeout", &Timeout::timeout_ms,
          {.about = "When the connection is closed, in milliseconds; 0 is never.",
           .min = -milliseconds_max,
           .max = milliseconds_max}),
}};

class TimeoutStage final : public Stage {
 public:
  TimeoutStage(const Timeout& attributes, const Start& start) {
    if (attributes.timeout_ms > 0) wake_at = start.now + milliseconds(attributes.timeout_ms);
  }

  void take(Chunk, Duration, Outlet&) override {}
  void take_end(Duration, Outlet&) override {}
  void wake(Duration, Outlet& out) override { out.cut(); }
  void part(Parting parting, Outlet& out) override {
    if (parting == Parting::removed) out.cut();
  }
};

}  // namespace

extern const Kind kind_timeout;
const Kind kind_timeout = kind_of<Timeout, TimeoutStage>(
    table, {.name = "timeout",
            .about = "Swallows everything, and closes the connection after a time.",
            .acts_alone = true});

}  // namespace squall::proxy
