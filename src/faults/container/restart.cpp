// container.restart: the container is restarted in the middle of its work, as by a deploy or an
// impatient administrator.
#include "faults/containers.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Restart : Container {
  Duration grace = seconds(2);
};

const param::Table<Restart> table = container_table<Restart>(
    {param::field("grace", &Restart::grace,
                  {.about = "How long it may take to end by itself after its stop signal, in whole "
                            "seconds; then it is killed.",
                   .min = Duration{},
                   .max = seconds(5)})});

Status check(const Restart& restart) {
  TRY_VOID(check_container(restart));
  return check_grace(restart.grace);
}

Wants wants(const Restart&) {
  return {};
}

Result<Strike> plan(const Restart& restart, const Facts&, const Choices&, std::uint64_t) {
  json::object request = identity(restart);
  Strike strike{.target = describe(restart)};
  strike.watches.push_back({"container.restarted", request});
  request["act"] = "restart";
  request["grace"] = render(restart.grace);
  strike.changes.push_back({"container.act", std::move(request)});
  return strike;
}

}  // namespace

extern const Kind kind_container_restart;
const Kind kind_container_restart = kind_of<Restart>({
    .name = "container.restart",
    .summary = "The container is stopped and started again in one step.",
    .mechanism =
        "The container's daemon is told to restart it (POST /containers/NAME/restart): it gets its "
        "own stop signal, when its grace is over SIGKILL, and is started anew with the same "
        "filesystem and settings.",
    .undo = "Nothing is undone by squall: the new processes are the daemon's own. A daemon goes on "
            "with a restart that nobody waits for, so the container comes back if squall dies in "
            "between.",
    .limits =
        "What a stop takes from a container does not come back: its memory, what it wrote to a "
        "tmpfs, and, where the network gave it no fixed address and somebody else took the old "
        "one, its address. The rules of published ports are written anew by the daemon: if their "
        "order "
        "among those of other containers changes, the run says that the host is not as before. If "
        "the daemon itself dies between the stop and the start, nobody "
        "starts the container but its restart policy. One started with --rm is refused.",
    .lasting = Lasting::instant,
    .irreversible = "the processes that ended cannot be brought back; new ones take their place",
    .example = R"({"container": "web", "grace": "1 s"})",
    .table = &table,
    .needs = container_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
