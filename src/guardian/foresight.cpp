#include "guardian/foresight.h"

#include <algorithm>

#include <fmt/core.h>
#include <unistd.h>

#include "guardian/state.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::guardian {
namespace {

constexpr std::size_t steps_max = 10000;

// What the steps before have made and not ended yet.
using Made = std::vector<change::Live>;

Status check_room_for(const change::Demand& demand, const Standpoint& standpoint,
                      const Made& made) {
  if (is_empty(demand)) return ok();
  Pending pending = standpoint.pending;
  for (const change::Live& other : made) pending.add(other.footprint.demand);
  return check_headroom(demand, pending, standpoint.rooms.look(demand), standpoint.facts.policy);
}

Status check_own_conflict(const change::Footprint& footprint, const Made& made) {
  for (const change::Live& other : made) {
    const auto resource = change::shared_resource(other.footprint, footprint);
    if (!resource) continue;
    return error(Code::refused,
                 fmt::format("another fault of this run has a change in force on the same thing "
                             "then ({})",
                             *resource),
                 "let the one end before the other begins, or choose another target");
  }
  return ok();
}

// The footprint of a change that would be made.
Result<change::Footprint> judge(const change::Kind& kind, const change::Request& request,
                                const Standpoint& standpoint, const Made& made) {
  if (!standpoint.accept_irreversible) TRY_VOID(check_reversible(kind, request));
  change::Footprint footprint = TRY(kind.footprint(request.params));
  GateFacts facts = standpoint.facts;
  for (const change::Live& other : made) facts.live.push_back(other.footprint);
  TRY_VOID(check_gates(kind, footprint, facts));
  TRY_VOID(check_room_for(footprint.demand, standpoint, made));
  TRY_VOID(check_conflict(footprint, standpoint.live));
  TRY_VOID(check_own_conflict(footprint, made));
  return footprint;
}

// Anything else may be otherwise when its time comes.
bool is_final(Code code) {
  return code == Code::refused || code == Code::conflict || code == Code::unsupported ||
         code == Code::invalid;
}

}  // namespace

std::vector<Foreseen> foresee(const std::vector<Step>& steps, Standpoint standpoint) {
  std::vector<Foreseen> foreseen;
  Made made;
  for (const Step& step : steps) {
    if (!step.request) {
      std::erase_if(made, [&](const change::Live& other) { return other.id == step.change; });
      continue;
    }
    const change::Kind* kind = change::find(*standpoint.kinds, step.request->kind);
    if (kind == nullptr) {
      foreseen.push_back({step.change, error(Code::invalid, fmt::format("there is no change kind "
                                                                        "\"{}\"",
                                                                        step.request->kind))});
      continue;
    }
    Result<change::Footprint> footprint = judge(*kind, *step.request, standpoint, made);
    if (!footprint.ok()) {
      if (is_final(footprint.error().code)) foreseen.push_back({step.change, footprint.error()});
      continue;
    }
    if (kind->keeping == change::Keeping::irreversible) continue;
    made.push_back(
        {.id = step.change, .request = *step.request, .footprint = std::move(*footprint)});
  }
  return foreseen;
}

Result<Standpoint> stand_here(const Here& here) {
  Policy policy = TRY(
      read_policy(here.policy_file.empty() ? std::string(usual_policy_file) : here.policy_file));
  std::vector<std::string> guarded = policy.guarded_disks;
  guarded.push_back(here.state_folder);
  Standpoint standpoint{.kinds = here.kinds, .rooms = HostRooms(guarded)};
  GateFacts& facts = standpoint.facts;
  facts.policy = std::move(policy);
  facts.host_cores = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  const Result<std::string> real = sys::real_path(here.state_folder);
  facts.state_folder = real.ok() ? *real : here.state_folder;
  facts.protected_paths = here.protected_paths;
  facts.protected_pids = {1, ::getpid()};
  for (const std::int64_t pid : sys::ancestors(::getpid())) facts.protected_pids.insert(pid);
  if (const auto session = parse_ssh_connection(here.ssh_connection))
    facts.sessions.push_back(*session);
  facts.own_network_namespace = network_namespace_name("");
  standpoint.accept_irreversible = here.accept_irreversible;
  return standpoint;
}

json::array steps_json(const std::vector<Step>& steps) {
  json::array items;
  for (const Step& step : steps) {
    json::object item{{"change", step.change}};
    if (step.request) {
      item["kind"] = step.request->kind;
      item["params"] = step.request->params;
    }
    items.push_back(std::move(item));
  }
  return items;
}

Result<std::vector<Step>> read_steps(const json::object& request) {
  const json::array* items = array_at(request, "steps");
  std::vector<Step> steps;
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    const json::object* item = items->at(i).if_object();
    if (item == nullptr || i >= steps_max) {
      return error(Code::invalid,
                   fmt::format("\"steps\" is a list of at most {} objects", steps_max));
    }
    Step step{text_at(*item, "change"), std::nullopt};
    if (item->contains("kind")) {
      const json::object* params = object_at(*item, "params");
      step.request = change::Request{text_at(*item, "kind"), params ? *params : json::object{}};
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

json::array foreseen_json(const std::vector<Foreseen>& foreseen) {
  json::array items;
  for (const Foreseen& one : foreseen) {
    items.push_back(json::object{{"change", one.change},
                                 {"code", code_name(one.problem.code)},
                                 {"message", one.problem.render()},
                                 {"next", one.problem.next}});
  }
  return items;
}

std::vector<Foreseen> read_foreseen(const json::object& answer) {
  const json::array* items = array_at(answer, "refused");
  std::vector<Foreseen> foreseen;
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    const json::object* item = items->at(i).if_object();
    if (item == nullptr) continue;
    foreseen.push_back(
        {text_at(*item, "change"), error(code_from_name(text_at(*item, "code")),
                                         text_at(*item, "message"), text_at(*item, "next"))});
  }
  return foreseen;
}

}  // namespace squall::guardian
