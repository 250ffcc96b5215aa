// container.disconnected: sees that a container has lost a network interface, by what the kernel
// lists in its network namespace (/proc/PID/net/dev).
#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "witness/containers.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : ContainerPlace {};

const param::Table<Target> table{container_fields<Target>()};

class Disconnected final : public Witness {
 public:
  Disconnected(ContainerView view, std::vector<std::string> first)
      : view_(std::move(view)), first_(std::move(first)) {}

  Result<Sighting> look() override {
    const std::vector<std::string> now = TRY(view_.interfaces());
    const auto lost = static_cast<double>(first_.size()) - static_cast<double>(now.size());
    return Sighting{
        .on = lost > 0,
        .dose = std::max(lost, 0.0),
        .detail = fmt::format("interfaces: {}; there were: {}", names(now), names(first_))};
  }

 private:
  static std::string names(const std::vector<std::string>& interfaces) {
    return interfaces.empty() ? "none" : printable(join(interfaces, ", "));
  }

  ContainerView view_;
  std::vector<std::string> first_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  ContainerView view = TRY(ContainerView::open(target));
  std::vector<std::string> first = TRY(view.interfaces());
  if (first.empty()) {
    return error(Code::not_found, target.container + " has no network interface that could go",
                 "choose a container that has a network");
  }
  return std::make_unique<Disconnected>(std::move(view), std::move(first));
}

}  // namespace

extern const Kind kind_container_disconnected;
const Kind kind_container_disconnected = kind_of<Target>({
    .name = "container.disconnected",
    .about = "How many of its network interfaces a container has lost, as the kernel lists them in "
             "its network namespace.",
    .dose_unit = "interfaces",
    .every = milliseconds(5),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
