// service.ended: sees that the main process which a service had is no more, whether or not another
// one runs in its place. What the manager counted meanwhile (systemd's NRestarts) is told.
#include <fmt/core.h>

#include "witness/services.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : net::ServicePlace {};

const param::Table<Target> table{service_fields<Target>()};

class Ended final : public Witness {
 public:
  Ended(std::unique_ptr<net::ServiceView> view, net::ServiceSight first)
      : view_(std::move(view)), first_(std::move(first)) {}

  Result<Sighting> look() override {
    const net::ServiceSight sight = TRY(view_->look());
    const bool on = sight.main_pid != first_.main_pid;
    const std::string what = on ? "is no more" : "runs";
    return Sighting{
        .on = on,
        .dose = on ? 1.0 : 0.0,
        .detail = fmt::format("main process {} {}; {}, restarts {} -> {}", first_.main_pid, what,
                              sight.detail, first_.restarts, sight.restarts)};
  }

 private:
  std::unique_ptr<net::ServiceView> view_;
  net::ServiceSight first_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  std::unique_ptr<net::ServiceView> view = TRY(open_view(target));
  net::ServiceSight first = TRY(await_running(*view, target.unit));
  return std::make_unique<Ended>(std::move(view), std::move(first));
}

}  // namespace

extern const Kind kind_service_ended;
const Kind kind_service_ended = kind_of<Target>({
    .name = "service.ended",
    .about = "Whether the main process that a service had is no more.",
    .dose_unit = "main processes",
    .every = milliseconds(5),
    .sees_end = false,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
