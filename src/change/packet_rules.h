// What the kinds that act on packets have in common: rules as they travel, and the network
// namespace where they stand, told again by its inode.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "change/change.h"
#include "sys/fd.h"
#include "sys/nft.h"

namespace squall::change {

enum class RuleActions { none, drop_or_reject };

// From a list of {direction, peer, local_port, remote_port, protocol}, and action where rules have
// one; port 0 means any. Code::invalid, naming the rule, or when there are none.
Result<std::vector<sys::NftRule>> read_packet_rules(const json::value& rules, RuleActions actions);

// The cuts of a footprint.
std::vector<TrafficCut> cuts_of(const std::vector<sys::NftRule>& rules,
                                const std::string& network_namespace);

// An open network namespace; without a descriptor it is the caller's own.
struct NetworkPlace {
  sys::Fd fd;
  std::string identity;  // device and inode

  std::optional<int> number() const {
    return fd.valid() ? std::optional<int>(fd.get()) : std::nullopt;
  }
};
// `path` is such as /run/netns/NAME or /proc/PID/ns/net; empty for the caller's own.
Result<NetworkPlace> open_network_place(const std::string& path);
// Code::conflict when the path leads to another namespace than `before` recorded.
Result<NetworkPlace> open_recorded_place(const std::string& path, const json::object& before);
// "the host's network namespace", "the network namespace /run/netns/blue".
std::string describe_network_place(const std::string& path);

// A table of squall's own: how it is called and where it stands.
struct OwnTable {
  std::string name;
  std::string network_namespace;
};
// Code::invalid unless the name begins with squall_.
Status check_own_name(const OwnTable& table);
// The record that captures a table not yet made. Code::conflict when one of that name exists.
Result<json::object> capture_own_table(const OwnTable& table);
// Whether it is there; where its namespace cannot be reached any more, whether its holder lives.
Result<Presence> own_table_presence(const OwnTable& table, const json::object& before);

}  // namespace squall::change
