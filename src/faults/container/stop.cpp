// container.stop: the container is down although nothing crashed, as after a wrong command, a
// failed deploy or a node that is drained.
#include "faults/containers.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Stop : Container {
  Duration grace = seconds(2);
};

const param::Table<Stop> table = container_table<Stop>(
    {param::field("grace", &Stop::grace,
                  {.about = "How long it may take to end by itself after its stop signal, in whole "
                            "seconds; then it is killed. A fault that lasts shorter than that is "
                            "over before it began.",
                   .min = Duration{},
                   .max = seconds(5)})});

Status check(const Stop& stop) {
  TRY_VOID(check_container(stop));
  return check_grace(stop.grace);
}

Wants wants(const Stop&) {
  return {};
}

Result<Strike> plan(const Stop& stop, const Facts&, const Choices&, std::uint64_t) {
  json::object state = identity(stop);
  state["state"] = "stopped";
  Strike strike{.target = describe(stop)};
  strike.watches.push_back({"container.state", state});
  state["grace"] = render(stop.grace);
  strike.changes.push_back({"container.state", std::move(state)});
  return strike;
}

}  // namespace

extern const Kind kind_container_stop;
const Kind kind_container_stop = kind_of<Stop>({
    .name = "container.stop",
    .summary = "The container is stopped in good order and stays down until the fault ends.",
    .mechanism =
        "The container's daemon is told to stop it (POST /containers/NAME/stop): it gets its own "
        "stop signal, and when its grace is over SIGKILL. The daemon takes this for wanted, so no "
        "restart policy brings it back.",
    .undo =
        "The daemon is told to start it again. The order is in the journal beforehand: if squall "
        "dies, even while the container is on its way down, the guardian, its twin or the next "
        "start of squall gives it. A container that somebody started meanwhile is left running; "
        "one that was removed is gone.",
    .limits =
        "What a stop takes from a container does not come back: its memory, what it wrote to a "
        "tmpfs, `docker exec` sessions, and, where the network gave it no fixed address and "
        "somebody else took the old one meanwhile, its address. The rules of "
        "published ports are written anew by the daemon: if their order among those of other "
        "containers changes, the run says that the host is not as before. A container that is "
        "removed when it stops (--rm) is refused. After a crash of squall in the middle of a stop "
        "the undo "
        "takes up to `grace` longer, because a daemon goes on with an order that nobody waits "
        "for.",
    .example = R"({"container": "web", "grace": "1 s"})",
    .table = &table,
    .needs = container_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
