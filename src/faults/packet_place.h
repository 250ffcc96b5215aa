// What the faults of packets share: whose packets are meant, where that is, and where a connection
// of the witness meets them.
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include "faults/coverage.h"
#include "faults/fault.h"
#include "packets/treatment.h"
#include "param/selector_codec.h"
#include "sys/nft.h"

namespace squall::fault {

struct PacketPlace {
  sys::NftDirection direction = sys::NftDirection::both;
  sys::NftProtocol protocol = sys::NftProtocol::any;
  std::string peer;
  std::int64_t port = 0;
  std::int64_t local_port = 0;
  std::string network_namespace;
  Selector process;
  std::string witness;
  std::string witness_namespace;
};

// The fields that say whose packets are meant, behind those that say what is done.
template <std::derived_from<PacketPlace> P>
std::vector<param::Field<P>> with_peers(std::vector<param::Field<P>> fields) {
  const auto text = [](std::string_view name, std::string PacketPlace::*member,
                       std::string_view about) {
    return param::field(name, static_cast<std::string P::*>(member), {.about = about});
  };
  const auto port = [](std::string_view name, std::int64_t PacketPlace::*member,
                       std::string_view about) {
    return param::field(name, static_cast<std::int64_t P::*>(member),
                        {.about = about, .min = 0, .max = 65535});
  };
  for (param::Field<P>& one : std::vector<param::Field<P>>{
           text("peer", &PacketPlace::peer,
                "Address or network of the other side; empty means everybody."),
           port("port", &PacketPlace::port,
                "Port on the peer's side (the victim is the client); 0 means any."),
           port("local_port", &PacketPlace::local_port,
                "Port on the victim's side (the victim is the server); 0 means any."),
           text("namespace", &PacketPlace::network_namespace,
                "Path of the victim's network namespace: /run/netns/NAME or /proc/PID/ns/net. "
                "Empty means the host's."),
           param::field("process", static_cast<Selector P::*>(&PacketPlace::process),
                        {.about = "The network namespace in which this one process lives."}),
           text("witness", &PacketPlace::witness,
                "address:port at which something answers that the fault is about. Default: "
                "peer:port, or 127.0.0.1:local_port."),
           text("witness_namespace", &PacketPlace::witness_namespace,
                "Network namespace from which the witness connects; default the victim's.")}) {
    fields.push_back(std::move(one));
  }
  return fields;
}

// The same, and which of their packets.
template <std::derived_from<PacketPlace> P>
std::vector<param::Field<P>> with_packets(std::vector<param::Field<P>> fields) {
  using Direction = sys::NftDirection;
  using Protocol = sys::NftProtocol;
  fields.push_back(
      param::choice("direction", static_cast<Direction P::*>(&PacketPlace::direction),
                    {{"in", Direction::in}, {"out", Direction::out}, {"both", Direction::both}},
                    "Which packets, seen from the victim."));
  fields.push_back(param::choice(
      "protocol", static_cast<Protocol P::*>(&PacketPlace::protocol),
      {{"any", Protocol::any}, {"tcp", Protocol::tcp}, {"udp", Protocol::udp}}, "Which protocol."));
  return with_peers<P>(std::move(fields));
}

// nftables with owner tables, and the right to use them.
std::vector<sys::Need> packet_filter_needs(const sys::HostFacts& host);
// The same, and queues of packets.
std::vector<sys::Need> packet_queue_needs(const sys::HostFacts& host);

// Without an action.
sys::NftRule rule_of(const PacketPlace& place);
// Whether the place contradicts itself, means the whole host, or could not be seen by a witness.
Status check_packet_place(const PacketPlace& place);
Wants wants_of(const PacketPlace& place);
Result<Endpoint> endpoint_of(const PacketPlace& place);
// Which packets of the witness meet the fault; how often one round trip does.
Coverage coverage_of(const PacketPlace& place, const Endpoint& endpoint);
int crossings_of(const PacketPlace& place, const Endpoint& endpoint);
// The path of the namespace that is meant.
Result<std::string> namespace_of(const PacketPlace& place, const Facts& facts);

// The members of a rule as it travels, and of a change of packets that acts on it.
json::object rule_request(const PacketPlace& place);
json::object packet_request(const std::string& where, json::object rule, const Choices& choices,
                            std::uint64_t ordinal);
// host, port, namespace and protocol of a witness that connects.
json::object watch_request(const PacketPlace& place, const std::string& where,
                           const Endpoint& endpoint);
// "local port 6379 in /run/netns/blue"
std::string describe_place(const PacketPlace& place, const std::string& where);

// The whole strike of a fault that treats packets. `watch` is added to watch_request().
struct Treated {
  packets::Treatment treatment;
  std::string_view witness;
  json::object watch;
  Duration within;  // as of Watch
};
Result<Strike> plan_treatment(const PacketPlace& place, Treated treated, const Facts& facts,
                              const Choices& choices, std::uint64_t ordinal);

}  // namespace squall::fault
