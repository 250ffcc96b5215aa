// tcp.reset: TCP connections are torn, as by a firewall that forgot them or a peer that restarted.
//
// The kernel ends them (sys/tcp_connections.h): both ends get an error, and what was under way is
// lost. Irreversible: the clients must connect anew, which nothing hinders. Connections of the
// moment are meant; later ones are left alone.
#include <algorithm>

#include <fmt/core.h>

#include "change/packet_rules.h"
#include "change/typed.h"
#include "core/text.h"
#include "sys/nft_rule.h"
#include "sys/tcp_connections.h"

namespace squall::change {
namespace {

struct TcpReset {
  std::string network_namespace;
  std::string peer;
  std::int64_t local_port = 0;
  std::int64_t remote_port = 0;
};

const param::Table<TcpReset> table{{
    param::field("namespace", &TcpReset::network_namespace,
                 {.about = "Path of a network namespace; empty for squall's own."}),
    param::field("peer", &TcpReset::peer, {.about = "Address or network; empty for all."}),
    param::field("local_port", &TcpReset::local_port,
                 {.about = "The port on this side; 0 for all.", .min = 0, .max = 65535}),
    param::field("remote_port", &TcpReset::remote_port,
                 {.about = "The port on the peer's side; 0 for all.", .min = 0, .max = 65535}),
}};

constexpr std::size_t listed_most = 20;

sys::NftRule rule_of(const TcpReset& params) {
  sys::NftRule rule{.protocol = sys::NftProtocol::tcp, .peer = params.peer};
  if (params.remote_port != 0) rule.remote_port = static_cast<std::uint16_t>(params.remote_port);
  if (params.local_port != 0) rule.local_port = static_cast<std::uint16_t>(params.local_port);
  return rule;
}

bool is_meant(const sys::TcpConnection& connection, const sys::NftRule& rule) {
  return (!rule.local_port || connection.local_port == *rule.local_port) &&
         (!rule.remote_port || connection.peer_port == *rule.remote_port) &&
         sys::peer_covers(rule.peer, connection.peer);
}

Result<std::vector<sys::TcpConnection>> meant(const sys::TcpConnections& connections,
                                              const TcpReset& params) {
  std::vector<sys::TcpConnection> found = TRY(connections.list());
  std::erase_if(found, [rule = rule_of(params)](const sys::TcpConnection& one) {
    return !is_meant(one, rule);
  });
  return found;
}

Result<Footprint> footprint(const TcpReset& params) {
  TRY_VOID(sys::check_rule(rule_of(params)));
  TRY_VOID(open_network_place(params.network_namespace));
  return Footprint{.cuts = cuts_of({rule_of(params)}, params.network_namespace)};
}

Result<json::object> capture(const TcpReset& params) {
  const NetworkPlace place = TRY(open_network_place(params.network_namespace));
  const auto connections = TRY(sys::TcpConnections::open(place.number()));
  TRY_VOID(connections.check_reset());
  return json::object{{"namespace", place.identity}};
}

std::string describe(const sys::TcpConnection& one) {
  return fmt::format("{}:{} with {}:{}", one.local, one.local_port, one.peer, one.peer_port);
}

Result<json::object> apply(const TcpReset& params, const json::object& before) {
  const NetworkPlace place = TRY(open_recorded_place(params.network_namespace, before));
  const auto connections = TRY(sys::TcpConnections::open(place.number()));
  std::int64_t count = 0;
  json::array listed;
  for (const sys::TcpConnection& one : TRY(meant(connections, params))) {
    if (!TRY(connections.reset(one))) continue;
    ++count;
    if (listed.size() < listed_most) listed.push_back(json::string(describe(one)));
  }
  return json::object{{"reset", count}, {"connections", std::move(listed)}};
}

std::string describe(const TcpReset& params) {
  const std::string words = sys::describe(rule_of(params));
  const std::size_t comma = words.find(", ");
  return fmt::format("in {}: reset all TCP connections{}",
                     describe_network_place(params.network_namespace),
                     comma == std::string::npos ? "" : " of " + words.substr(comma + 2));
}

std::string undo(const TcpReset&) {
  return "cannot be undone: what was under way on the connections is lost, and their clients must "
         "connect anew, which nothing hinders";
}

}  // namespace

extern const Kind kind_tcp_reset;
const Kind kind_tcp_reset = make_kind<TcpReset>({
    .name = "tcp.reset",
    .about = "TCP connections are reset at both ends.",
    .keeping = Keeping::irreversible,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
