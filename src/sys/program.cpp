#include "sys/program.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>

#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::sys {
namespace {

constexpr std::size_t largest_environment = 1 << 20;
constexpr Duration death_limit = seconds(1);

struct User {
  uid_t id = 0;
  gid_t group = 0;
  std::string name;
  std::string home;
};

Result<User> find_user(const std::string& name) {
  std::array<char, 16384> texts{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, texts.data(), texts.size(), &found);
  if (found == nullptr) {
    return error(Code::not_found, fmt::format("there is no user {}", quote(name)));
  }
  return User{entry.pw_uid, entry.pw_gid, entry.pw_name, entry.pw_dir};
}

Result<std::string> look_up(const std::string& name) {
  if (name.empty()) return error(Code::invalid, "a command needs at least the name of a program");
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
    const std::string candidate = folder + "/" + name;
    if (folder.starts_with('/') && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return error(Code::not_found, fmt::format("there is no program {} in PATH", quote(name)),
               "install it, or give its whole path");
}

// Whoever may write to the folder of a file may exchange the file, unless the folder is sticky.
Status check_writers(const std::string& path, const struct stat& status, uid_t user) {
  const bool is_ours = status.st_uid == 0 || status.st_uid == ::geteuid() || status.st_uid == user;
  const bool is_sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
  const mode_t others = status.st_gid == 0 ? S_IWOTH : S_IWOTH | S_IWGRP;
  if (is_ours && (is_sticky || (status.st_mode & others) == 0)) return ok();
  return error(Code::refused,
               fmt::format("{} can be written by others, who could run what they like with our "
                           "rights",
                           printable(path)),
               "give it to root and take the right to write from others (chmod go-w)");
}

}  // namespace

Result<std::string> find_trusted_program(const std::string& name, const std::string& user) {
  const std::string path = TRY(real_path(TRY(look_up(name))));
  const uid_t other = user.empty() ? ::geteuid() : TRY(find_user(user))
  .id;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno_error(errno, printable(path));
  if (!S_ISREG(status.st_mode) || (status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) {
    return error(Code::invalid, printable(path) + " is not a program",
                 "give an executable file (chmod +x)");
  }
  TRY_VOID(check_writers(path, status, other));
  for (std::string folder = folder_of(path);; folder = folder_of(folder)) {
    if (::stat(folder.c_str(), &status) != 0) return errno_error(errno, printable(folder));
    TRY_VOID(check_writers(folder, status, other));
    if (folder == "/") return path;
  }
}

Result<Command> as_user(Command command, const std::string& user) {
  if (user.empty()) return command;
  const User found = TRY(find_user(user));
  command.environment["HOME"] = found.home;
  command.environment["USER"] = found.name;
  if (found.id == ::geteuid()) return command;
  if (::geteuid() != 0) {
    return error(Code::refused, fmt::format("only root may run commands as {}", quote(user)));
  }
  constexpr const char* setpriv = "/usr/bin/setpriv";
  if (::access(setpriv, X_OK) != 0) {
    return error(Code::unsupported, "setpriv is missing, which is needed to run as another user",
                 "install util-linux");
  }
  std::vector<std::string> words{setpriv, fmt::format("--reuid={}", found.id),
                                 fmt::format("--regid={}", found.group), "--clear-groups",
                                 "--no-new-privs"};
  words.insert(words.end(), {"--inh-caps=-all", "--bounding-set=-all", "--"});
  words.insert(words.end(), command.argv.begin(), command.argv.end());
  command.argv = std::move(words);
  return command;
}

Status kill_bearers(const std::string& name, const std::string& value) {
  const std::string mark = fmt::format("{}{}={}{}", '\0', name, value, '\0');
  const auto bears = [&](std::int64_t pid) {
    const Result<std::string> text =
        read_file(fmt::format("/proc/{}/environ", pid), largest_environment);
    return text.ok() && (std::string(1, '\0') + *text).find(mark) != std::string::npos;
  };
  std::vector<Fd> dying;
  for (const std::string& entry : TRY(list_folder("/proc"))) {
    std::int64_t pid = 0;
    const auto [rest, problem] = std::from_chars(entry.data(), entry.data() + entry.size(), pid);
    const bool is_process = problem == std::errc() && *rest == '\0';
    if (!is_process || pid == ::getpid() || !bears(pid)) continue;
    const Result<Process> process = read_process(pid);
    if (!process.ok()) continue;
    Result<Fd> pidfd = open_process(process->id);
    // Asked again: the number might have gone to another process before it was held.
    if (!pidfd.ok() || !bears(pid)) continue;
    TRY_VOID(send_signal(*pidfd, SIGKILL));
    dying.push_back(std::move(pidfd).value());
  }
  for (const Fd& pidfd : dying) {
    if (!wait_for_end(pidfd, death_limit)) {
      return error(Code::timed_out, "a command that was cut off does not end");
    }
  }
  return ok();
}

}  // namespace squall::sys
