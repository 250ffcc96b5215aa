#include "sys/nft_rule.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <linux/netfilter.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "core/text.h"

namespace squall::sys {
namespace {

constexpr std::size_t max_rules = 256;
constexpr std::size_t max_name = 64;

struct Network {
  bool ipv6 = false;
  std::string address;  // 4 or 16 bytes
  unsigned prefix = 0;  // bits
};

std::string one_byte(unsigned value) {
  return std::string(1, static_cast<char>(value));
}

std::string mask_of(const Network& network) {
  std::string mask(network.address.size(), '\0');
  for (unsigned bit = 0; bit < network.prefix; ++bit) {
    mask[bit / 8] = static_cast<char>(mask[bit / 8] | (0x80 >> (bit % 8)));
  }
  return mask;
}

std::string masked(std::string bytes, const std::string& mask) {
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] & mask[i]);
  return bytes;
}

std::string render_address(const std::string& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

Error peer_error(const std::string& peer, std::string_view why, std::string next) {
  return error(Code::invalid, fmt::format("peer \"{}\" {}", printable(peer), why), std::move(next));
}

Result<unsigned> parse_prefix(const std::string& peer, std::string_view text, unsigned bits) {
  unsigned prefix = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), prefix);
  const bool whole = problem == std::errc() && end == text.data() + text.size();
  const bool plain = text.size() == 1 || (!text.empty() && text.front() != '0');
  if (!whole || !plain || prefix > bits) {
    return peer_error(peer, fmt::format("has no prefix length from 0 to {} after its '/'", bits),
                      "write a network as 10.1.0.0/16 or fd00::/8");
  }
  return prefix;
}

Result<Network> parse_network(const std::string& peer) {
  const std::size_t slash = peer.find('/');
  const std::string address = peer.substr(0, slash);
  std::array<char, 16> bytes{};
  Network network;
  // A zero byte would end the text early for inet_pton, which reads C strings.
  const bool clean = address.find('\0') == std::string::npos;
  if (clean && inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) {
    network.address.assign(bytes.data(), 4);
  } else if (clean && inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) {
    network.ipv6 = true;
    network.address.assign(bytes.data(), 16);
  } else {
    return peer_error(
        peer, "is neither an IPv4 or IPv6 address nor a network",
        "write 10.1.2.3, 10.1.0.0/16 or fd00::/8; a host name must be resolved first, "
        "an interface (%eth0) cannot be given");
  }
  const auto bits = static_cast<unsigned>(network.address.size() * 8);
  network.prefix = bits;
  if (slash != std::string::npos) {
    network.prefix = TRY(parse_prefix(peer, std::string_view(peer).substr(slash + 1), bits));
  }
  const std::string first = masked(network.address, mask_of(network));
  if (first != network.address) {
    return peer_error(peer, fmt::format("has address bits beyond its prefix of {}", network.prefix),
                      fmt::format("write {}/{} for the network or {} for the host",
                                  render_address(first), network.prefix, address));
  }
  static const std::string mapped = std::string(10, '\0') + "\xff\xff";
  if (network.ipv6 && network.address.starts_with(mapped)) {
    return peer_error(peer, "is an IPv4-mapped IPv6 address, which no packet on the wire carries",
                      fmt::format("write {}", render_address(network.address.substr(12))));
  }
  return network;
}

NftMatch protocol_match(unsigned protocol, bool equal = true) {
  return {.source = NftSource::protocol, .value = one_byte(protocol), .equal = equal};
}

NftMatch family_match(bool ipv6) {
  return {.source = NftSource::family, .value = one_byte(ipv6 ? NFPROTO_IPV6 : NFPROTO_IPV4)};
}

NftMatch port_match(bool destination, std::uint16_t port) {
  return {.source = NftSource::transport_header,
          .offset = destination ? 2U : 0U,
          .value = one_byte(port >> 8U) + one_byte(port & 0xffU)};
}

NftMatch transport_byte(std::uint32_t offset, unsigned mask, unsigned value) {
  return {.source = NftSource::transport_header,
          .offset = offset,
          .mask = one_byte(mask),
          .value = one_byte(value)};
}

NftMatch unmarked_match(std::uint32_t bits) {
  const std::string mask(reinterpret_cast<const char*>(&bits), sizeof bits);
  return {.source = NftSource::mark, .mask = mask, .value = std::string(sizeof bits, '\0')};
}

std::vector<NftMatch> peer_matches(const Network& network, NftHook hook) {
  std::vector<NftMatch> matches{family_match(network.ipv6)};
  if (network.prefix == 0) return matches;
  const bool source = hook == NftHook::input;
  NftMatch address{.source = NftSource::network_header, .value = network.address};
  // Where the IPv4 (RFC 791) and IPv6 (RFC 8200) headers keep source and destination.
  address.offset = network.ipv6 ? (source ? 8U : 24U) : (source ? 12U : 16U);
  if (network.prefix < network.address.size() * 8) address.mask = mask_of(network);
  matches.push_back(std::move(address));
  return matches;
}

// The packets of one protocol, and the verdict on them.
struct Case {
  std::vector<NftMatch> matches;
  NftVerdict verdict = NftVerdict::drop;
};

// For verdicts that answer nobody.
std::vector<Case> silent_cases(const NftRule& rule, bool any_port) {
  const NftVerdict verdict = rule.action == NftAction::queue ? NftVerdict::queue : NftVerdict::drop;
  if (rule.protocol == NftProtocol::any && any_port) return {Case{{}, verdict}};
  std::vector<Case> cases;
  if (rule.protocol != NftProtocol::udp) cases.push_back({{protocol_match(IPPROTO_TCP)}, verdict});
  if (rule.protocol != NftProtocol::tcp) cases.push_back({{protocol_match(IPPROTO_UDP)}, verdict});
  return cases;
}

// What is answered must let its own answer pass: it comes back through the same hooks.
std::vector<Case> reject_cases(const NftRule& rule, const std::optional<Network>& peer,
                               bool any_port) {
  constexpr std::uint32_t tcp_flags = 13;
  constexpr unsigned tcp_reset_flag = 0x04;
  const NftVerdict unreachable = NftVerdict::port_unreachable;
  std::vector<Case> cases;
  if (rule.protocol != NftProtocol::udp) {
    cases.push_back({{protocol_match(IPPROTO_TCP), transport_byte(tcp_flags, tcp_reset_flag, 0)},
                     NftVerdict::tcp_reset});
  }
  if (rule.protocol == NftProtocol::tcp) return cases;
  if (rule.protocol == NftProtocol::udp || !any_port) {
    cases.push_back({{protocol_match(IPPROTO_UDP)}, unreachable});
    return cases;
  }
  cases.push_back({{protocol_match(IPPROTO_TCP, false), protocol_match(IPPROTO_ICMP, false),
                    protocol_match(IPPROTO_ICMPV6, false)},
                   unreachable});
  // The masks leave out the one bit in which an echo request and its reply differ.
  if (!peer || !peer->ipv6) {
    cases.push_back(
        {{protocol_match(IPPROTO_ICMP), transport_byte(0, 0xff ^ ICMP_ECHO, 0)}, unreachable});
  }
  if (!peer || peer->ipv6) {
    cases.push_back({{protocol_match(IPPROTO_ICMPV6), transport_byte(0, 0xfe, ICMP6_ECHO_REQUEST)},
                     unreachable});
  }
  return cases;
}

Result<std::optional<Network>> parse_rule(const NftRule& rule) {
  if (rule.remote_port == 0 || rule.local_port == 0) {
    return error(Code::invalid, "port 0 is not a port that packets carry", "give 1 to 65535");
  }
  if (rule.peer.empty()) return std::optional<Network>();
  return std::optional<Network>(TRY(parse_network(rule.peer)));
}

void translate_for_hook(const NftRule& rule, const std::optional<Network>& peer, NftHook hook,
                        const std::string& label, std::vector<NftKernelRule>& made) {
  const bool leaving = hook == NftHook::output;
  const bool any_port = !rule.remote_port && !rule.local_port;
  const std::vector<Case> cases = rule.action == NftAction::reject
                                      ? reject_cases(rule, peer, any_port)
                                      : silent_cases(rule, any_port);
  for (const Case& one : cases) {
    NftKernelRule kernel{.hook = hook, .verdict = one.verdict, .queue = rule.queue, .label = label};
    if (rule.unless_marked != 0) kernel.matches.push_back(unmarked_match(rule.unless_marked));
    if (peer) {
      const std::vector<NftMatch> address = peer_matches(*peer, hook);
      kernel.matches.insert(kernel.matches.end(), address.begin(), address.end());
    }
    kernel.matches.insert(kernel.matches.end(), one.matches.begin(), one.matches.end());
    if (rule.remote_port) kernel.matches.push_back(port_match(leaving, *rule.remote_port));
    if (rule.local_port) kernel.matches.push_back(port_match(!leaving, *rule.local_port));
    made.push_back(std::move(kernel));
  }
}

}  // namespace

std::string describe(const NftRule& rule) {
  static constexpr std::array protocols = {"", " tcp", " udp"};
  static constexpr std::array directions = {"in", "out", "in and out"};
  static constexpr std::array actions = {"drop", "reject", "queue"};
  std::string text = fmt::format("{}{} {}", actions.at(static_cast<std::size_t>(rule.action)),
                                 protocols.at(static_cast<std::size_t>(rule.protocol)),
                                 directions.at(static_cast<std::size_t>(rule.direction)));
  if (!rule.peer.empty()) text += fmt::format(", peer {}", printable(rule.peer));
  if (rule.remote_port) text += fmt::format(", remote port {}", *rule.remote_port);
  if (rule.local_port) text += fmt::format(", local port {}", *rule.local_port);
  return text;
}

Status check_rule(const NftRule& rule) {
  TRY_VOID(parse_rule(rule));
  return ok();
}

Result<std::vector<NftKernelRule>> translate_rules(std::span<const NftRule> rules) {
  if (rules.empty() || rules.size() > max_rules) {
    return error(Code::invalid,
                 fmt::format("{} rules given where 1 to {} are possible", rules.size(), max_rules));
  }
  std::vector<NftKernelRule> made;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const NftRule& rule = rules[i];
    const std::string label = fmt::format("rule {} ({})", i + 1, describe(rule));
    const std::optional<Network> peer = TRY(parse_rule(rule), "reading " + label);
    if (rule.direction != NftDirection::out) {
      translate_for_hook(rule, peer, NftHook::input, label, made);
    }
    if (rule.direction != NftDirection::in) {
      translate_for_hook(rule, peer, NftHook::output, label, made);
    }
  }
  return made;
}

Status check_table_name(const std::string& name) {
  const auto allowed = [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.');
  };
  if (name.empty() || name.size() > max_name || !std::all_of(name.begin(), name.end(), allowed) ||
      std::isalpha(static_cast<unsigned char>(name.front())) == 0) {
    return error(Code::invalid,
                 fmt::format("\"{}\" cannot be the name of a table", printable(name)),
                 fmt::format("use a letter and then letters, digits, '_', '-' or '.', at most {}",
                             max_name));
  }
  return ok();
}

bool peer_covers(const std::string& peer, const std::string& address) {
  if (peer.empty()) return true;
  const std::size_t slash = peer.find('/');
  const std::string network = peer.substr(0, slash);
  std::array<unsigned char, 16> left{};
  std::array<unsigned char, 16> right{};
  const int family = network.find(':') == std::string::npos ? AF_INET : AF_INET6;
  if (::inet_pton(family, network.c_str(), left.data()) != 1)
    return true;  // a doubt counts as covered
  if (::inet_pton(family, address.c_str(), right.data()) != 1) return false;
  int bits = family == AF_INET ? 32 : 128;
  if (slash != std::string::npos) {
    std::from_chars(peer.data() + slash + 1, peer.data() + peer.size(), bits);
  }
  for (int bit = 0; bit < bits && bit < 128; ++bit) {
    const int mask = 0x80 >> bit % 8;
    const auto index = static_cast<std::size_t>(bit / 8);
    if ((left[index] & mask) != (right[index] & mask)) return false;
  }
  return true;
}

}  // namespace squall::sys
