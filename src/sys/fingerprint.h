// The fingerprint of a host: every state that squall could have touched, read before and after a
// run, so that "nothing is left behind" is a comparison and not a belief.
//
// It is an independent reader. It asks the kernel by other ways than the changes use (dumps where
// they make single requests, /proc text where they make calls), keeps no record of what was done,
// and knows no change: whatever differs is named, whoever did it.
//
// What a host changes by itself makes no difference: counters, processes and cgroups that come and
// go, handles of firewall rules, mount ids, lifetimes of addresses. Not looked at: elements of nft
// sets, tc classes and filters, policy routing rules, sysctls, BPF links.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"

namespace squall::sys {

// Keys say what, values say how it is. Inside another network namespace a key starts with
// "netns NAME ".
//   nft table inet NAME              3 chains, 7 rules, 0 sets, HASH
//   link eth0                        up, mtu 1500, ...
//   address eth0 192.0.2.2/24        scope 0
//   route ipv4 0.0.0.0/0 table 254 metric 0 dev eth0      via 192.0.2.1, ...
//   qdisc eth0 root                  pfifo_fast 0:0 HASH
//   cgroup FOLDER                    exists, only for folders named squall-*
//   cgroup FOLDER cpu.max            value
//   process PID@START                name, no state in itself: tells who lives
//   stopped PID@START                name
//   limit PID@START nofile           soft/hard
//   mount POINT                      type, source, options
//   file PATH                        SHA-256, mode, owner and size; or "absent", or its kind
//   unreadable WORDS                 why the items that begin with these words are missing
struct Fingerprint {
  std::map<std::string, std::string> items;
};

struct FingerprintScope {
  std::vector<std::string> files;  // hashed whole: the time grows with their size
  // Names below /run/netns, or paths such as /proc/PID/ns/net. The caller's own is always read.
  std::vector<std::string> network_namespaces;
  bool every_process_limit = true;  // and how it is scheduled: 18 items a process
};

// A few milliseconds on a small host. What may not be read is named in an item, not an error.
// Errors: /proc is not there.
Result<Fingerprint> take_fingerprint(const FingerprintScope& scope);

// What is not as it was, one sentence each, safe to show; empty when nothing was left behind.
std::vector<std::string> differences(const Fingerprint& before, const Fingerprint& after);

// SHA-256 over the items that outlive processes: nft, links, addresses, routes, qdiscs, mounts,
// files and what is stopped. It identifies a state in a report; `differences` is what judges.
std::string digest(const Fingerprint& fingerprint);

}  // namespace squall::sys
