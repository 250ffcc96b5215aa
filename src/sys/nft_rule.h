// From the rules people mean to the rules the kernel runs: a pure translation, tested without root.
//
// A kernel rule is a row of matches, all of which must hold, and a verdict. A match loads some
// bytes of the packet or of its metadata, masks them, and compares them with a value. One NftRule
// becomes several kernel rules: one for each hook, and one for each protocol that is matched or
// answered in its own way.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "sys/nft.h"

namespace squall::sys {

enum class NftHook { input, output };
enum class NftSource { family, protocol, mark, network_header, transport_header };
enum class NftVerdict { drop, tcp_reset, port_unreachable, queue };

struct NftMatch {
  NftSource source = NftSource::family;
  std::uint32_t offset = 0;  // bytes into the header; 0 for metadata
  std::string mask;          // as long as `value`, or empty for no mask
  std::string value;         // bytes as on the wire; a mark in the order of this host
  bool equal = true;         // false: the rule matches if the bytes differ

  friend bool operator==(const NftMatch&, const NftMatch&) = default;
};

struct NftKernelRule {
  NftHook hook = NftHook::input;
  std::vector<NftMatch> matches;
  NftVerdict verdict = NftVerdict::drop;
  std::uint16_t queue = 0;  // of NftVerdict::queue
  std::string label;        // "rule 2 (drop tcp out, peer 10.0.0.1)"
};

// In the order given. Errors: Code::invalid if there are no or more than 256 rules, or as
// check_rule.
Result<std::vector<NftKernelRule>> translate_rules(std::span<const NftRule> rules);
// Whether a peer (an address, or a network such as "10.0.0.0/8") covers the address. An empty one
// covers everything, and so does what is neither: a doubt counts as covered.
bool peer_covers(const std::string& peer, const std::string& address);
// Code::invalid unless the name is as NftOwnerTable::create wants it.
Status check_table_name(const std::string& name);

}  // namespace squall::sys
