// Packet filters that cannot outlive their holder: nftables owner tables.
//
// A table made with the owner flag belongs to the netlink socket that made it. No other socket can
// change it, and when the socket closes, by the holder's exit or by its SIGKILL, the kernel removes
// the table with all its rules. The undo needs no process of ours. (Linux 5.12 and later.)
//
// What a rule matches. `peer` is always the remote address. `remote_port` is the port on the peer's
// side: destination of packets that leave, source of packets that arrive. `local_port` is the port
// on this side: source of packets that leave, destination of packets that arrive. So a client's use
// of a service is {remote_port}, a service's traffic with all its clients is {local_port}.
// - Loopback packets pass the output hook and then the input hook, each with its own view: a
//   request to 127.0.0.1:80 leaves with remote port 80 and arrives with local port 80.
// - A rule sees a leaving packet before this host's own address translation of it: the address that
//   the application asked for. Arriving packets have the address of the wire.
// - Forwarded packets (routers, bridged containers) pass neither hook; for a container, give its
//   own namespace.
// - Existing connections are met like new ones: there is no connection tracking here.
//
// What an action does. `drop` is silence; `reject` answers whoever sent the packet, TCP by a reset,
// the rest by "port unreachable". (A send(2) of a datagram that the output hook of its own host
// stops fails at once in both cases.) So a client sees "connection refused" if its
// request is rejected, but a lost answer if only the reply is: there the server gets the reset.
// Rejecting rules let TCP resets pass, and of ICMP match only echo ("ping"): otherwise they would
// swallow their own answers. Dropping rules for NftProtocol::any without a port match everything,
// IPv6 neighbour discovery included. `queue` hands the packet to whoever serves a queue of that
// number (NFQUEUE); where nobody does, it passes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::sys {

enum class NftAction { drop, reject, queue };
enum class NftDirection { in, out, both };
enum class NftProtocol { any, tcp, udp };  // `any` with a port means TCP and UDP

struct NftRule {
  NftAction action = NftAction::drop;
  NftDirection direction = NftDirection::both;
  NftProtocol protocol = NftProtocol::any;
  std::string peer;  // "", an IPv4 or IPv6 address, or a network: "10.1.0.0/16", "fd00::/8"
  std::optional<std::uint16_t> remote_port;
  std::optional<std::uint16_t> local_port;
  std::uint16_t queue = 0;          // for NftAction::queue
  std::uint32_t unless_marked = 0;  // packets whose mark has one of these bits do not match
};

// "reject tcp in and out, peer 10.1.0.0/16, remote port 80"
std::string describe(const NftRule& rule);
// Code::invalid, naming what is wrong with the peer or the ports. Touches nothing.
Status check_rule(const NftRule& rule);

class NftOwnerTable {
 public:
  // Makes the table `inet NAME` with filter chains at priority -150 and policy accept, all in one
  // transaction: it is there entirely or not at all. The first matching rule decides.
  // The name has 1 to 64 letters, digits, '_', '-' or '.' and begins with a letter; there are 1 to
  // 256 rules. `netns_fd` is the network namespace (see network_namespace.h), default the caller's.
  // Errors: Code::invalid for the arguments, Code::refused without CAP_NET_ADMIN, Code::conflict if
  // a table of that name exists, Code::unsupported if the kernel lacks a part.
  static Result<NftOwnerTable> create(const std::string& name, std::span<const NftRule> rules,
                                      std::optional<int> netns_fd = std::nullopt);

  // The same with the last step left out: the kernel judges the whole transaction and then forgets
  // it. Fails exactly as create() would now fail, and changes nothing.
  static Status rehearse(const std::string& name, std::span<const NftRule> rules,
                         std::optional<int> netns_fd = std::nullopt);

  const std::string& name() const { return name_; }

  // Takes all rules out, so that nothing matches any more. Its hooks stay until the table goes:
  // with a hook the kernel throws away what waits in any packet queue of the namespace.
  Status clear();

  // Removes the table now and says whether that worked; the socket is closed in either case. The
  // destructor closes only, which the kernel answers by removing the table before close(2) returns,
  // unless a process forked meanwhile still holds a copy of the socket. Call at most once.
  Status remove();

 private:
  NftOwnerTable(std::string name, Fd socket) : name_(std::move(name)), socket_(std::move(socket)) {}

  std::string name_;
  Fd socket_;
};

// What a table has done so far. A packet counts once, at the rule that dropped or rejected it.
struct NftTableState {
  bool exists = false;
  std::uint32_t rules = 0;  // as the kernel counts them: one NftRule becomes up to eight
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // network header included
};

// An independent look at `inet NAME`, from any process that has CAP_NET_ADMIN in the namespace. A
// table that is not there is a value, not an error.
Result<NftTableState> nft_table_state(const std::string& name,
                                      std::optional<int> netns_fd = std::nullopt);

}  // namespace squall::sys
