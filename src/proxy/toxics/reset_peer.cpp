// reset_peer: the connection breaks off with a RST, some time after the first data.
//
// Toxiproxy sends a RST only on connections that were opened after the toxic was added; here all
// get one. What came meanwhile is kept: it passes if the toxic is taken away before its time.
#include "proxy/toxics/holding.h"

namespace squall::proxy {
namespace {

using param::field;

struct ResetPeer {
  std::int64_t timeout_ms = 0;
};

const param::Table<ResetPeer> table{{
    field("timeout", &ResetPeer::timeout_ms,
          {.about = "From the first data to the RST, in milliseconds.",
           .min = -milliseconds_max,
           .max = milliseconds_max}),
}};

class ResetPeerStage final : public HoldingStage {
 public:
  ResetPeerStage(const ResetPeer& attributes, const Start&) : timeout_ms_(attributes.timeout_ms) {}

  void take(Chunk chunk, Duration now, Outlet& out) override {
    hold(std::move(chunk));
    begin(now, out);
  }
  void take_end(Duration now, Outlet& out) override { begin(now, out); }
  void wake(Duration, Outlet& out) override { out.reset(); }

 private:
  void begin(Duration now, Outlet& out) {
    if (timeout_ms_ <= 0) return out.reset();
    if (wake_at == never) wake_at = now + milliseconds(timeout_ms_);
  }

  std::int64_t timeout_ms_;
};

}  // namespace

extern const Kind kind_reset_peer;
const Kind kind_reset_peer = kind_of<ResetPeer, ResetPeerStage>(
    table, {.name = "reset_peer", .about = "Breaks the connection off with a TCP RST."});

}  // namespace squall::proxy
