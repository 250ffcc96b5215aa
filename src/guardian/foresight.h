// What the guardian is going to say: a list of changes, made and ended in their order, is judged as
// if each had been made, and nothing is touched. Gates, conflicts and head-room are the very ones
// that judge the real request later; the host may have changed by then, so a yes here is no
// promise.
#pragma once

#include <string>
#include <vector>

#include "change/executor.h"
#include "guardian/gates.h"
#include "guardian/headroom.h"

namespace squall::guardian {

// A change is made, or, without a request, it ends.
struct Step {
  std::string change;
  std::optional<change::Request> request;
};

struct Foreseen {
  std::string change;
  Error problem;  // why it would be refused
};

// Where a judgement is made from.
struct Standpoint {
  const change::Catalogue* kinds = nullptr;
  GateFacts facts;
  HostRooms rooms;
  Pending pending;                 // by changes that are really in force
  std::vector<change::Live> live;  // likewise
  bool accept_irreversible = false;
};

// Only what would be refused, in the order of the steps. What cannot be judged yet, such as a file
// that an earlier step makes, is not named.
std::vector<Foreseen> foresee(const std::vector<Step>& steps, Standpoint standpoint);

// The standpoint of a guardian that would be started now from this process, with nothing in force.
// Errors: a policy that cannot be read.
struct Here {
  const change::Catalogue* kinds = nullptr;
  std::string state_folder;
  std::string policy_file;                   // empty: the usual place
  std::vector<std::string> protected_paths;  // by target maps
  std::string ssh_connection;                // the value of SSH_CONNECTION
  bool accept_irreversible = false;
};
Result<Standpoint> stand_here(const Here& here);

// How steps and what is foreseen travel (protocol.h, "judge").
json::array steps_json(const std::vector<Step>& steps);
// Code::invalid when it is no such list.
Result<std::vector<Step>> read_steps(const json::object& request);
json::array foreseen_json(const std::vector<Foreseen>& foreseen);
std::vector<Foreseen> read_foreseen(const json::object& answer);

}  // namespace squall::guardian
