// network.partition: the victim and some of its peers no longer reach each other, both ways or only
// one, while everybody else reaches both.
//
// One rule for each peer in an nftables owner table of the victim's network namespace, as in
// network.block. Half a partition is the harder one for those who elect a leader: one side hears
// the other and is not heard.
#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/packet_place.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

using Direction = sys::NftDirection;

struct Partition {
  std::vector<std::string> peers;
  Direction direction = Direction::both;
  std::string network_namespace;
  Selector process;
  std::vector<std::string> witness;
};

const param::Table<Partition> table{{
    param::field("peers", &Partition::peers,
                 {.about = "Addresses or networks of the other side.", .required = true}),
    param::choice("direction", &Partition::direction,
                  {{"in", Direction::in}, {"out", Direction::out}, {"both", Direction::both}},
                  "both: neither hears the other; in: the victim does not hear its peers; out: its "
                  "peers do not hear it."),
    param::field("namespace", &Partition::network_namespace,
                 {.about = "Path of the victim's network namespace: /run/netns/NAME or "
                           "/proc/PID/ns/net. Empty means the host's."}),
    param::field("process", &Partition::process,
                 {.about = "The network namespace in which this one process lives."}),
    param::field("witness", &Partition::witness,
                 {.about = "address:port of one or more peers, at which something answers now and "
                           "must not while they are cut off.",
                  .required = true}),
}};

// The same place as that of a block of one peer.
PacketPlace place_of(const Partition& partition, const std::string& peer) {
  PacketPlace place;
  place.direction = partition.direction;
  place.peer = peer;
  place.network_namespace = partition.network_namespace;
  place.process = partition.process;
  return place;
}

Status check_endpoint(const Partition& partition, const std::string& text) {
  const Endpoint endpoint = TRY(parse_endpoint(text), "witness");
  const bool is_a_peer = std::any_of(
      partition.peers.begin(), partition.peers.end(),
      [&](const std::string& peer) { return !is_one_address(peer) || peer == endpoint.host; });
  if (is_a_peer) return ok();
  return error(Code::invalid, fmt::format("witness: {} is none of the peers", quote(endpoint.host)),
               "name an endpoint of one of them");
}

Status check(const Partition& partition) {
  if (partition.peers.empty() || partition.witness.empty()) {
    return error(Code::invalid, "a partition has peers, and a witness that tries to reach them",
                 "name at least one of each");
  }
  for (const std::string& text : partition.witness) {
    TRY_VOID(check_endpoint(partition, text));
    for (const std::string& peer : partition.peers) {
      if (peer.empty()) {
        return error(Code::invalid, "peers: one of them is empty",
                     "write an address or a network such as 10.1.0.0/16");
      }
      PacketPlace place = place_of(partition, peer);
      const Endpoint endpoint = TRY(parse_endpoint(text));
      place.witness =
          fmt::format("[{}]:{}", is_one_address(peer) ? peer : endpoint.host, endpoint.port);
      TRY_VOID(check_packet_place(place));
    }
  }
  return ok();
}

Wants wants(const Partition& partition) {
  return wants_of(place_of(partition, ""));
}

Result<Strike> plan(const Partition& partition, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  const std::string where = TRY(namespace_of(place_of(partition, ""), facts));
  json::array rules;
  for (const std::string& peer : partition.peers) {
    json::object rule = rule_request(place_of(partition, peer));
    rule["action"] = "drop";
    rules.push_back(std::move(rule));
  }
  json::object request = packet_request(where, {}, choices, ordinal);
  request["rules"] = std::move(rules);
  Strike strike{.changes = {{"nft.table", std::move(request)}}};
  for (const std::string& text : partition.witness) {
    const PacketPlace place = place_of(partition, partition.peers.front());
    json::object watch = watch_request(place, where, TRY(parse_endpoint(text)));
    watch["expects"] = "drop";
    strike.watches.push_back({"network.blocked", std::move(watch)});
  }
  std::vector<std::string> names;
  for (const std::string& peer : partition.peers) names.push_back(printable(peer));
  constexpr std::array words{"which it does not hear", "which do not hear it", "both ways"};
  strike.target = fmt::format(
      "{} and {}, {}", where.empty() ? "the host's network namespace" : printable(where),
      list_words(names, "and"), words.at(static_cast<std::size_t>(partition.direction)));
  return strike;
}

}  // namespace

extern const Kind kind_network_partition;
const Kind kind_network_partition = kind_of<Partition>({
    .name = "network.partition",
    .summary = "The victim and some of its peers no longer reach each other, or only one way.",
    .mechanism =
        "One rule for each peer in an nftables table of their own, in the victim's network "
        "namespace: packets vanish without an answer, and established connections stall like new "
        "ones fail. All rules are made in one transaction, so the parts separate at one instant.",
    .undo = "The table belongs to a netlink socket of a holder process (owner table). Closing it "
            "removes all rules; if squall dies, the kernel closes it and removes them at once. "
            "Nothing is left in the rule set.",
    .limits =
        "It acts on a whole network namespace, as network.block does; one side of a partition is "
        "one namespace. What the victim and its peers tell each other through third parties "
        "passes. The witness really connects to the peers, from the victim's namespace, many times "
        "a second; with direction in, they see half-open connections.",
    .example = R"({"peers": ["10.0.0.5", "10.0.0.6"], "witness": ["10.0.0.5:6379"]})",
    .table = &table,
    .needs = packet_filter_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
