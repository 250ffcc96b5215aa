// container.disconnect: the container runs on but has lost a network, as after a wrong firewall
// rule, a broken overlay or a deploy that forgot to attach it.
#include "core/text.h"
#include "faults/containers.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Disconnect : Container {
  std::string network;
};

const param::Table<Disconnect> table = container_table<Disconnect>({param::field(
    "network", &Disconnect::network,
    {.about = "Its name, as \"docker network ls\" shows it. May be left out where the container "
              "has only one."})});

Status check(const Disconnect& disconnect) {
  TRY_VOID(check_container(disconnect));
  if (disconnect.network.find_first_of(std::string_view("/?#% \t\n\0", 8)) == std::string::npos) {
    return ok();
  }
  return error(Code::invalid,
               "network: " + quote(disconnect.network) + " is not the name of a network",
               "name it as \"docker network ls\" does");
}

Wants wants(const Disconnect&) {
  return {};
}

Result<Strike> plan(const Disconnect& disconnect, const Facts&, const Choices&, std::uint64_t) {
  json::object request = identity(disconnect);
  Strike strike{.target = describe(disconnect)};
  strike.watches.push_back({"container.disconnected", request});
  request["network"] = disconnect.network;
  strike.changes.push_back({"container.network", std::move(request)});
  return strike;
}

}  // namespace

extern const Kind kind_container_disconnect;
const Kind kind_container_disconnect = kind_of<Disconnect>({
    .name = "container.disconnect",
    .summary = "The container runs on without one of its networks: nobody reaches it there, and it "
               "reaches nobody.",
    .mechanism =
        "The container's daemon is told to disconnect it (POST /networks/NAME/disconnect): the "
        "interface is taken out of the container, and its name and aliases out of the network's "
        "DNS. Connections over it hang rather than fail on the other side; inside, the network is "
        "unreachable at once.",
    .undo =
        "The daemon is told to connect it again with the same aliases, links, driver options and "
        "chosen address. The order is in the journal beforehand: if squall dies, the guardian, its "
        "twin or the next start of squall gives it. A container that somebody connected meanwhile "
        "is left as it is; one that was removed, or whose network was, is gone.",
    .limits =
        "An address that nobody chose is chosen anew by the daemon: the same one unless somebody "
        "took it meanwhile, and the undo says when it is another. A hardware address that was set "
        "by hand is not given again, and with several networks the interfaces may change their "
        "order. Connections that were open are not brought back. The networks `host` and `none` "
        "cannot be taken from a container.",
    .example = R"({"container": "web", "network": "front"})",
    .table = &table,
    .needs = container_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
