// The readers of which a fingerprint is made; each notes one kind of state. The keys are described
// in fingerprint.h. What cannot be read becomes an item "unreadable WORDS", where the keys of the
// missing items would have begun with WORDS.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace squall::sys {

using FingerprintItems = std::map<std::string, std::string>;

// Links, addresses, routes, qdiscs and nft tables of one network namespace, by netlink dumps.
// Every key starts with `prefix`.
void note_network(const std::string& prefix, std::optional<int> netns_fd, FingerprintItems& items);

// Who lives, who is stopped, and the resource limits where asked for. Fails without /proc.
Status note_processes(bool with_limits, FingerprintItems& items);
// Attributes in all mounted cgroup hierarchies, and folders that bear squall's name.
void note_cgroups(FingerprintItems& items);
// The mount table of the calling thread's mount namespace.
void note_mounts(FingerprintItems& items);
void note_file(const std::string& path, FingerprintItems& items);

}  // namespace squall::sys
