#include "change/containers.h"

#include <algorithm>

#include <fmt/core.h>

#include "change/reach.h"
#include "change/services.h"
#include "core/text.h"
#include "sys/container.h"
#include "sys/file.h"
#include "sys/patience.h"

namespace squall::change {
namespace {

constexpr Duration show_limit = seconds(2);
// What squall-reach itself may take on top of the order.
constexpr Duration start_limit = seconds(1);
constexpr Duration settled_after = milliseconds(100);

// One way to see it; the other is the guardian's gate on its own family and on the runner's, which
// looks at the processes of the footprint.
bool is_own(const std::string& id) {
  const Result<std::string> own = sys::read_file("/proc/self/cgroup", 1 << 20);
  if (!own.ok()) return false;
  const std::vector<std::string> ids = sys::container_ids(*own);
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

std::string Container::describe() const {
  return "the container " + printable(container);
}

Result<json::object> show_container(const Container& place, const std::string& name) {
  const json::object params{
      {"socket", place.socket}, {"container", name}, {"limit", render(show_limit)}};
  return reach_call("container.show", params, show_limit + start_limit);
}

Status act_on_container(const Container& place, const std::string& id, std::string_view act,
                        json::object more, Duration limit) {
  more["socket"] = place.socket;
  more["container"] = id;
  more["act"] = act;
  more["limit"] = render(limit);
  TRY_VOID(reach_call("container.act", more, limit + start_limit));
  return ok();
}

Result<Footprint> container_footprint(const json::object& shown, std::string_view aspect) {
  const std::string id = text_at(shown, "id");
  if (is_own(id)) {
    return error(Code::refused,
                 fmt::format("squall itself runs in the container {}: without it the change could "
                             "not be undone",
                             text_at(shown, "name")),
                 "choose another container, or run squall outside of this one");
  }
  return Footprint{.processes = processes_of(shown),
                   .resources = {fmt::format("container {} {}", id, aspect)}};
}

Status check_is_running(const Container& place, const json::object& shown) {
  if (!bool_at(shown, "running") || bool_at(shown, "paused")) {
    return error(
        Code::conflict,
        fmt::format("{} does not run: it is {}", place.describe(), text_at(shown, "status")),
        "start it first: a drill begins with a healthy target");
  }
  if (!processes_of(shown).empty()) return ok();
  return error(Code::unsupported,
               fmt::format("{} has no process here: it is just ending, or its daemon numbers "
                           "processes in another pid namespace",
                           place.describe()),
               "run squall where the daemon runs");
}

json::object identity_of(const Container& place, const json::object& shown) {
  return {{"id", text_at(shown, "id")}, {"host", host_of(place.socket)}};
}

Result<Found> find_again(const Container& place, const json::object& before) {
  if (host_is_gone(before)) return Found{.gone = "the host of the container daemon ended"};
  const Result<json::object> shown = show_container(place, text_at(before, "id"));
  if (shown.ok()) return Found{.shown = *shown};
  if (shown.error().code == Code::not_found) return Found{.gone = "the container was removed"};
  return shown.error();
}

Result<Found> find_settled(const Container& place, const json::object& before,
                           const std::function<bool(const json::object& shown)>& is_made) {
  sys::Patience patience(settled_after);
  while (true) {
    Found found = TRY(find_again(place, before));
    if (!found.gone.empty() || is_made(found.shown) || patience.is_over()) return found;
    sys::Patience(milliseconds(20)).wait({});
  }
}

}  // namespace squall::change
