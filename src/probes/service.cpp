// service: asks a service manager how one of its services is.
//
// What the manager believes and what a client sees may differ; that difference is often what a
// drill is about. So this probe says nothing of whether the service answers.
#include "net/service_view.h"
#include "probes/typed.h"

namespace squall::probe {
namespace {

enum class Manager { systemd, runit, s6, supervisor };

struct Service {
  std::string unit;
  Manager manager = Manager::systemd;
  std::string control;
};

const param::Table<Service> table{{
    param::field(
        "unit", &Service::unit,
        {.about = "The service as its manager names it: redis.service.", .required = true}),
    param::choice("manager", &Service::manager,
                  {{"systemd", Manager::systemd},
                   {"runit", Manager::runit},
                   {"s6", Manager::s6},
                   {"supervisor", Manager::supervisor}},
                  "Who keeps the service running."),
    param::field("control", &Service::control,
                 {.about = "How the manager is reached when it is not where it usually is: the "
                           "socket of systemd's bus or of supervisor, the folder that holds the "
                           "services of runit or s6."}),
}};

std::string manager_name(Manager manager) {
  static constexpr std::array<const char*, 4> names = {"systemd", "runit", "s6", "supervisor"};
  return names.at(static_cast<std::size_t>(manager));
}

std::string word_of(net::ServiceSight::Phase phase) {
  static constexpr std::array<const char*, 4> words = {"running", "down", "failed", "changing"};
  return words.at(static_cast<std::size_t>(phase));
}

Sample take(const Service& wanted, sys::Patience& patience) {
  const net::ServicePlace place{
      .manager = manager_name(wanted.manager), .control = wanted.control, .unit = wanted.unit};
  Sample sample;
  Result<std::unique_ptr<net::ServiceView>> view = net::ServiceView::open(place, patience.left());
  const Result<net::ServiceSight> sight =
      view.ok() ? (*view)->look() : Result<net::ServiceSight>(std::move(view).error());
  if (patience.is_stopped()) {
    sample.problem = "a stop was asked for";
    return sample;
  }
  sample.values["reached"] = sight.ok();
  if (!sight.ok()) {
    sample.problem = sight.error().render();
    return sample;
  }
  sample.values["state"] = word_of(sight->phase);
  sample.values["restarts"] = sight->restarts;
  sample.values["main_pid"] = sight->main_pid;
  sample.values["masked"] = sight->is_masked;
  sample.values["frozen"] = sight->is_frozen;
  return sample;
}

}  // namespace

extern const Kind kind_service;
const Kind kind_service = kind_of<Service>({
    .name = "service",
    .about = "Asks a service manager how one of its services is.",
    .limits =
        "A connection of its own for each look. What the manager takes for running may still be "
        "deaf: ask the service itself as well. Restarts are counted by systemd alone.",
    .example = R"({"service": {"unit": "redis.service"},
                   "expect": {"state": "running", "restarts": "< 3"}})",
    .table = &table,
    .values = {{"state", "text", "running, down, failed, or changing between two of these."},
               {"restarts", "whole number",
                "How often systemd has restarted it by itself since somebody last started it."},
               {"main_pid", "whole number", "Its main process; 0 when there is none."},
               {"masked", "yes or no", "Whether nobody can start it."},
               {"frozen", "yes or no", "Whether it stands still as a whole."}},
    .reached = "Whether the manager answered and knows the service.",
    .take = take,
});

}  // namespace squall::probe
