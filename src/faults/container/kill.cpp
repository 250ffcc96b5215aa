// container.kill: the main process of the container dies at once, as in a crash, and the restart
// policy of the container does what it does after a crash.
#include "faults/containers.h"
#include "faults/signals.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Kill : Container {
  std::string signal = "KILL";
};

const param::Table<Kill> table = container_table<Kill>({param::field(
    "signal", &Kill::signal,
    {.about = "The signal sent. A main process is process 1 of its container: it gets only KILL "
              "and those signals that it has a handler for."})});

Status check(const Kill& kill) {
  TRY_VOID(check_container(kill));
  return check_ending_signal(kill.signal, "container",
                             "to let it stand still for a time use container.pause");
}

Wants wants(const Kill&) {
  return {};
}

Result<Strike> plan(const Kill& kill, const Facts&, const Choices&, std::uint64_t) {
  json::object request = identity(kill);
  Strike strike{.target = describe(kill)};
  strike.watches.push_back({"container.ended", request});
  request["act"] = "kill";
  request["signal"] = TRY(sys::parse_signal(kill.signal));
  strike.changes.push_back({"container.act", std::move(request)});
  return strike;
}

}  // namespace

extern const Kind kind_container_kill;
const Kind kind_container_kill = kind_of<Kill>({
    .name = "container.kill",
    .summary = "The container crashes, and its restart policy starts it again or does not.",
    .mechanism =
        "The signal goes to the main process of the container by its process descriptor; with it "
        "the kernel ends all others of its pid namespace. The daemon is only asked which process "
        "that is, and not told to kill: `docker kill` counts as wanted and suppresses the restart "
        "policy, a crash does not.",
    .undo = "Nothing is undone by squall: whether the container is started again is up to its "
            "restart policy, which is what is tested.",
    .limits =
        "A signal other than KILL ends a container when it likes, or never where its main process "
        "has no handler: then the run is invalid. The restart policy `on-failure` sees an exit "
        "code of 128 plus the signal. A daemon doubles the pause before each restart (from 100 ms) "
        "until the container has run for 10 s. A container started with --rm is removed. The "
        "rules of published ports are written anew by the daemon with each start: if their order "
        "among those of other containers changes, the run says that the host is not as before.",
    .lasting = Lasting::instant,
    .irreversible = "processes that ended cannot be brought back, only started anew",
    .example = R"({"container": "web"})",
    .table = &table,
    .needs = container_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
