#include "sys/command.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "core/text.h"
#include "sys/clock.h"

namespace squall::sys {
namespace {

constexpr std::array<const char*, 5> inherited_variables = {"PATH", "HOME", "LANG", "TMPDIR",
                                                            "USER"};
// How long a killed program may take to vanish: only one stuck in the kernel needs any of it.
constexpr Duration death_limit = seconds(1);

struct Pipe {
  Fd reader;
  Fd writer;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error(errno, "making a pipe");
  Pipe pipe{Fd(ends[0]), Fd(ends[1])};
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return errno_error(errno, "setting up a pipe");
  return pipe;
}

// One output of the program, read up to a limit and beyond that thrown away.
struct Sink {
  Fd fd;
  std::uint64_t limit = 0;
  std::string text;
  bool was_cut = false;

  // Reads what is there now. A writer that never pauses is left after 16 rounds, so that the other
  // output and the clock get their turn.
  void drain() {
    std::array<char, 65536> buffer;
    for (int round = 0; round < 16 && fd.valid(); ++round) {
      const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return fd.reset();
      const auto count = static_cast<std::size_t>(got);
      const std::size_t room = limit - std::min<std::uint64_t>(limit, text.size());
      text.append(buffer.data(), std::min(count, room));
      was_cut = was_cut || count > room;
    }
  }
};

Status check_folder(const Command& command) {
  if (command.directory.empty()) return ok();
  struct stat status {};
  if (::stat(command.directory.c_str(), &status) != 0) {
    return errno_error(errno, "cannot start in the folder " + printable(command.directory));
  }
  if (!S_ISDIR(status.st_mode)) {
    return error(Code::not_found, printable(command.directory) + " is not a folder");
  }
  return ok();
}

std::vector<std::string> environment_of(const Command& command) {
  std::map<std::string, std::string> variables = command.environment;
  for (const char* name : inherited_variables) {
    const char* value = std::getenv(name);
    if (value != nullptr) variables.emplace(name, value);
  }
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
  return lines;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The attributes and file actions of posix_spawn(3), freed on every way out.
struct SpawnSetup {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  SpawnSetup(const Command& command, int output, int error_output) {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, error_output, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    if (!command.directory.empty()) {
      ::posix_spawn_file_actions_addchdir_np(&actions, command.directory.c_str());
    }
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSetup() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
};

Error cannot_start(const std::string& program, int number) {
  const std::string name = printable(program);
  if (number == ENOENT && program.find('/') == std::string::npos) {
    return error(Code::not_found, fmt::format("there is no program \"{}\" in PATH", name),
                 "install it, or give its whole path");
  }
  if (number == ENOENT) {
    return error(Code::not_found,
                 fmt::format("{} does not exist, or the interpreter that it names does not", name));
  }
  return errno_error(number, "cannot start " + name);
}

// A program that runs: until it is reaped, its pid and its group belong to nobody else.
class Running {
 public:
  static Result<Running> start(const Command& command, int output, int error_output) {
    std::vector<std::string> arguments = command.argv;
    std::vector<std::string> variables = environment_of(command);
    const SpawnSetup setup(command, output, error_output);
    pid_t pid = -1;
    const int number = ::posix_spawnp(&pid, arguments[0].c_str(), &setup.actions, &setup.attributes,
                                      pointers_to(arguments).data(), pointers_to(variables).data());
    if (number != 0) return cannot_start(command.argv[0], number);
    Running running(pid);
    running.pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!running.pidfd_.valid()) return errno_error(errno, "opening the started program");
    return running;
  }

  Running(Running&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}
  Running& operator=(Running&&) = delete;
  ~Running() {
    if (pid_ < 0) return;
    kill_group();
    siginfo_t ignored{};
    // Without a pidfd there is nothing to wait on with a limit.
    if (pidfd_.valid() &&
        Patience(death_limit).wait_for(pidfd_.get(), POLLIN) != Patience::End::ready) {
      return;
    }
    ::waitid(P_PID, static_cast<id_t>(pid_), &ignored, WEXITED);
  }

  int pidfd() const { return pidfd_.get(); }
  void kill_group() const { ::kill(-pid_, SIGKILL); }

  // After the pidfd reported the end.
  Status reap(CommandResult& result) {
    siginfo_t status{};
    const int number =
        ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &status, WEXITED) == 0 ? 0 : errno;
    pid_ = -1;
    if (number != 0) return errno_error(number, "asking how the program ended");
    if (status.si_code == CLD_EXITED) {
      result.exit_code = status.si_status;
    } else {
      result.end = CommandResult::End::killed;
      result.signal = status.si_status;
    }
    return ok();
  }

 private:
  explicit Running(pid_t pid) : pid_(pid) {}
  pid_t pid_;
  Fd pidfd_;
};

}  // namespace

Status check_command(const Command& command) {
  if (command.argv.empty() || command.argv[0].empty()) {
    return error(Code::invalid, "a command needs at least the name of a program");
  }
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  for (const std::string& argument : command.argv) {
    if (has_nul(argument)) return error(Code::invalid, "an argument holds a NUL byte");
  }
  for (const auto& [name, value] : command.environment) {
    if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value)) {
      return error(
          Code::invalid,
          fmt::format("\"{}\" cannot be set in an environment: a name is not empty and holds no "
                      "\"=\", and nothing holds a NUL byte",
                      printable(name)));
    }
  }
  return ok();
}

Result<CommandResult> run_command(const Command& command, Patience& patience) {
  TRY_VOID(check_command(command));
  TRY_VOID(check_folder(command));
  Pipe output = TRY(make_pipe());
  Pipe error_output = TRY(make_pipe());
  const Duration start = monotonic_now();
  Running running = TRY(Running::start(command, output.writer.get(), error_output.writer.get()));
  output.writer.reset();
  error_output.writer.reset();

  Sink first{std::move(output.reader), command.output_limit.count};
  Sink second{std::move(error_output.reader), command.output_limit.count};
  CommandResult result;
  while (true) {
    std::array<pollfd, 3> entries = {
        {{running.pidfd(), POLLIN, 0}, {first.fd.get(), POLLIN, 0}, {second.fd.get(), POLLIN, 0}}};
    const Patience::End end = patience.wait(entries);
    // Whoever of the group outlives its leader must not go on writing while the rest is read.
    if (end != Patience::End::ready || entries[0].revents != 0) running.kill_group();
    first.drain();
    second.drain();
    if (end == Patience::End::ready && entries[0].revents == 0 && !patience.is_over()) continue;
    if (end == Patience::End::ready && entries[0].revents != 0) {
      TRY_VOID(running.reap(result));
    } else {
      result.end =
          patience.is_stopped() ? CommandResult::End::stopped : CommandResult::End::timed_out;
    }
    break;
  }
  result.output = std::move(first.text);
  result.error_output = std::move(second.text);
  result.output_was_cut = first.was_cut;
  result.error_output_was_cut = second.was_cut;
  result.took = monotonic_now() - start;
  return result;
}

}  // namespace squall::sys
