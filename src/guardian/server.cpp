#include "guardian/server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include <fmt/core.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guardian/state.h"
#include "guardian/twin.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/host.h"

namespace squall::guardian {
namespace {

constexpr Duration tick = milliseconds(50);  // how soon the emergency file is noticed
constexpr Duration shortest_lease = milliseconds(100);
constexpr Duration longest_lease = seconds(60);
constexpr Duration first_retry = milliseconds(200);
constexpr Duration longest_retry = seconds(10);
constexpr std::uint64_t compact_at_bytes = 1 << 20;
constexpr std::size_t connections_max = 256;

json::object reverted_json(const std::string& id, const Result<change::Reverted>& reverted) {
  if (!reverted.ok()) return {{"change", id}, {"error", reverted.error().render()}};
  return {{"change", id},
          {"ending", change::ending_name(reverted->ending)},
          {"detail", reverted->detail}};
}

}  // namespace

Server::Server(const Options& options, Policy policy, change::Journal::Opened journal)
    : options_(options),
      policy_(std::move(policy)),
      executor_(std::move(journal), *options.kinds, options.observer),
      host_cores_(static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN))),
      last_busy_(sys::monotonic_now()),
      retry_pause_(first_retry) {}

void Server::log(const std::string& text) const {
  std::fprintf(stderr, "%s %s\n", sys::wall_time_text().c_str(), text.c_str());
}

void Server::replay() {
  for (const std::string& note : executor_.journal_notes()) log("journal: " + note);
  for (const auto& [id, reverted] : executor_.revert_all()) {
    log(fmt::format("replay: {}", canonical_json(reverted_json(id, reverted))));
  }
}

Status Server::listen() {
  listener_ = TRY(listen_in(options_.state_folder));
  return ok();
}

Status Server::start_twin() {
  if (options_.twin_command.empty()) return ok();
  TwinProcess started = TRY(spawn_twin(options_.twin_command));
  twin_ = Twin{std::move(started.pidfd), std::move(started.farewell)};
  return ok();
}

bool Server::is_idle() const {
  return connections_.empty() && executor_.live().empty();
}

Duration Server::next_wake() const {
  Duration wait = is_idle() ? milliseconds(250) : tick;
  for (const auto& connection : connections_) {
    if (connection->run.empty()) continue;
    wait = std::min(wait, std::max(connection->lease_end - sys::boottime_now(), Duration{0}));
  }
  return wait;
}

int Server::run() {
  while (true) {
    std::vector<pollfd> entries = {{listener_.get(), POLLIN, 0}};
    for (const auto& connection : connections_)
      entries.push_back({connection->fd.get(), POLLIN, 0});
    const std::size_t others = entries.size();
    for (const int channel : executor_.holder_channels()) entries.push_back({channel, POLLIN, 0});
    if (twin_) entries.push_back({twin_->pidfd.get(), POLLIN, 0});
    const int ready = ::poll(entries.data(), entries.size(), next_wake().poll_milliseconds());
    if (ready < 0 && errno != EINTR) {
      log(fmt::format("poll: {}", errno));
      return 1;
    }
    if (ready > 0) {
      for (std::size_t i = 1; i < others; ++i) {
        if (entries[i].revents != 0) read_from(*connections_[i - 1]);
      }
      if (entries[0].revents != 0) accept_connections();
    }
    check_stop_file();
    check_leases();
    check_holders();
    check_twin();
    retry_undo();
    drop_closed();
    if (!is_idle()) {
      last_busy_ = sys::monotonic_now();
    } else if (sys::monotonic_now() - last_busy_ > options_.idle_limit) {
      executor_.compact_if_larger(compact_at_bytes);
      if (twin_) say_goodbye(twin_->farewell, twin_->pidfd);
      return 0;
    }
  }
}

void Server::accept_connections() {
  while (true) {
    sys::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) return;
    ucred peer{};
    socklen_t size = sizeof(peer);
    const bool known = ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    if (!known || (peer.uid != 0 && peer.uid != ::geteuid())) continue;
    if (connections_.size() >= connections_max) continue;
    auto connection = std::make_unique<Connection>();
    connection->fd = std::move(fd);
    connection->peer_pid = peer.pid;
    connections_.push_back(std::move(connection));
  }
}

void Server::read_from(Connection& connection) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(connection.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    connection.closing = true;
    return;
  }
  connection.reader.feed({buffer.data(), static_cast<std::size_t>(got)});
  while (!connection.closing) {
    Result<std::optional<json::object>> message = connection.reader.next();
    if (!message.ok()) {
      log("a client sent what is not a message: " + message.error().render());
      connection.closing = true;
      return;
    }
    if (!message->has_value()) return;
    const std::string frame = encode_frame(answer(connection, **message));
    // Answers are small and asked for one by one: a client that does not read them is cut off.
    if (::send(connection.fd.get(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT) !=
        static_cast<ssize_t>(frame.size())) {
      connection.closing = true;
    }
  }
}

json::object Server::answer(Connection& connection, const json::object& request) {
  const std::string verb = text_at(request, "request");
  const bool needs_run = verb == "apply" || verb == "revert" || verb == "renew" || verb == "finish";
  if (needs_run && connection.run.empty()) {
    return answer_error(error(Code::invalid, "this connection has not said hello for a run"));
  }
  connection.lease_end = sys::boottime_now() + connection.lease;
  Result<json::object> result = json::object{};
  if (verb == "hello") {
    result = hello(connection, request);
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

Result<json::object> Server::apply(Connection& connection, const json::object& request) {
  TRY_VOID(may_start());
  if (!connection.stopped.empty()) {
    return error(Code::refused, fmt::format("this run was stopped: {}", connection.stopped));
  }
  change::Request wanted{text_at(request, "kind"), {}};
  if (const json::object* params = object_at(request, "params")) wanted.params = *params;
  const std::string id = fmt::format("{}/{}", connection.run, text_at(request, "change"));
  const GateFacts facts = gate_facts();
  const change::Applied applied =
      TRY(executor_.apply(id, connection.run, wanted, connection.accept_irreversible,
                          [&](const change::Kind& kind, const change::Footprint& footprint) {
                            return check_gates(kind, footprint, facts);
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
    endings.push_back(reverted_json(id, reverted));
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
          {"notes", std::move(notes)}};
}

void Server::end_run(Connection& connection, const std::string& why) {
  if (connection.run.empty()) return;
  const json::object reverted = revert_run(connection.run);
  if (const json::array* endings = array_at(reverted, "reverted"); endings && !endings->empty()) {
    log(fmt::format("run {} reverted: {}", connection.run, why));
  }
}

void Server::check_leases() {
  for (const auto& connection : connections_) {
    if (connection->run.empty() || !connection->stopped.empty()) continue;
    if (sys::boottime_now() < connection->lease_end) continue;
    connection->stopped = "its lease ran out";
    end_run(*connection, connection->stopped);
  }
}

void Server::check_stop_file() {
  const auto reason = stop_reason(options_.state_folder);
  if (!reason || is_stopped_) {
    is_stopped_ = reason.has_value();
    return;
  }
  is_stopped_ = true;
  log("halted: " + *reason);
  for (const auto& connection : connections_) {
    if (!connection->run.empty()) connection->stopped = *reason;
  }
  revert_run("");
}

void Server::check_holders() {
  for (const std::string& id : executor_.lost_holders()) {
    const std::string run = id.substr(0, id.find('/'));
    log(fmt::format("the holder of {} died", id));
    for (const auto& connection : connections_) {
      if (connection->run != run) continue;
      connection->lost.push_back({{"change", id.substr(id.find('/') + 1)},
                                  {"message", "its holder died; the kernel took the change away"}});
    }
    static_cast<void>(executor_.revert(id).ok());
  }
}

void Server::check_twin() {
  if (!twin_) return;
  pollfd entry{twin_->pidfd.get(), POLLIN, 0};
  if (::poll(&entry, 1, 0) <= 0) return;
  reap(twin_->pidfd);
  twin_.reset();
  const Status started = start_twin();
  log(started.ok() ? "the twin died; a new one watches" : started.error().render());
}

void Server::retry_undo() {
  if (!executor_.has_unverified_undo() || sys::monotonic_now() < next_retry_) return;
  for (const change::Live& live : std::vector<change::Live>(executor_.live())) {
    if (live.undo_problem.empty()) continue;
    const Result<change::Reverted> reverted = executor_.revert(live.id);
    log(fmt::format("retry: {}", canonical_json(reverted_json(live.id, reverted))));
  }
  retry_pause_ =
      executor_.has_unverified_undo() ? std::min(retry_pause_ * 2, longest_retry) : first_retry;
  next_retry_ = sys::monotonic_now() + retry_pause_;
}

void Server::drop_closed() {
  for (const auto& connection : connections_) {
    if (connection->closing) end_run(*connection, "its connection closed");
  }
  std::erase_if(connections_, [](const auto& connection) { return connection->closing; });
}

}  // namespace squall::guardian
