#include "guardian/client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"
#include "guardian/state.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::guardian {
namespace {

constexpr Duration start_limit = seconds(10);

Error lost(std::string_view why) {
  return error(Code::failed, fmt::format("the guardian is gone ({})", why),
               "its twin or the next start of squall undoes what was in force: squall status");
}

// Runs the guardian in a session of its own, with nothing of ours but the pipe that it reports on.
Result<sys::Fd> launch_guardian(const Launch& launch, const std::string& program) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return errno_error(errno, "making a pipe");
  sys::Fd reading(pipe[0]);
  const sys::Fd writing(pipe[1]);
  std::vector<std::string> words = {
      program,      "serve",
      "--state",    launch.state_folder,
      "--idle-ms",  std::to_string(launch.idle_limit.poll_milliseconds()),
      "--ready-fd", "3"};
  if (!launch.policy_file.empty()) {
    words.push_back("--policy");
    words.push_back(launch.policy_file);
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string log = launch.state_folder + "/guardian.log";
  const pid_t child = ::fork();
  if (child < 0) return errno_error(errno, "starting the guardian");
  if (child == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);  // the grandchild belongs to init: it outlives us
    const int nothing = ::open("/dev/null", O_RDWR);
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(nothing, 0);
    ::dup2(nothing, 1);
    ::dup2(file >= 0 ? file : nothing, 2);
    ::dup2(writing.get(), 3);
    if (writing.get() == 3) ::fcntl(3, F_SETFD, 0);
    ::close_range(4, ~0U, 0);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return reading;
}

// The line that the guardian says once it serves, or why it cannot.
Status await_ready(const sys::Fd& pipe) {
  std::string line;
  const Duration deadline = sys::monotonic_now() + start_limit;
  while (line.find('\n') == std::string::npos) {
    pollfd entry{pipe.get(), POLLIN, 0};
    const int ready = ::poll(&entry, 1, (deadline - sys::monotonic_now()).poll_milliseconds());
    if (ready == 0) return error(Code::timed_out, "the guardian did not start in time");
    std::array<char, 4096> buffer;
    const ssize_t got = ready < 0 ? -1 : ::read(pipe.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return error(Code::failed, "the guardian ended while it started");
    line.append(buffer.data(), static_cast<std::size_t>(got));
  }
  line.resize(line.find('\n'));
  if (line == "ready") return ok();
  const std::size_t blank = line.find(' ');
  return error(code_from_name(line.substr(0, blank)),
               blank == std::string::npos ? line : line.substr(blank + 1));
}

}  // namespace

Result<std::string> find_guardian_program() {
  if (const char* named = std::getenv("SQUALL_GUARDIAN")) {
    if (::access(named, X_OK) == 0) return std::string(named);
    return errno_error(errno,
                       fmt::format("the guardian program {} cannot be run", printable(named)))
        .advise("name the program squall-guardian in SQUALL_GUARDIAN, or unset it");
  }
  std::array<char, PATH_MAX> buffer;
  const ssize_t size = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  const std::string own =
      size <= 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
  const std::string folder = sys::folder_of(own);
  for (const std::string& path :
       {folder + "/squall-guardian", folder + "/../libexec/squall/squall-guardian"}) {
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return error(Code::not_found, fmt::format("squall-guardian is not beside {}", own),
               "install it there, or name it in SQUALL_GUARDIAN");
}

Result<Client> Client::connect(const std::string& state_folder) {
  Result<sys::Fd> fd = connect_in(state_folder);
  if (!fd.ok()) {
    return error(Code::not_found, fmt::format("no guardian runs in {}", state_folder))
        .while_doing(fd.error().message);
  }
  return Client(std::move(*fd));
}

Result<Client> Client::connect_alive(const std::string& state_folder) {
  Client client = TRY(connect(state_folder));
  TRY_VOID(client.call({{"request", "status"}}));
  return client;
}

Result<Client> Client::connect_or_start(const Launch& launch) {
  if (Result<Client> client = connect_alive(launch.state_folder)) return client;
  TRY_VOID(prepare_state_folder(launch.state_folder));
  std::string program = launch.program;
  if (program.empty()) program = TRY(find_guardian_program());
  const Duration deadline = sys::monotonic_now() + start_limit;
  while (true) {
    const sys::Fd pipe = TRY(launch_guardian(launch, program));
    const Status ready = await_ready(pipe);
    if (Result<Client> client = connect_alive(launch.state_folder)) return client;
    // Another starter may have won the lock; its guardian answers in a moment.
    const bool is_beaten = !ready.ok() && ready.error().code == Code::conflict;
    if (!ready.ok() && !is_beaten) return Error(ready.error()).while_doing("starting the guardian");
    if (sys::monotonic_now() >= deadline) {
      return error(Code::timed_out, "the guardian starts but does not answer",
                   fmt::format("look at {}/guardian.log", launch.state_folder));
    }
  }
}

Result<json::object> Client::call(json::object request, Duration limit) {
  const std::string frame = encode_frame(request);
  std::string_view rest = frame;
  while (!rest.empty()) {
    const ssize_t sent = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return lost("sending failed");
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  const Duration deadline = sys::monotonic_now() + limit;
  while (true) {
    std::optional<json::object> answer = TRY(reader_.next());
    if (answer) return read_answer(std::move(*answer));
    pollfd entry{fd_.get(), POLLIN, 0};
    const int ready = ::poll(&entry, 1, (deadline - sys::monotonic_now()).poll_milliseconds());
    if (ready == 0) return error(Code::timed_out, "the guardian does not answer");
    std::array<char, 65536> buffer;
    const ssize_t got = ready < 0 ? -1 : ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return lost("it closed the connection");
    reader_.feed({buffer.data(), static_cast<std::size_t>(got)});
  }
}

Result<std::unique_ptr<Session>> Session::open(Client client, Options options) {
  std::unique_ptr<Session> session(new Session(std::move(client), std::move(options)));
  const Options& asked = session->options_;
  json::array protect;
  for (const std::string& path : asked.protected_paths) protect.push_back(json::string(path));
  TRY_VOID(session->call({{"request", "hello"},
                          {"run", asked.run},
                          {"lease_ms", static_cast<std::int64_t>(asked.lease.milliseconds())},
                          {"accept_irreversible", asked.accept_irreversible},
                          {"ssh", asked.ssh_connection},
                          {"protect", std::move(protect)}}));
  session->keeper_ =
      std::jthread([self = session.get()](std::stop_token stop) { self->keep_lease(stop); });
  return session;
}

Session::~Session() {
  keeper_.request_stop();
  if (keeper_.joinable()) keeper_.join();
}

Result<json::object> Session::call(json::object request) {
  const std::lock_guard lock(mutex_);
  return client_.call(std::move(request));
}

void Session::keep_lease(std::stop_token stop) {
  const Duration pause = std::min(options_.lease / 4, milliseconds(200));
  while (sys::sleep_until(sys::monotonic_now() + pause, stop)) {
    const Result<json::object> answer = call({{"request", "renew"}});
    if (!options_.on_trouble) continue;
    if (!answer.ok()) {
      if (!stop.stop_requested()) {
        options_.on_trouble({Trouble::Kind::disconnected, "", answer.error().render()});
      }
      return;
    }
    if (const json::array* lost_changes = array_at(*answer, "lost")) {
      for (const json::value& item : *lost_changes) {
        options_.on_trouble({Trouble::Kind::change_lost, text_at(item.get_object(), "change"),
                             text_at(item.get_object(), "message")});
      }
    }
    const std::string stopped = text_at(*answer, "stopped");
    if (!stopped.empty() && !is_told_stopped_) {
      is_told_stopped_ = true;
      options_.on_trouble({Trouble::Kind::stopped, "", stopped});
    }
  }
}

Result<std::vector<Foreseen>> Session::foresee(const std::vector<Step>& steps) {
  return read_foreseen(TRY(call({{"request", "judge"}, {"steps", steps_json(steps)}})));
}

Result<Session::Applied> Session::apply(const std::string& change, const change::Request& request) {
  const Duration commanded = sys::monotonic_now();
  const json::object answer = TRY(call({{"request", "apply"},
                                        {"change", change},
                                        {"kind", request.kind},
                                        {"params", request.params}}));
  return Applied{text_at(answer, "describe"), text_at(answer, "undo"), text_at(answer, "keeping"),
                 commanded, Duration{integer_at(answer, "applied_ns")}};
}

Result<Session::Reverted> Session::revert(const std::string& change) {
  const json::object answer = TRY(call({{"request", "revert"}, {"change", change}}));
  return Reverted{change, text_at(answer, "ending"), text_at(answer, "detail")};
}

Result<std::vector<Session::Reverted>> Session::finish() {
  const json::object answer = TRY(call({{"request", "finish"}}));
  std::vector<Reverted> endings;
  if (const json::array* items = array_at(answer, "reverted")) {
    for (const json::value& item : *items) {
      const json::object& one = item.get_object();
      const std::string id = text_at(one, "change");
      const std::string problem = text_at(one, "error");
      endings.push_back({id.substr(id.find('/') + 1),
                         problem.empty() ? text_at(one, "ending") : "failed",
                         problem.empty() ? text_at(one, "detail") : problem});
    }
  }
  return endings;
}

}  // namespace squall::guardian
