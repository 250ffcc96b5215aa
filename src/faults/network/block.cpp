// network.block: packets do not arrive, as with a wrong firewall rule, a dead switch or a
// partition.
//
// Rules stand in an nftables table that belongs to the holder's netlink socket (owner table): when
// the holder ends, however it ends, the kernel removes the table. `drop` is silence, so clients run
// into their timeouts; `reject` answers, so clients fail at once.
//
// The hard part is the proof: the witness makes real connections to an endpoint, which therefore
// must lie within the block; coverage.h tells whether it does and what a client there must see.
#include <fmt/core.h>

#include "faults/packet_place.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

using Action = sys::NftAction;

struct Block : PacketPlace {
  Action action = Action::drop;
};

const param::Table<Block> table{with_packets<Block>({
    param::choice("action", &Block::action, {{"drop", Action::drop}, {"reject", Action::reject}},
                  "drop: silence, clients time out; reject: an answer, clients fail at once."),
})};

Status check(const Block& block) {
  return check_packet_place(block);
}

Wants wants(const Block& block) {
  return wants_of(block);
}

Result<Strike> plan(const Block& block, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  const std::string where = TRY(namespace_of(block, facts));
  const Endpoint endpoint = TRY(endpoint_of(block));
  json::object rule = rule_request(block);
  rule["action"] = block.action == Action::drop ? "drop" : "reject";
  // A rejected reply leaves the client without any answer: to it, that is silence.
  const bool refused = block.action == Action::reject && coverage_of(block, endpoint).request;
  json::object watch = watch_request(block, where, endpoint);
  watch["expects"] = refused ? "reject" : "drop";
  sys::NftRule meant = rule_of(block);
  meant.action = block.action;
  const std::string words = sys::describe(meant);
  return Strike{
      .changes = {{"nft.table", packet_request(where, std::move(rule), choices, ordinal)}},
      .watches = {{"network.blocked", std::move(watch)}},
      .target =
          fmt::format("{} ({})", describe_place(block, where), words.substr(0, words.find(',')))};
}

}  // namespace

extern const Kind kind_network_block;
const Kind kind_network_block = kind_of<Block>({
    .name = "network.block",
    .summary = "Packets of a peer or port do not pass: connections hang (drop) or fail (reject).",
    .mechanism =
        "Rules in an nftables table of their own, in the victim's network namespace. Established "
        "connections are met like new ones. `drop` gives silence, and TCP clients wait for their "
        "timeouts; `reject` gives a TCP reset or an ICMP answer, and clients fail at once.",
    .undo = "The table belongs to a netlink socket of a holder process (owner table). Closing it "
            "removes all rules; if squall dies, the kernel closes it and removes them at once. "
            "Nothing is left in the rule set.",
    .limits =
        "It acts on a whole network namespace: `process` blocks everything that shares the "
        "namespace of that process, which on a plain host is everything. Forwarded traffic "
        "(routers, bridged containers) is met only inside the container's own namespace. With "
        "`reject` in one direction only, the client of a rejected reply sees silence. The "
        "witness really connects, many times a second, and hangs up at once: the service may "
        "log that. For UDP it needs an endpoint which answers any datagram.",
    .example = R"({"action": "drop", "peer": "10.0.0.5", "port": 6379, "direction": "out"})",
    .table = &table,
    .needs = packet_filter_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
