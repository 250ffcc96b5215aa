#include "witness/services.h"

#include <fmt/core.h>

#include "core/text.h"
#include "sys/patience.h"

namespace squall::witness {
namespace {

constexpr Duration look_limit = seconds(1);
constexpr Duration running_limit = seconds(2);

}  // namespace

Result<std::unique_ptr<net::ServiceView>> open_view(const net::ServicePlace& place) {
  return net::ServiceView::open(place, look_limit);
}

Result<net::ServiceSight> await_running(net::ServiceView& view, const std::string& unit) {
  sys::Patience patience(running_limit);
  while (true) {
    net::ServiceSight sight = TRY(view.look());
    if (sight.main_pid != 0 && sight.phase == net::ServiceSight::Phase::runs) return sight;
    if (patience.is_over()) {
      return error(Code::not_found,
                   fmt::format("{} has no main process: {}", printable(unit), sight.detail),
                   "start it first: a drill begins with a healthy target");
    }
    sys::Patience(milliseconds(5)).wait({});
  }
}

}  // namespace squall::witness
