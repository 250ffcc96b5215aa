// The hard gates: what the guardian refuses whoever asks. One pure function over a footprint.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "change/change.h"
#include "guardian/policy.h"

namespace squall::guardian {

// The ssh session that an operator sits in: traffic that must never be cut.
struct SshSession {
  std::string client;
  int client_port = 0;
  int server_port = 0;
};
// Reads the value of SSH_CONNECTION: "client client_port server server_port". Empty text: no
// session.
std::optional<SshSession> parse_ssh_connection(std::string_view text);

struct GateFacts {
  Policy policy;
  int host_cores = 1;
  std::string state_folder;                  // real path
  std::vector<std::string> protected_paths;  // by the target maps of the connected runs
  std::set<std::int64_t> protected_pids;  // 1, the guardian's family, the runner and its ancestors
  std::vector<SshSession> sessions;
  std::string own_network_namespace;    // "net:[4026531840]"
  std::vector<change::Footprint> live;  // of every live change
};

// Code::refused with the rule that fired, or ok.
Status check_gates(const change::Kind& kind, const change::Footprint& footprint,
                   const GateFacts& facts);

// "net:[...]" of a namespace path, or of this process for an empty one; empty when unreadable.
std::string network_namespace_name(const std::string& path);

}  // namespace squall::guardian
