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

#include "core/text.h"
#include "faults/coverage.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/selector_codec.h"
#include "sys/nft.h"

namespace squall::fault {
namespace {

using Action = sys::NftAction;
using Direction = sys::NftDirection;
using Protocol = sys::NftProtocol;

struct Block {
  Action action = Action::drop;
  Direction direction = Direction::both;
  Protocol protocol = Protocol::any;
  std::string peer;
  std::int64_t port = 0;
  std::int64_t local_port = 0;
  std::string network_namespace;
  Selector process;
  std::string witness;
  std::string witness_namespace;
};

const param::Table<Block> table{{
    param::choice("action", &Block::action, {{"drop", Action::drop}, {"reject", Action::reject}},
                  "drop: silence, clients time out; reject: an answer, clients fail at once."),
    param::choice("direction", &Block::direction,
                  {{"in", Direction::in}, {"out", Direction::out}, {"both", Direction::both}},
                  "Which packets, seen from the victim."),
    param::choice("protocol", &Block::protocol,
                  {{"any", Protocol::any}, {"tcp", Protocol::tcp}, {"udp", Protocol::udp}},
                  "Which protocol."),
    param::field("peer", &Block::peer,
                 {.about = "Address or network of the other side; empty means everybody."}),
    param::field("port", &Block::port,
                 {.about = "Port on the peer's side (the victim is the client); 0 means any.",
                  .min = 0,
                  .max = 65535}),
    param::field("local_port", &Block::local_port,
                 {.about = "Port on the victim's side (the victim is the server); 0 means any.",
                  .min = 0,
                  .max = 65535}),
    param::field("namespace", &Block::network_namespace,
                 {.about = "Path of the victim's network namespace: /run/netns/NAME or "
                           "/proc/PID/ns/net. Empty means the host's."}),
    param::field("process", &Block::process,
                 {.about = "Block the network namespace in which this one process lives."}),
    param::field(
        "witness", &Block::witness,
        {.about = "address:port at which something answers now and must not while blocked. "
                  "Default: peer:port, or 127.0.0.1:local_port."}),
    param::field(
        "witness_namespace", &Block::witness_namespace,
        {.about = "Network namespace from which the witness connects; default the victim's."}),
}};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  sys::Need tables{.what = "nftables in the kernel", .met = host.has_nf_tables};
  if (!tables.met) {
    tables.reason = "the kernel answers no nf_tables request; load the module nf_tables";
  }
  sys::Need right{.what = "the right to change packet filters (CAP_NET_ADMIN)",
                  .met = host.may_administer_network};
  if (!right.met) right.reason = "this user lacks CAP_NET_ADMIN; run squall with sudo";
  return {std::move(tables), std::move(right), need_kernel(host, {5, 12}, "nftables owner tables")};
}

sys::NftRule rule_of(const Block& block) {
  sys::NftRule rule{.action = block.action,
                    .direction = block.direction,
                    .protocol = block.protocol,
                    .peer = block.peer};
  if (block.port != 0) rule.remote_port = static_cast<std::uint16_t>(block.port);
  if (block.local_port != 0) rule.local_port = static_cast<std::uint16_t>(block.local_port);
  return rule;
}

Result<Endpoint> endpoint_of(const Block& block) {
  if (!block.witness.empty()) {
    return TRY(parse_endpoint(block.witness), "witness");
  }
  if (is_one_address(block.peer) && block.port != 0) return Endpoint{block.peer, block.port};
  if (block.peer.empty() && block.local_port != 0) return Endpoint{"127.0.0.1", block.local_port};
  return error(Code::invalid, "nothing says where the block could be seen",
               "add witness: \"address:port\", an endpoint within the block at which something "
               "answers; or give peer and port, or local_port alone");
}

Coverage coverage_of(const Block& block, const Endpoint& endpoint) {
  return coverage(rule_of(block), endpoint, block.witness_namespace.empty());
}

Status check_witness(const Block& block) {
  const Endpoint endpoint = TRY(endpoint_of(block));
  const bool talks_to_another =
      is_one_address(block.peer) && block.witness_namespace.empty() && endpoint.host != block.peer;
  if (coverage_of(block, endpoint).any() && !talks_to_another) return ok();
  return error(Code::invalid,
               fmt::format("witness: a connection to {}:{} would not meet the block",
                           printable(endpoint.host), endpoint.port),
               "name an endpoint whose address and port the block covers; for traffic that only "
               "arrives from the peer, give witness_namespace, where the witness then stands");
}

Status check(const Block& block) {
  TRY_VOID(sys::check_rule(rule_of(block)));
  if (!block.network_namespace.empty() && !block.process.empty()) {
    return error(Code::invalid, "namespace and process are both given", "leave one of them out");
  }
  if (block.port != 0 && block.local_port != 0) {
    return error(Code::invalid, "port and local_port together match only one fixed pair of ports",
                 "give `port` where the victim is the client, `local_port` where it is the server");
  }
  const bool everything = block.peer.empty() && block.port == 0 && block.local_port == 0;
  if (everything && block.network_namespace.empty() && block.process.empty()) {
    return error(Code::refused, "this would cut the host off from everything, yourself included",
                 "name a peer, a port or a local_port, or a namespace to cut off");
  }
  return check_witness(block);
}

Wants wants(const Block& block) {
  if (block.process.empty()) return {};
  return {.victims = block.process};
}

Result<std::string> namespace_of(const Block& block, const Facts& facts) {
  if (block.process.empty()) return block.network_namespace;
  TRY_VOID(require_victims(facts, block.process));
  if (facts.victims.size() > 1) {
    return error(Code::invalid,
                 fmt::format("process: {} match, and one is needed to say which namespace is meant",
                             describe(facts.victims)),
                 "add pick: one to the selector");
  }
  return fmt::format("/proc/{}/ns/net", facts.victims.front().id.pid);
}

// "local port 6379 in /run/netns/blue (reject tcp in and out)"
std::string target_of(const Block& block, const std::string& where) {
  std::vector<std::string> parts;
  if (!block.peer.empty()) parts.push_back("peer " + printable(block.peer));
  if (block.port != 0) parts.push_back(fmt::format("remote port {}", block.port));
  if (block.local_port != 0) parts.push_back(fmt::format("local port {}", block.local_port));
  const std::string rule = sys::describe(rule_of(block));
  return fmt::format("{} in {} ({})", parts.empty() ? "everything" : join(parts, ", "),
                     where.empty() ? "the host's network namespace" : printable(where),
                     rule.substr(0, rule.find(',')));
}

Result<Strike> plan(const Block& block, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  const std::string where = TRY(namespace_of(block, facts));
  const Endpoint endpoint = TRY(endpoint_of(block));
  const json::object params = table.to_json(block);
  json::object rule{{"remote_port", block.port}};
  for (const std::string_view name : {"direction", "action", "peer", "local_port", "protocol"}) {
    rule[name] = params.at(name);
  }
  json::object request{
      {"name", fmt::format("squall_{:08x}", choices.bits("", "table", ordinal) & 0xFFFFFFFFU)},
      {"namespace", where},
      {"rules", json::array{std::move(rule)}}};
  // A rejected reply leaves the client without any answer: to it, that is silence.
  const bool refused = block.action == Action::reject && coverage_of(block, endpoint).request;
  json::object watch{
      {"host", endpoint.host},
      {"port", endpoint.port},
      {"namespace", block.witness_namespace.empty() ? where : block.witness_namespace},
      {"protocol", block.protocol == Protocol::udp ? "udp" : "tcp"},
      {"expects", refused ? "reject" : "drop"}};
  return Strike{.changes = {{"nft.table", std::move(request)}},
                .watches = {{"network.blocked", std::move(watch)}},
                .target = target_of(block, where)};
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
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
