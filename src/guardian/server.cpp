#include "guardian/server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guardian/state.h"
#include "guardian/twin.h"
#include "sys/clock.h"

namespace squall::guardian {
namespace {

constexpr Duration tick = milliseconds(50);  // how soon the emergency file is noticed
constexpr Duration first_retry = milliseconds(200);
constexpr Duration longest_retry = seconds(10);
constexpr std::uint64_t compact_at_bytes = 1 << 20;
constexpr std::size_t connections_max = 256;
constexpr Duration headroom_pause = milliseconds(100);

// Whether something lies in the socket that was not read yet, be it a word or its end.
bool has_waiting_word(const sys::Fd& fd) {
  pollfd entry{fd.get(), POLLIN, 0};
  return ::poll(&entry, 1, 0) > 0;
}

std::vector<std::string> guarded_disks(const Policy& policy, const std::string& state_folder) {
  std::vector<std::string> paths = policy.guarded_disks;
  paths.push_back(state_folder);
  return paths;
}

}  // namespace

Server::Server(const Options& options, Policy policy, change::Journal::Opened journal)
    : options_(options),
      policy_(std::move(policy)),
      executor_(std::move(journal), *options.kinds,
                [this](change::Step step) {
                  say_working();
                  if (options_.observer) options_.observer(step);
                }),
      host_cores_(static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN))),
      rooms_(guarded_disks(policy_, options.state_folder)),
      last_busy_(sys::monotonic_now()),
      retry_pause_(first_retry) {}

void Server::log(const std::string& text) const {
  std::fprintf(stderr, "%s %s\n", sys::wall_time_text().c_str(), text.c_str());
}

void Server::replay() {
  for (const std::string& note : executor_.journal_notes()) log("journal: " + note);
  for (const auto& [id, reverted] : executor_.revert_all()) {
    log(fmt::format("replay: {}", canonical_json(ending_of(id, reverted))));
  }
}

Status Server::listen() {
  listener_ = TRY(listen_in(options_.state_folder));
  return ok();
}

Status Server::start_twin() {
  if (options_.twin_command.empty()) return ok();
  twin_ = TRY(spawn_twin(options_.twin_command));
  next_pulse_ = {};
  return ok();
}

bool Server::is_idle() const {
  return connections_.empty() && executor_.live().empty();
}

Duration Server::next_wake() const {
  Duration wait = is_idle() ? pulse_pause : tick;
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
    watch_headroom();
    check_twin();
    retry_undo();
    drop_closed();
    say_waiting();
    if (!is_idle()) {
      last_busy_ = sys::monotonic_now();
    } else if (sys::monotonic_now() - last_busy_ > options_.idle_limit) {
      executor_.compact_if_larger(compact_at_bytes);
      if (twin_) say_goodbye(*twin_);
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

void Server::end_run(Connection& connection, const std::string& why) {
  if (connection.run.empty()) return;
  const json::object reverted = revert_run(connection.run);
  if (const json::array* endings = array_at(reverted, "reverted"); endings && !endings->empty()) {
    log(fmt::format("run {} reverted: {}", connection.run, why));
  }
}

// One thread does everything here, so a change that takes seconds to make or to undo keeps the
// words of all other runners waiting. Who has spoken is heard, at the next turn, before it is
// judged.
void Server::check_leases() {
  for (const auto& connection : connections_) {
    if (connection->run.empty() || !connection->stopped.empty()) continue;
    if (sys::boottime_now() < connection->lease_end || has_waiting_word(connection->fd)) continue;
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

// Ends the runs whose changes take what the host runs short of.
void Server::watch_headroom() {
  if (sys::monotonic_now() < next_headroom_look_) return;
  next_headroom_look_ = sys::monotonic_now() + headroom_pause;
  std::map<std::string, std::string> short_runs;
  for (const change::Live& live : executor_.live()) {
    if (is_empty(live.footprint.demand) || short_runs.contains(live.run)) continue;
    const auto shortage = find_shortage(rooms_.look(live.footprint.demand), policy_);
    if (shortage) short_runs[live.run] = *shortage;
  }
  for (const auto& [run, shortage] : short_runs) {
    log(fmt::format("run {} is ended: {}", run, shortage));
    for (const auto& connection : connections_) {
      if (connection->run == run) connection->stopped = shortage;
    }
    revert_run(run);
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

void Server::say_working() {
  if (!twin_) return;
  beat(*twin_, Pulse::working);
  next_pulse_ = {};  // the end of the work is said at once
}

void Server::say_waiting() {
  if (!twin_ || sys::monotonic_now() < next_pulse_) return;
  beat(*twin_, Pulse::waiting);
  next_pulse_ = sys::monotonic_now() + pulse_pause;
}

void Server::retry_undo() {
  if (!executor_.has_unverified_undo() || sys::monotonic_now() < next_retry_) return;
  for (const change::Live& live : std::vector<change::Live>(executor_.live())) {
    if (live.undo_problem.empty()) continue;
    const Result<change::Reverted> reverted = executor_.revert(live.id);
    log(fmt::format("retry: {}", canonical_json(ending_of(live.id, reverted))));
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
