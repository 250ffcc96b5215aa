// A pipe is a fine place for a scenario that a program writes; one that nobody writes to must not
// keep a check waiting for ever. So nothing is opened or read here that could block.
#include "scenario/source.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::scenario {
namespace {

// Ready when something can be read, or the writer has gone.
Status wait_for_writer(const sys::Fd& fd, const std::string& path, Duration patience) {
  pollfd entry{fd.get(), POLLIN, 0};
  const int ready = ::poll(&entry, 1, patience.poll_milliseconds());
  if (ready > 0 || (ready < 0 && errno == EINTR)) return ok();
  if (ready < 0) return errno_error(errno, "waiting for " + printable(path));
  return error(Code::timed_out,
               fmt::format("{} is a pipe to which nobody wrote within {}", printable(path),
                           render(patience)),
               "name a file, or begin writing before it is read");
}

}  // namespace

Result<std::string> read_source(const std::string& path, Duration patience) {
  const sys::Fd fd = TRY(sys::open_file(path, O_RDONLY | O_NONBLOCK));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error(errno, "looking at " + path);
  const bool may_wait = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
  std::string text;
  std::array<char, 16384> buffer;
  while (true) {
    if (may_wait) TRY_VOID(wait_for_writer(fd, path, patience));
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      TRY_VOID(wait_for_writer(fd, path, patience));
      continue;
    }
    if (got < 0) return errno_error(errno, "reading " + path);
    if (got == 0) return text;
    if (text.size() + static_cast<std::size_t>(got) > source_bytes_max) {
      return error(Code::invalid,
                   fmt::format("{} is larger than {} bytes", path, source_bytes_max));
    }
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace squall::scenario
