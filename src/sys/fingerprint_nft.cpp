// How a table becomes one value: all that makes it what it is, in a fixed order, each part with its
// length in front, is hashed. Attributes are picked by name, so that counters, use counts, handles
// and whatever later kernels add do not matter; only the expressions of a rule are taken as bytes,
// without those parts of them that count.

#include "sys/fingerprint_nft.h"

#include <array>
#include <initializer_list>
#include <map>

#include <fmt/core.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "core/digest.h"
#include "sys/netlink_dump.h"

namespace squall::sys {
namespace {

struct Content {
  std::string own;                            // of the table itself
  std::map<std::string, std::string> chains;  // name -> attributes
  std::map<std::string, std::string> rules;   // name of the chain -> its rules in order
  std::map<std::string, std::string> sets;
  std::size_t rule_count = 0;
};

using Tables = std::map<std::string, Content>;  // "inet squall-1"

std::string family_word(int family) {
  switch (family) {
    case NFPROTO_INET:
      return "inet";
    case NFPROTO_IPV4:
      return "ip";
    case NFPROTO_IPV6:
      return "ip6";
    case NFPROTO_ARP:
      return "arp";
    case NFPROTO_NETDEV:
      return "netdev";
    case NFPROTO_BRIDGE:
      return "bridge";
    default:
      return fmt::format("family{}", family);
  }
}

void add_part(std::string& sum, std::string_view part) {
  sum.append(netlink_bytes(static_cast<std::uint64_t>(part.size()))).append(part);
}

std::string picked(const std::vector<NetlinkAttribute>& attributes,
                   std::initializer_list<std::uint16_t> types) {
  std::string sum;
  for (const std::uint16_t type : types) add_part(sum, find_attribute(attributes, type));
  return sum;
}

// One expression of a rule: its name and settings, without what it has counted so far.
void add_expression(std::string& sum, std::string_view expression) {
  const auto attributes = netlink_attributes(expression);
  const std::string_view name = attribute_text(find_attribute(attributes, NFTA_EXPR_NAME));
  const std::string_view data = find_attribute(attributes, NFTA_EXPR_DATA);
  add_part(sum, name);
  if (name == "counter" || name == "last") return;
  if (name == "quota") {
    add_part(sum, picked(netlink_attributes(data), {NFTA_QUOTA_BYTES, NFTA_QUOTA_FLAGS}));
    return;
  }
  add_part(sum, data);
}

// The content that an object belongs to, made where its table was not seen in the list before.
Content& table_of(Tables& tables, std::string_view message, std::string_view table) {
  const int family = netlink_value<nfgenmsg>(message).nfgen_family;
  return tables[family_word(family) + " " + std::string(attribute_text(table))];
}

void add_table(const std::string& message, Tables& tables) {
  const auto attributes = netlink_attributes_after(message, sizeof(nfgenmsg));
  table_of(tables, message, find_attribute(attributes, NFTA_TABLE_NAME)).own =
      picked(attributes, {NFTA_TABLE_FLAGS, NFTA_TABLE_USERDATA});
}

void add_chain(const std::string& message, Tables& tables) {
  const auto attributes = netlink_attributes_after(message, sizeof(nfgenmsg));
  Content& content = table_of(tables, message, find_attribute(attributes, NFTA_CHAIN_TABLE));
  const std::string name(attribute_text(find_attribute(attributes, NFTA_CHAIN_NAME)));
  content.chains[name] = picked(attributes, {NFTA_CHAIN_HOOK, NFTA_CHAIN_POLICY, NFTA_CHAIN_TYPE,
                                             NFTA_CHAIN_FLAGS, NFTA_CHAIN_USERDATA});
}

void add_rule(const std::string& message, Tables& tables) {
  const auto attributes = netlink_attributes_after(message, sizeof(nfgenmsg));
  Content& content = table_of(tables, message, find_attribute(attributes, NFTA_RULE_TABLE));
  const std::string chain(attribute_text(find_attribute(attributes, NFTA_RULE_CHAIN)));
  std::string rule = picked(attributes, {NFTA_RULE_COMPAT, NFTA_RULE_USERDATA});
  for (const NetlinkAttribute& expression :
       netlink_attributes(find_attribute(attributes, NFTA_RULE_EXPRESSIONS))) {
    add_expression(rule, expression.bytes);
  }
  add_part(content.rules[chain], rule);
  ++content.rule_count;
}

void add_set(const std::string& message, Tables& tables) {
  const auto attributes = netlink_attributes_after(message, sizeof(nfgenmsg));
  Content& content = table_of(tables, message, find_attribute(attributes, NFTA_SET_TABLE));
  const std::string name(attribute_text(find_attribute(attributes, NFTA_SET_NAME)));
  content.sets[name] =
      picked(attributes, {NFTA_SET_FLAGS, NFTA_SET_KEY_TYPE, NFTA_SET_KEY_LEN, NFTA_SET_DATA_TYPE,
                          NFTA_SET_DATA_LEN, NFTA_SET_POLICY, NFTA_SET_DESC, NFTA_SET_TIMEOUT});
}

std::string counted(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::string summary(const Content& content) {
  std::string sum;
  add_part(sum, content.own);
  for (const auto* parts : {&content.chains, &content.rules, &content.sets}) {
    add_part(sum, fmt::format("{}", parts->size()));
    for (const auto& [name, part] : *parts) {
      add_part(sum, name);
      add_part(sum, part);
    }
  }
  return fmt::format("{}, {}, {}, {}", counted(content.chains.size(), "chain"),
                     counted(content.rule_count, "rule"), counted(content.sets.size(), "set"),
                     sha256_hex(sum).substr(0, 12));
}

}  // namespace

Status note_nft(const std::string& prefix, const Fd& socket, FingerprintItems& items) {
  using Add = void (*)(const std::string&, Tables&);
  constexpr std::array<std::pair<int, Add>, 4> lists = {{{NFT_MSG_GETTABLE, &add_table},
                                                         {NFT_MSG_GETCHAIN, &add_chain},
                                                         {NFT_MSG_GETSET, &add_set},
                                                         {NFT_MSG_GETRULE, &add_rule}}};
  const std::string every_family = netlink_bytes(nfgenmsg{NFPROTO_UNSPEC, NFNETLINK_V0, 0});
  Tables tables;
  for (const auto& [message, add] : lists) {
    const auto type = static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message);
    for (const std::string& object : TRY(netlink_dump(socket, type, every_family))) {
      add(object, tables);
    }
  }
  for (const auto& [name, content] : tables) items[prefix + "nft table " + name] = summary(content);
  return ok();
}

}  // namespace squall::sys
