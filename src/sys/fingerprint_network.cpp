// The network part of the fingerprint, by rtnetlink dumps: links, addresses, routes, qdiscs. What
// the kernel derives from them by itself (local, broadcast and cached routes, privacy addresses,
// carrier) and every counter and lifetime is left out.

#include <algorithm>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "core/digest.h"
#include "core/text.h"
#include "sys/container.h"
#include "sys/fingerprint_nft.h"
#include "sys/fingerprint_parts.h"
#include "sys/netlink_dump.h"
#include "sys/network_namespace.h"

namespace squall::sys {
namespace {

using LinkNames = std::map<std::uint32_t, std::string>;

std::string short_hash(std::string_view bytes) {
  return bytes.empty() ? "-" : sha256_hex(bytes).substr(0, 12);
}

std::string hex(std::string_view bytes) {
  return to_hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

std::string name_of_link(const LinkNames& names, std::uint32_t index) {
  const auto found = names.find(index);
  return found == names.end() ? fmt::format("#{}", index) : found->second;
}

// "192.0.2.1", "fd00::1"; an empty attribute stands for the address of all zeroes.
std::string address_text(int family, std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  unsigned char raw[16] = {};
  std::copy_n(bytes.begin(), std::min(bytes.size(), sizeof raw), std::begin(raw));
  return ::inet_ntop(family, raw, text, sizeof text) == nullptr ? hex(bytes) : text;
}

std::string_view family_word(int family) {
  return family == AF_INET ? "ipv4" : "ipv6";
}

// The host's end of a container's link gets a new name and hardware address each time the container
// starts. Such links are told apart by their bridge and their number on it: "veth* of br0 1".
constexpr std::string_view made_up = "veth* of ";

LinkNames names_of(const std::vector<std::string>& links) {
  LinkNames names;
  LinkNames masters;  // of those links, by their index
  for (const std::string& link : links) {
    const auto attributes = netlink_attributes_after(link, sizeof(ifinfomsg));
    const auto index = static_cast<std::uint32_t>(netlink_value<ifinfomsg>(link).ifi_index);
    names[index] = attribute_text(find_attribute(attributes, IFLA_IFNAME));
    if (!is_made_up_link(names[index])) continue;
    const std::string_view master = find_attribute(attributes, IFLA_MASTER);
    const auto bridge = netlink_value<std::uint32_t>(master);
    masters[index] = master.empty() ? "nothing" : fmt::format("{}", bridge);
    if (!master.empty() && names.contains(bridge)) masters[index] = names[bridge];
  }
  std::map<std::string, int> counts;
  for (const auto& [index, master] : masters) {
    names[index] = fmt::format("{}{} {}", made_up, master, ++counts[master]);
  }
  return names;
}

void note_links(const std::string& prefix, const std::vector<std::string>& links,
                const LinkNames& names, FingerprintItems& items) {
  for (const std::string& link : links) {
    const auto header = netlink_value<ifinfomsg>(link);
    const auto attributes = netlink_attributes_after(link, sizeof header);
    const std::string_view master = find_attribute(attributes, IFLA_MASTER);
    const std::string name = name_of_link(names, static_cast<std::uint32_t>(header.ifi_index));
    std::string value = fmt::format(
        "{}, mtu {}, queue {}, address {}", (header.ifi_flags & IFF_UP) != 0 ? "up" : "down",
        netlink_value<std::uint32_t>(find_attribute(attributes, IFLA_MTU)),
        netlink_value<std::uint32_t>(find_attribute(attributes, IFLA_TXQLEN)),
        name.starts_with(made_up) ? "any" : hex(find_attribute(attributes, IFLA_ADDRESS)));
    if (!master.empty()) {
      value += ", master " + name_of_link(names, netlink_value<std::uint32_t>(master));
    }
    items[fmt::format("{}link {}", prefix, name)] = value;
  }
}

void note_addresses(const std::string& prefix, const std::vector<std::string>& addresses,
                    const LinkNames& names, FingerprintItems& items) {
  for (const std::string& address : addresses) {
    const auto header = netlink_value<ifaddrmsg>(address);
    if (header.ifa_family != AF_INET && header.ifa_family != AF_INET6) continue;
    if (header.ifa_family == AF_INET6 && (header.ifa_flags & IFA_F_TEMPORARY) != 0) continue;
    const std::string name = name_of_link(names, header.ifa_index);
    // Made by the kernel from the hardware address.
    if (header.ifa_scope == RT_SCOPE_LINK && name.starts_with(made_up)) continue;
    const auto attributes = netlink_attributes_after(address, sizeof header);
    std::string_view local = find_attribute(attributes, IFA_LOCAL);
    const std::string_view peer = find_attribute(attributes, IFA_ADDRESS);
    if (local.empty()) local = peer;
    std::string value = fmt::format("scope {}", header.ifa_scope);
    if (peer != local) value += ", peer " + address_text(header.ifa_family, peer);
    items[fmt::format("{}address {} {}/{}", prefix, name, address_text(header.ifa_family, local),
                      header.ifa_prefixlen)] = value;
  }
}

// ", via 192.0.2.1 dev eth0 weight 1" for each way of a route that has several.
std::string ways_text(int family, std::string_view bytes, const LinkNames& names) {
  std::string text;
  while (bytes.size() >= sizeof(rtnexthop)) {
    const auto way = netlink_value<rtnexthop>(bytes);
    if (way.rtnh_len < sizeof way || way.rtnh_len > bytes.size()) break;
    const auto attributes =
        netlink_attributes_after(bytes.substr(0, way.rtnh_len), sizeof(rtnexthop));
    text += fmt::format(
        ", via {} dev {} weight {}", address_text(family, find_attribute(attributes, RTA_GATEWAY)),
        name_of_link(names, static_cast<std::uint32_t>(way.rtnh_ifindex)), way.rtnh_hops + 1);
    bytes.remove_prefix(std::min<std::size_t>(RTNH_ALIGN(way.rtnh_len), bytes.size()));
  }
  return text;
}

bool is_made_by_the_kernel(const rtmsg& header) {
  return header.rtm_type == RTN_LOCAL || header.rtm_type == RTN_BROADCAST ||
         header.rtm_type == RTN_ANYCAST || header.rtm_type == RTN_MULTICAST ||
         header.rtm_protocol == RTPROT_REDIRECT || (header.rtm_flags & RTM_F_CLONED) != 0;
}

void note_route(const std::string& prefix, const std::string& route, const LinkNames& names,
                FingerprintItems& items) {
  const auto header = netlink_value<rtmsg>(route);
  const int family = header.rtm_family;
  if ((family != AF_INET && family != AF_INET6) || is_made_by_the_kernel(header)) return;
  const auto attributes = netlink_attributes_after(route, sizeof header);
  const auto has = [&](std::uint16_t type) { return !find_attribute(attributes, type).empty(); };
  const auto number = [&](std::uint16_t type) {
    return netlink_value<std::uint32_t>(find_attribute(attributes, type));
  };
  const auto address = [&](std::uint16_t type) {
    return address_text(family, find_attribute(attributes, type));
  };
  std::string key =
      fmt::format("{}route {} {}/{} table {} metric {}", prefix, family_word(family),
                  address(RTA_DST), header.rtm_dst_len,
                  has(RTA_TABLE) ? number(RTA_TABLE) : header.rtm_table, number(RTA_PRIORITY));
  if (header.rtm_tos != 0) key += fmt::format(" tos {}", header.rtm_tos);
  if (has(RTA_OIF)) key += " dev " + name_of_link(names, number(RTA_OIF));
  std::string value = fmt::format("type {}, protocol {}, scope {}", header.rtm_type,
                                  header.rtm_protocol, header.rtm_scope);
  if (has(RTA_GATEWAY)) value += ", via " + address(RTA_GATEWAY);
  if (has(RTA_VIA)) value += ", via " + hex(find_attribute(attributes, RTA_VIA));
  if (has(RTA_PREFSRC)) value += ", source " + address(RTA_PREFSRC);
  if (has(RTA_NH_ID)) value += fmt::format(", next hop {}", number(RTA_NH_ID));
  if (has(RTA_METRICS)) value += ", metrics " + hex(find_attribute(attributes, RTA_METRICS));
  value += ways_text(family, find_attribute(attributes, RTA_MULTIPATH), names);
  std::string& item = items[key];
  if (!item.empty()) item += "; ";  // several routes of one key, told apart by their gateway
  item += value;
}

std::string handle_text(std::uint32_t handle) {
  return fmt::format("{:x}:{:x}", TC_H_MAJ(handle) >> 16, TC_H_MIN(handle));
}

// The options without what counts: htb keeps a packet counter among its settings.
std::string steady_options(std::string_view kind, std::string_view options) {
  constexpr std::uint16_t htb_settings = 2;  // TCA_HTB_INIT, a tc_htb_glob
  if (kind != "htb") return std::string(options);
  auto settings =
      netlink_value<tc_htb_glob>(find_attribute(netlink_attributes(options), htb_settings));
  settings.direct_pkts = 0;
  return netlink_bytes(settings);
}

void note_qdiscs(const std::string& prefix, const std::vector<std::string>& qdiscs,
                 const LinkNames& names, FingerprintItems& items) {
  for (const std::string& qdisc : qdiscs) {
    const auto header = netlink_value<tcmsg>(qdisc);
    const auto attributes = netlink_attributes_after(qdisc, sizeof header);
    const std::string_view kind = attribute_text(find_attribute(attributes, TCA_KIND));
    // What a link has when nobody gave it one; comes and goes as the link goes up and down.
    if (kind == "noop" || kind == "noqueue") continue;
    const std::string parent = header.tcm_parent == TC_H_ROOT      ? "root"
                               : header.tcm_parent == TC_H_INGRESS ? "ingress"
                                                                   : handle_text(header.tcm_parent);
    const auto index = static_cast<std::uint32_t>(header.tcm_ifindex);
    items[fmt::format("{}qdisc {} {}", prefix, name_of_link(names, index), parent)] =
        fmt::format("{} {} {}", kind, handle_text(header.tcm_handle),
                    short_hash(steady_options(kind, find_attribute(attributes, TCA_OPTIONS))));
  }
}

template <class Header>
Result<std::vector<std::string>> dump_all(const Fd& socket, std::uint16_t type, Header header,
                                          std::string_view more = {}) {
  return netlink_dump(socket, type, netlink_bytes(header).append(more));
}

void unreadable(const std::string& what, const Error& problem, FingerprintItems& items) {
  items["unreadable " + what] = problem.message;
}

void note_links_and_routes(const std::string& prefix, const Fd& socket, FingerprintItems& items) {
  const struct {
    rtattr header;
    std::uint32_t value;
  } without_counters{{RTA_LENGTH(sizeof(std::uint32_t)), IFLA_EXT_MASK}, RTEXT_FILTER_SKIP_STATS};
  const auto links = dump_all(socket, RTM_GETLINK, ifinfomsg{}, netlink_bytes(without_counters));
  if (!links.ok()) return unreadable(prefix + "link", links.error(), items);
  const LinkNames names = names_of(*links);
  note_links(prefix, *links, names, items);

  const auto addresses = dump_all(socket, RTM_GETADDR, ifaddrmsg{});
  if (addresses.ok()) {
    note_addresses(prefix, *addresses, names, items);
  } else {
    unreadable(prefix + "address", addresses.error(), items);
  }
  for (const int family : {AF_INET, AF_INET6}) {
    rtmsg request{};
    request.rtm_family = static_cast<unsigned char>(family);
    const auto routes = dump_all(socket, RTM_GETROUTE, request);
    if (!routes.ok()) {
      unreadable(fmt::format("{}route {}", prefix, family_word(family)), routes.error(), items);
      continue;
    }
    for (const std::string& route : *routes) note_route(prefix, route, names, items);
  }
  const auto qdiscs = dump_all(socket, RTM_GETQDISC, tcmsg{});
  if (qdiscs.ok()) {
    note_qdiscs(prefix, *qdiscs, names, items);
  } else {
    unreadable(prefix + "qdisc", qdiscs.error(), items);
  }
}

}  // namespace

void note_network(const std::string& prefix, std::optional<int> netns_fd, FingerprintItems& items) {
  const Result<Fd> routing = open_socket({AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}, netns_fd);
  if (routing.ok()) {
    note_links_and_routes(prefix, *routing, items);
  } else {
    for (const char* what : {"link", "address", "route", "qdisc"}) {
      unreadable(prefix + what, routing.error(), items);
    }
  }
  const Result<Fd> netfilter = open_socket({AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER}, netns_fd);
  const Status noted =
      netfilter.ok() ? note_nft(prefix, *netfilter, items) : Status(netfilter.error());
  if (!noted.ok()) unreadable(prefix + "nft", noted.error(), items);
}

}  // namespace squall::sys
