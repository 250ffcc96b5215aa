#include "faults/packet_place.h"

#include <array>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "faults/victims.h"

namespace squall::fault {
namespace {

Status check_witness(const PacketPlace& place) {
  const Endpoint endpoint = TRY(endpoint_of(place));
  const bool talks_to_another =
      is_one_address(place.peer) && place.witness_namespace.empty() && endpoint.host != place.peer;
  if (coverage_of(place, endpoint).any() && !talks_to_another) return ok();
  return error(Code::invalid,
               fmt::format("witness: a connection to {}:{} would not meet the fault",
                           printable(endpoint.host), endpoint.port),
               "name an endpoint whose address and port the fault covers; for traffic that only "
               "arrives from the peer, give witness_namespace, where the witness then stands");
}

std::string_view word_of(sys::NftDirection direction) {
  constexpr std::array words{"in", "out", "both"};
  return words[static_cast<std::size_t>(direction)];
}

std::string_view word_of(sys::NftProtocol protocol) {
  constexpr std::array words{"any", "tcp", "udp"};
  return words[static_cast<std::size_t>(protocol)];
}

}  // namespace

std::vector<sys::Need> packet_filter_needs(const sys::HostFacts& host) {
  sys::Need tables{.what = "nftables in the kernel", .met = host.has_nf_tables};
  if (!tables.met) {
    tables.reason = "the kernel answers no nf_tables request; load the module nf_tables";
  }
  sys::Need right{.what = "the right to change packet filters (CAP_NET_ADMIN)",
                  .met = host.may_administer_network};
  if (!right.met) right.reason = "this user lacks CAP_NET_ADMIN; run squall with sudo";
  return {std::move(tables), std::move(right), need_kernel(host, {5, 12}, "nftables owner tables")};
}

std::vector<sys::Need> packet_queue_needs(const sys::HostFacts& host) {
  std::vector<sys::Need> needs = packet_filter_needs(host);
  needs.push_back(note("packet queues in the kernel (NFQUEUE)"));
  return needs;
}

sys::NftRule rule_of(const PacketPlace& place) {
  sys::NftRule rule{.direction = place.direction, .protocol = place.protocol, .peer = place.peer};
  if (place.port != 0) rule.remote_port = static_cast<std::uint16_t>(place.port);
  if (place.local_port != 0) rule.local_port = static_cast<std::uint16_t>(place.local_port);
  return rule;
}

Result<Endpoint> endpoint_of(const PacketPlace& place) {
  if (!place.witness.empty()) {
    return TRY(parse_endpoint(place.witness), "witness");
  }
  if (is_one_address(place.peer) && place.port != 0) return Endpoint{place.peer, place.port};
  if (place.peer.empty() && place.local_port != 0) return Endpoint{"127.0.0.1", place.local_port};
  return error(Code::invalid, "nothing says where the fault could be seen",
               "add witness: \"address:port\", an endpoint that the fault is about and at which "
               "something answers; or give peer and port, or local_port alone");
}

Coverage coverage_of(const PacketPlace& place, const Endpoint& endpoint) {
  return coverage(rule_of(place), endpoint, place.witness_namespace.empty());
}

int crossings_of(const PacketPlace& place, const Endpoint& endpoint) {
  const Coverage met = coverage_of(place, endpoint);
  return (met.request ? 1 : 0) + (met.reply ? 1 : 0);
}

Status check_packet_place(const PacketPlace& place) {
  TRY_VOID(sys::check_rule(rule_of(place)));
  if (!place.network_namespace.empty() && !place.process.empty()) {
    return error(Code::invalid, "namespace and process are both given", "leave one of them out");
  }
  if (place.port != 0 && place.local_port != 0) {
    return error(Code::invalid, "port and local_port together match only one fixed pair of ports",
                 "give `port` where the victim is the client, `local_port` where it is the server");
  }
  const bool everything = place.peer.empty() && place.port == 0 && place.local_port == 0;
  if (everything && place.network_namespace.empty() && place.process.empty()) {
    return error(Code::refused, "this would cut the host off from everything, yourself included",
                 "name a peer, a port or a local_port, or a namespace to cut off");
  }
  return check_witness(place);
}

Wants wants_of(const PacketPlace& place) {
  if (place.process.empty()) return {};
  return {.victims = place.process};
}

Result<std::string> namespace_of(const PacketPlace& place, const Facts& facts) {
  if (place.process.empty()) return place.network_namespace;
  TRY_VOID(require_victims(facts, place.process));
  if (facts.victims.size() > 1) {
    return error(Code::invalid,
                 fmt::format("process: {} match, and one is needed to say which namespace is meant",
                             describe(facts.victims)),
                 "add pick: one to the selector");
  }
  return fmt::format("/proc/{}/ns/net", facts.victims.front().id.pid);
}

json::object rule_request(const PacketPlace& place) {
  return {{"direction", word_of(place.direction)},
          {"peer", place.peer},
          {"remote_port", place.port},
          {"local_port", place.local_port},
          {"protocol", word_of(place.protocol)}};
}

json::object packet_request(const std::string& where, json::object rule, const Choices& choices,
                            std::uint64_t ordinal) {
  return {{"name", fmt::format("squall_{:08x}", choices.bits("", "table", ordinal) & 0xFFFFFFFFU)},
          {"namespace", where},
          {"rules", json::array{std::move(rule)}}};
}

json::object watch_request(const PacketPlace& place, const std::string& where,
                           const Endpoint& endpoint) {
  return {{"host", endpoint.host},
          {"port", endpoint.port},
          {"namespace", place.witness_namespace.empty() ? where : place.witness_namespace},
          {"protocol", place.protocol == sys::NftProtocol::udp ? "udp" : "tcp"}};
}

std::string describe_place(const PacketPlace& place, const std::string& where) {
  std::vector<std::string> parts;
  if (!place.peer.empty()) parts.push_back("peer " + printable(place.peer));
  if (place.port != 0) parts.push_back(fmt::format("remote port {}", place.port));
  if (place.local_port != 0) parts.push_back(fmt::format("local port {}", place.local_port));
  return fmt::format("{} in {}", parts.empty() ? "everything" : join(parts, ", "),
                     where.empty() ? "the host's network namespace" : printable(where));
}

Result<Strike> plan_treatment(const PacketPlace& place, Treated treated, const Facts& facts,
                              const Choices& choices, std::uint64_t ordinal) {
  const std::string where = TRY(namespace_of(place, facts));
  const Endpoint endpoint = TRY(endpoint_of(place));
  json::object request = packet_request(where, rule_request(place), choices, ordinal);
  request["treatment"] = packets::treatment_table.to_json(treated.treatment);
  // One bit less, so that it is a number in JSON.
  request["seed"] = static_cast<std::int64_t>(choices.bits("", "packets", ordinal) >> 1);
  json::object watch = watch_request(place, where, endpoint);
  for (const auto& member : treated.watch) watch[member.key()] = member.value();
  Watch seen{std::string(treated.witness), std::move(watch)};
  seen.within = treated.within;
  return Strike{.changes = {{"packet.queue", std::move(request)}},
                .watches = {std::move(seen)},
                .target = fmt::format("{} ({})", describe_place(place, where),
                                      packets::describe(treated.treatment))};
}

}  // namespace squall::fault
