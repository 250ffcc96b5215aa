#include "reach/service/managers.h"

#include <array>

#include <fmt/core.h>

#include "core/text.h"

namespace squall::reach {

extern const Manager systemd_manager;
extern const Manager runit_manager;
extern const Manager s6_manager;
extern const Manager supervisor_manager;

namespace {

constexpr Duration first_pause = milliseconds(1);
constexpr Duration longest_pause = milliseconds(10);
constexpr std::size_t longest_name = 255;

}  // namespace

Result<const Manager*> find_manager(std::string_view name) {
  static const std::array all = {&systemd_manager, &runit_manager, &s6_manager,
                                 &supervisor_manager};
  for (const Manager* manager : all) {
    if (manager->name == name) return manager;
  }
  return error(Code::invalid, fmt::format("there is no manager {}", quote(name)),
               "use systemd, runit, s6 or supervisor");
}

Status wait_until(const std::function<Result<bool>()>& is_done, const std::string& what,
                  sys::Patience& patience) {
  Duration pause = first_pause;
  while (true) {
    const Result<bool> done = is_done();
    if (done.ok() && *done) return ok();
    // A look that the limit cut short says no more than that.
    if (patience.is_over()) {
      return error(Code::timed_out, fmt::format("{} within {}", what, render(patience.limit())),
                   "look into the log of the unit");
    }
    if (!done.ok()) return done.error();
    sys::Patience(std::min(pause, patience.left())).wait({});
    pause = std::min(pause * 2, longest_pause);
  }
}

Status check_unit_name(std::string_view unit) {
  const bool is_word = !unit.empty() && unit.size() <= longest_name && unit[0] != '.' &&
                       unit.find('/') == std::string_view::npos &&
                       unit.find('\0') == std::string_view::npos;
  if (is_word) return ok();
  return error(Code::invalid, fmt::format("{} is not the name of a unit", quote(unit)),
               "name it as its manager does: redis.service");
}

Error cannot(std::string_view manager, std::string_view verb, std::string_view why,
             std::string_view instead) {
  return error(Code::unsupported, fmt::format("{} cannot {} a service: {}", manager, verb, why),
               std::string(instead));
}

}  // namespace squall::reach
