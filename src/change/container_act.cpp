// container.act: a container is killed, or restarted by its daemon.
//
// Irreversible: processes that ended cannot be brought back, only started anew.
//
// A kill goes to the main process itself, by a descriptor that is certain to mean it, and not
// through the daemon: for a daemon an end that it was told to make is wanted, and it forgets the
// restart policy. So its end is a crash, and the policy does what it does after a crash.
#include <csignal>

#include <fmt/core.h>

#include "change/containers.h"
#include "change/services.h"
#include "change/typed.h"
#include "sys/process.h"

namespace squall::change {
namespace {

enum class Act { kill, restart };

struct ContainerAct : Container {
  Act act = Act::kill;
  std::int64_t signal = SIGKILL;
  Duration grace = seconds(2);
};

param::Table<ContainerAct> make_table() {
  std::vector<param::Field<ContainerAct>> fields = container_fields<ContainerAct>();
  fields.push_back(param::choice("act", &ContainerAct::act,
                                 {{"kill", Act::kill}, {"restart", Act::restart}},
                                 "What is done."));
  fields.push_back(param::field("signal", &ContainerAct::signal,
                                {.about = "For kill: its number.", .min = 1, .max = 64}));
  fields.push_back(param::field("grace", &ContainerAct::grace,
                                {.about = "For restart: how long it may take to end by itself.",
                                 .min = Duration{},
                                 .max = seconds(5)}));
  return {std::move(fields)};
}
const param::Table<ContainerAct> table = make_table();

// What the daemon itself may take beside the grace: an end and a start.
constexpr Duration order_limit = seconds(5);

Result<Footprint> footprint(const ContainerAct& params) {
  return container_footprint(TRY(show_container(params, params.container)), "activity");
}

Result<json::object> capture(const ContainerAct& params) {
  const json::object shown = TRY(show_container(params, params.container));
  TRY_VOID(container_footprint(shown, ""));
  TRY_VOID(check_is_running(params, shown));
  if (bool_at(shown, "removes_itself") && params.act == Act::restart) {
    return error(Code::refused,
                 fmt::format("{} would be removed when it stops (--rm)", params.describe()),
                 "use container.kill, or start it without --rm");
  }
  json::object before = identity_of(params, shown);
  const sys::ProcessId main = processes_of(shown).front();
  before["pid"] = main.pid;
  before["start_ticks"] = static_cast<std::int64_t>(main.start_ticks);
  return before;
}

Result<json::object> apply(const ContainerAct& params, const json::object& before) {
  if (params.act == Act::restart) {
    TRY_VOID(act_on_container(params, text_at(before, "id"), "restart",
                              {{"grace", render(params.grace)}}, params.grace + order_limit));
    return json::object{};
  }
  const sys::Fd main = TRY(sys::open_process(
      {integer_at(before, "pid"), static_cast<std::uint64_t>(integer_at(before, "start_ticks"))}));
  TRY_VOID(sys::send_signal(main, static_cast<int>(params.signal)));
  return json::object{};
}

std::string describe(const ContainerAct& params) {
  if (params.act == Act::restart) return "restart " + params.describe();
  return fmt::format("send {} to the main process of {}",
                     sys::signal_name(static_cast<int>(params.signal)), params.describe());
}

std::string undo(const ContainerAct&) {
  return "cannot be undone: processes that ended cannot be brought back; the daemon starts the "
         "container anew, or does not";
}

}  // namespace

extern const Kind kind_container_act;
const Kind kind_container_act = make_kind<ContainerAct>({
    .name = "container.act",
    .about = "A container is killed, or restarted by its daemon.",
    .keeping = Keeping::irreversible,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
