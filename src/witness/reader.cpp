#include "witness/reader.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::witness {
namespace {

constexpr int depth_max = 8;

// In a child of a program with threads: only calls that are safe there, and no memory is asked for.
[[noreturn]] void use_file(const char* path, Use use, std::int64_t attempts, int told) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NAME, "witness-reader");
  for (std::int64_t i = 0; i < attempts; ++i) {
    Attempt attempt;
    const Duration begun = sys::monotonic_now();
    const int file = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char letter = 0;
    if (file < 0 || (use != Use::open && ::read(file, &letter, 1) < 0)) {
      attempt.error_number = errno;
    }
    attempt.took = sys::monotonic_now() - begun;
    if (file >= 0) ::close(file);
    if (::write(told, &attempt, sizeof attempt) != sizeof attempt) ::_exit(1);
  }
  ::_exit(0);
}

Result<std::string> first_file(const std::string& folder, int depth) {
  for (const std::string& name : TRY(sys::list_folder(folder))) {
    struct stat status {};
    const std::string path = folder + "/" + name;
    if (::lstat(path.c_str(), &status) != 0) continue;
    if (S_ISREG(status.st_mode)) return path;
    if (!S_ISDIR(status.st_mode) || depth == 0) continue;
    if (Result<std::string> below = first_file(path, depth - 1)) return below;
  }
  return error(Code::not_found,
               fmt::format("there is no file in {} that a witness could try", printable(folder)),
               "put one there, or name a file");
}

}  // namespace

Result<std::vector<Attempt>> try_file(const std::string& path, Use use, std::int64_t attempts,
                                      Duration limit) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error(errno, "making a pipe");
  const sys::Fd reading(ends[0]);
  sys::Fd writing(ends[1]);
  const Duration begun = sys::monotonic_now();
  const pid_t child = ::fork();
  if (child < 0) return errno_error(errno, "starting the reader of a witness");
  if (child == 0) use_file(path.c_str(), use, attempts, writing.get());
  writing.reset();
  std::vector<Attempt> made;
  Duration last = begun;
  while (static_cast<std::int64_t>(made.size()) < attempts) {
    const Duration left = begun + limit - sys::monotonic_now();
    pollfd entry{reading.get(), POLLIN, 0};
    const int ready = ::poll(&entry, 1, std::max(left, Duration{}).poll_milliseconds());
    if (ready < 0 && errno == EINTR) continue;
    Attempt attempt;
    if (ready > 0 && ::read(reading.get(), &attempt, sizeof attempt) == sizeof attempt) {
      made.push_back(attempt);
      last = sys::monotonic_now();
      continue;
    }
    if (ready == 0) made.push_back({.took = sys::monotonic_now() - last});
    break;
  }
  ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return made;
}

Result<std::string> file_to_try(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno_error(errno, "looking at " + path);
  if (!S_ISDIR(status.st_mode)) return path;
  return first_file(path, depth_max);
}

}  // namespace squall::witness
