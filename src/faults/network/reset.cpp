// network.reset: connections are torn, as when a firewall forgets them, a load balancer moves a
// service, or a peer was restarted.
//
// The kernel is asked to end them (SOCK_DESTROY): at once, at both ends, and without a rule that
// could stay. Who connects anew gets through.
#include "faults/needs.h"
#include "faults/packet_place.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Reset : PacketPlace {
  Reset() { protocol = sys::NftProtocol::tcp; }
};

const param::Table<Reset> table{with_peers<Reset>({})};

constexpr KernelVersion connections_are_ended{4, 5};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  sys::Need right{.what = "the right to end connections of others (CAP_NET_ADMIN)",
                  .met = host.may_administer_network};
  if (!right.met) right.reason = "this user lacks CAP_NET_ADMIN; run squall with sudo";
  return {std::move(right),
          need_kernel(host, connections_are_ended, "ending TCP connections (SOCK_DESTROY)"),
          note("a kernel with CONFIG_INET_DIAG_DESTROY")};
}

Status check(const Reset& reset) {
  return check_packet_place(reset);
}

Wants wants(const Reset& reset) {
  return wants_of(reset);
}

Result<Strike> plan(const Reset& reset, const Facts& facts, const Choices&, std::uint64_t) {
  const std::string where = TRY(namespace_of(reset, facts));
  json::object watch = watch_request(reset, where, TRY(endpoint_of(reset)));
  watch.erase("protocol");
  return Strike{.changes = {{"tcp.reset",
                             {{"namespace", where},
                              {"peer", reset.peer},
                              {"local_port", reset.local_port},
                              {"remote_port", reset.port}}}},
                .watches = {{"network.reset", std::move(watch)}},
                .target = describe_place(reset, where)};
}

}  // namespace

extern const Kind kind_network_reset;
const Kind kind_network_reset = kind_of<Reset>({
    .name = "network.reset",
    .summary = "TCP connections of a peer or port are reset, in mid-transfer if need be.",
    .mechanism =
        "The connections of the moment are listed (sock_diag) and ended by the kernel one by one "
        "(SOCK_DESTROY). The side on this host gets \"connection aborted\" at its next call, the "
        "other side a TCP reset. Nothing is set up that could stay.",
    .undo = "Nothing is undone: clients must connect again, which nothing hinders. If squall dies "
            "meanwhile, some of the connections were reset and the others go on.",
    .limits =
        "Connections that begin afterwards are left alone; repeat the fault, or use network.block, "
        "to keep clients away. It acts on a whole network namespace, as network.block does. "
        "Connections that only pass through this host (routers, bridged containers) are ended "
        "inside the container's own namespace. The witness holds a connection of its own to the "
        "endpoint, which is reset with the others.",
    .lasting = Lasting::instant,
    .irreversible = "a connection that was reset is gone, with what was under way on it",
    .example = R"({"peer": "10.0.0.5", "port": 5432})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
