// What the guardian answers: each request of protocol.h in a function of its own.
#include <algorithm>

#include <fmt/core.h>
#include <unistd.h>

#include "guardian/server.h"
#include "guardian/state.h"
#include "guardian/twin.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::guardian {
namespace {

constexpr std::size_t protected_paths_max = 1000;

// A protection that is not understood must not be dropped in silence.
Status read_protected_paths(const json::object& request, std::vector<std::string>& paths) {
  const json::array* items = array_at(request, "protect");
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    const json::string* path = items->at(i).if_string();
    if (path == nullptr || !path->starts_with('/') || i >= protected_paths_max) {
      return error(Code::invalid, fmt::format("\"protect\" is a list of at most {} full paths",
                                              protected_paths_max));
    }
    paths.emplace_back(*path);
  }
  return ok();
}

}  // namespace

json::object Server::ending_of(const std::string& id, const Result<change::Reverted>& reverted) {
  if (!reverted.ok()) return {{"change", id}, {"error", reverted.error().render()}};
  return {{"change", id},
          {"ending", change::ending_name(reverted->ending)},
          {"detail", reverted->detail}};
}

json::object Server::answer(Connection& connection, const json::object& request) {
  const std::string verb = text_at(request, "request");
  const bool needs_run =
      verb == "judge" || verb == "apply" || verb == "revert" || verb == "renew" || verb == "finish";
  if (needs_run && connection.run.empty()) {
    return answer_error(error(Code::invalid, "this connection has not said hello for a run"));
  }
  connection.lease_end = sys::boottime_now() + connection.lease;
  Result<json::object> result = json::object{};
  if (verb == "hello") {
    result = hello(connection, request);
  } else if (verb == "judge") {
    result = judge(connection, request);
  } else if (verb == "apply") {
    result = apply(connection, request);
  } else if (verb == "revert") {
    result = revert(connection, request);
  } else if (verb == "renew") {
    result = renew(connection);
  } else if (verb == "finish") {
    result = revert_run(connection.run);
  } else if (verb == "status") {
    result = status();
  } else if (verb == "revert_all") {
    for (const auto& other : connections_) {
      if (!other->run.empty()) other->stopped = "an operator asked for everything to be undone";
    }
    result = revert_run("");
  } else {
    result = error(Code::invalid, fmt::format("there is no request \"{}\"", verb));
  }
  connection.lease_end = sys::boottime_now() + connection.lease;
  if (!result.ok()) return answer_error(result.error());
  (*result)["ok"] = true;
  return std::move(*result);
}

Status Server::may_start() const {
  if (const auto reason = stop_reason(options_.state_folder)) {
    return error(Code::refused, fmt::format("runs are halted: {}", *reason),
                 "when it is safe again: squall resume");
  }
  if (executor_.has_unverified_undo()) {
    return error(Code::refused, "an earlier change could not be undone yet; nothing new is started",
                 "look at squall status");
  }
  if (!executor_.journal_is_whole()) {
    return error(Code::refused,
                 "the journal lost records, so something may be in force that nobody knows of; "
                 "nothing new is started",
                 "see what was lost, and go on from there: squall recover");
  }
  return ok();
}

Result<json::object> Server::hello(Connection& connection, const json::object& request) {
  if (!connection.run.empty()) return error(Code::conflict, "this connection already has a run");
  const std::string run = text_at(request, "run");
  if (run.empty() || run.size() > 128 || run.find('/') != std::string::npos) {
    return error(Code::invalid, "a run needs a name of 1 to 128 characters without a slash");
  }
  for (const auto& other : connections_) {
    if (other->run == run)
      return error(Code::conflict, fmt::format("the run {} is connected", run));
  }
  TRY_VOID(may_start());
  connection.lease = std::clamp(milliseconds(integer_at(request, "lease_ms", 2000)), shortest_lease,
                                longest_lease);
  connection.accept_irreversible = bool_at(request, "accept_irreversible");
  connection.ssh = parse_ssh_connection(text_at(request, "ssh"));
  TRY_VOID(read_protected_paths(request, connection.protected_paths));
  for (const std::int64_t pid : sys::ancestors(connection.peer_pid)) connection.family.insert(pid);
  connection.run = run;
  return json::object{{"guardian_pid", ::getpid()},
                      {"twin", twin_.has_value()},
                      {"lease_ms", static_cast<std::int64_t>(connection.lease.milliseconds())}};
}

GateFacts Server::gate_facts() const {
  GateFacts facts;
  facts.policy = policy_;
  facts.host_cores = host_cores_;
  facts.state_folder = sys::real_path(options_.state_folder).ok()
                           ? *sys::real_path(options_.state_folder)
                           : options_.state_folder;
  facts.protected_pids = {1, ::getpid(), ::getppid()};
  if (twin_) facts.protected_pids.insert(pid_of(twin_->pidfd));
  for (const auto& connection : connections_) {
    facts.protected_pids.insert(connection->peer_pid);
    facts.protected_pids.insert(connection->family.begin(), connection->family.end());
    if (connection->ssh) facts.sessions.push_back(*connection->ssh);
    facts.protected_paths.insert(facts.protected_paths.end(), connection->protected_paths.begin(),
                                 connection->protected_paths.end());
  }
  facts.own_network_namespace = network_namespace_name("");
  for (const change::Live& live : executor_.live()) {
    facts.live.push_back(live.footprint);
    if (const std::int64_t holder = integer_at(live.before, "holder_pid"); holder != 0) {
      facts.protected_pids.insert(holder);
    }
  }
  return facts;
}

// What the changes in force have still to take: leaks that go on.
Pending Server::pending() const {
  Pending sum;
  for (const change::Live& live : executor_.live()) {
    const change::Kind* kind = change::find(*options_.kinds, live.request.kind);
    if (kind == nullptr || !kind->outstanding || !live.undo_problem.empty()) continue;
    sum.add(kind->outstanding(live.request.params, live.before));
  }
  return sum;
}

Status Server::check_headroom(const change::Demand& demand) const {
  if (is_empty(demand)) return ok();
  return guardian::check_headroom(demand, pending(), rooms_.look(demand), policy_);
}

Result<json::object> Server::judge(const Connection& connection,
                                   const json::object& request) const {
  const std::vector<Step> steps = TRY(read_steps(request));
  return json::object{
      {"refused",
       foreseen_json(foresee(steps, {.kinds = options_.kinds,
                                     .facts = gate_facts(),
                                     .rooms = rooms_,
                                     .pending = pending(),
                                     .live = executor_.live(),
                                     .accept_irreversible = connection.accept_irreversible}))}};
}

Result<json::object> Server::apply(Connection& connection, const json::object& request) {
  TRY_VOID(may_start());
  if (!connection.stopped.empty()) {
    return error(Code::refused, fmt::format("this run was stopped: {}", connection.stopped));
  }
  change::Request wanted{text_at(request, "kind"), {}};
  if (const json::object* params = object_at(request, "params")) wanted.params = *params;
  const std::string id = fmt::format("{}/{}", connection.run, text_at(request, "change"));
  say_working();
  const GateFacts facts = gate_facts();
  const change::Applied applied = TRY(
      executor_.apply(id, connection.run, wanted, connection.accept_irreversible,
                      [&](const change::Kind& kind, const change::Footprint& footprint) -> Status {
                        TRY_VOID(check_gates(kind, footprint, facts));
                        return check_headroom(footprint.demand);
                      }));
  return json::object{{"describe", applied.describe},
                      {"undo", applied.undo},
                      {"keeping", applied.keeping},
                      {"facts", applied.facts},
                      {"applied_ns", applied.applied_ns}};
}

Result<json::object> Server::revert(Connection& connection, const json::object& request) {
  const std::string id = fmt::format("{}/{}", connection.run, text_at(request, "change"));
  const change::Reverted reverted = TRY(executor_.revert(id));
  return json::object{{"ending", change::ending_name(reverted.ending)},
                      {"detail", reverted.detail},
                      {"reverted_ns", sys::monotonic_now().nanoseconds}};
}

json::object Server::renew(Connection& connection) {
  return {{"lost", std::exchange(connection.lost, {})}, {"stopped", connection.stopped}};
}

json::object Server::revert_run(const std::string& run) {
  json::array endings;
  for (const auto& [id, reverted] : executor_.revert_all(run)) {
    endings.push_back(ending_of(id, reverted));
    log(fmt::format("revert: {}", canonical_json(endings.back())));
  }
  next_retry_ = sys::monotonic_now() + retry_pause_;
  return {{"reverted", std::move(endings)}};
}

json::object Server::status() const {
  json::array changes;
  for (const change::Live& live : executor_.live()) {
    const change::Kind* kind = change::find(*options_.kinds, live.request.kind);
    changes.push_back(
        {{"change", live.id},
         {"run", live.run},
         {"kind", live.request.kind},
         {"describe", kind == nullptr ? "an unknown kind" : kind->describe(live.request.params)},
         {"undo", kind == nullptr ? "" : kind->undo(live.request.params)},
         {"undo_problem", live.undo_problem},
         {"undo_tries", live.undo_tries}});
  }
  json::array runs;
  for (const auto& connection : connections_) {
    if (connection->run.empty()) continue;
    const Duration left = connection->lease_end - sys::boottime_now();
    runs.push_back({{"run", connection->run},
                    {"pid", connection->peer_pid},
                    {"lease_left_ms", static_cast<std::int64_t>(left.milliseconds())}});
  }
  json::array notes;
  for (const std::string& note : executor_.journal_notes()) notes.push_back(json::string(note));
  return {{"guardian_pid", ::getpid()},
          {"twin_pid", twin_ ? pid_of(twin_->pidfd) : 0},
          {"runs", std::move(runs)},
          {"changes", std::move(changes)},
          {"stopped", stop_reason(options_.state_folder).value_or("")},
          {"journal_is_whole", executor_.journal_is_whole()},
          {"notes", std::move(notes)}};
}

}  // namespace squall::guardian
