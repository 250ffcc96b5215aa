// service.restarted: sees another main process run in the place of the one that a service had.
#include <fmt/core.h>

#include "witness/services.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : net::ServicePlace {};

const param::Table<Target> table{service_fields<Target>()};

class Restarted final : public Witness {
 public:
  Restarted(std::unique_ptr<net::ServiceView> view, net::ServiceSight first)
      : view_(std::move(view)), first_(std::move(first)) {}

  Result<Sighting> look() override {
    const net::ServiceSight sight = TRY(view_->look());
    const bool is_other = sight.main_pid != 0 && sight.main_pid != first_.main_pid;
    const bool on = is_other && sight.phase == net::ServiceSight::Phase::runs;
    return Sighting{.on = on,
                    .dose = on ? 1.0 : 0.0,
                    .detail = fmt::format("{}, main process {} -> {}", sight.detail,
                                          first_.main_pid, sight.main_pid)};
  }

 private:
  std::unique_ptr<net::ServiceView> view_;
  net::ServiceSight first_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  std::unique_ptr<net::ServiceView> view = TRY(open_view(target));
  net::ServiceSight first = TRY(await_running(*view, target.unit));
  return std::make_unique<Restarted>(std::move(view), std::move(first));
}

}  // namespace

extern const Kind kind_service_restarted;
const Kind kind_service_restarted = kind_of<Target>({
    .name = "service.restarted",
    .about = "Whether another main process runs in the place of the one that a service had.",
    .dose_unit = "services",
    .every = milliseconds(5),
    .sees_end = false,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
