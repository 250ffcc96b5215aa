// service.act: a service is killed or restarted by its manager.
//
// Irreversible: processes that ended cannot be brought back. Whether new ones are started after a
// kill is the manager's affair; that is what is tested.
#include <csignal>

#include <fmt/core.h>

#include "change/services.h"
#include "change/typed.h"
#include "core/text.h"

namespace squall::change {
namespace {

enum class Act { kill, restart };

struct ServiceAct : Service {
  Act act = Act::kill;
  std::int64_t signal = SIGKILL;
  bool main_only = false;
  std::string after;
  Duration limit = seconds(2);

  std::string_view verb() const { return act == Act::kill ? "kill" : "restart"; }
};

param::Table<ServiceAct> make_table() {
  std::vector<param::Field<ServiceAct>> fields = service_fields<ServiceAct>();
  fields.push_back(param::choice(
      "act", &ServiceAct::act, {{"kill", Act::kill}, {"restart", Act::restart}}, "What is done."));
  fields.push_back(param::field("signal", &ServiceAct::signal,
                                {.about = "For kill: its number.", .min = 1, .max = 64}));
  fields.push_back(param::field("main_only", &ServiceAct::main_only,
                                {.about = "For kill: only the main process."}));
  fields.push_back(param::field(
      "after", &ServiceAct::after,
      {.about = "A unit of the same manager that must run before; waited for within the limit."}));
  fields.push_back(param::field(
      "limit", &ServiceAct::limit,
      {.about = "How long it may take.", .min = milliseconds(100), .max = seconds(10)}));
  return {std::move(fields)};
}
const param::Table<ServiceAct> table = make_table();

Result<Footprint> footprint(const ServiceAct& params) {
  TRY_VOID(check_may_touch(params));
  return Footprint {
    .processes = processes_of(TRY(show_service(params, params.verb())))
  };
}

Result<json::object> capture(const ServiceAct& params) {
  const json::object shown = TRY(show_service(params));
  if (params.act == Act::kill && processes_of(shown).empty()) {
    return error(Code::not_found,
                 fmt::format("{} has no process to kill: it is {}", params.describe(),
                             text_at(shown, "detail")),
                 "start it first: a drill begins with a healthy target");
  }
  return json::object{{"detail", text_at(shown, "detail")}};
}

Result<json::object> apply(const ServiceAct& params, const json::object&) {
  json::object more{{"after", params.after}};
  if (params.act == Act::kill) {
    more["signal"] = params.signal;
    more["main_only"] = params.main_only;
  }
  TRY_VOID(act_on_service(params, params.verb(), std::move(more), params.limit));
  return json::object{};
}

std::string describe(const ServiceAct& params) {
  if (params.act == Act::restart) return "restart " + params.describe();
  return fmt::format("send {} to {} of {}", sys::signal_name(static_cast<int>(params.signal)),
                     params.main_only ? "the main process" : "every process", params.describe());
}

std::string undo(const ServiceAct&) {
  return "cannot be undone: processes that ended cannot be brought back; the manager starts new "
         "ones, or does not";
}

}  // namespace

extern const Kind kind_service_act;
const Kind kind_service_act = make_kind<ServiceAct>({
    .name = "service.act",
    .about = "A service is killed or restarted by its manager.",
    .keeping = Keeping::irreversible,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
