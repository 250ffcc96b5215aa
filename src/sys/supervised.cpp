#include "sys/supervised.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>

#include "core/text.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

// runsv: 12 bytes of time, pid (4, lowest first), paused, wanted ('u' or 'd'), TERM sent, state
// (0 down, 1 run, 2 finish).
constexpr std::size_t runit_size = 20;
// s6-supervise: two times of 12 bytes, pid (8, highest first), from 2.12 on a process group (8), a
// wait status (2), flags (1).
constexpr std::size_t s6_size = 35;
constexpr std::size_t s6_size_with_group = 43;
enum : unsigned { s6_paused = 1, s6_finishing = 2, s6_wants_up = 4 };

std::uint64_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// A pipe into which nobody reads has no supervisor.
Result<Fd> open_control(const std::string& folder) {
  const std::string path = folder + "/supervise/control";
  Fd fd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  if (fd.valid()) return fd;
  if (errno == ENXIO || errno == ENOENT || errno == ENOTDIR) {
    return error(Code::not_found, fmt::format("no supervisor watches {}", printable(folder)),
                 "start one there, or name the folder of a service that is watched");
  }
  return errno_error(errno, "opening " + printable(path));
}

}  // namespace

Result<Supervised> parse_supervised(Supervisor supervisor, std::string_view bytes) {
  const bool fits = supervisor == Supervisor::runit
                        ? bytes.size() == runit_size
                        : bytes.size() == s6_size || bytes.size() == s6_size_with_group;
  if (!fits) {
    return error(Code::conflict,
                 fmt::format("a status of {} bytes cannot be understood", bytes.size()));
  }
  Supervised status;
  if (supervisor == Supervisor::runit) {
    std::uint64_t pid = 0;
    for (std::size_t i = 0; i < 4; ++i) pid |= byte_at(bytes, 12 + i) << (8 * i);
    status.pid = static_cast<std::int64_t>(pid);
    status.is_paused = byte_at(bytes, 16) != 0;
    status.wants_up = bytes[17] == 'u';
    status.is_finishing = byte_at(bytes, 19) == 2;
    return status;
  }
  std::uint64_t pid = 0;
  for (std::size_t i = 0; i < 8; ++i) pid = pid << 8 | byte_at(bytes, 24 + i);
  const std::uint64_t flags = byte_at(bytes, bytes.size() - 1);
  status.pid = static_cast<std::int64_t>(pid);
  status.is_paused = (flags & s6_paused) != 0;
  status.is_finishing = (flags & s6_finishing) != 0;
  status.wants_up = (flags & s6_wants_up) != 0;
  return status;
}

Result<Supervised> read_supervised(Supervisor supervisor, const std::string& folder) {
  TRY_VOID(open_control(folder));
  const std::string path = folder + "/supervise/status";
  return parse_supervised(supervisor, TRY(read_file(path, 4096)));
}

Status command_supervisor(const std::string& folder, std::string_view letters) {
  const Fd control = TRY(open_control(folder));
  return write_all(control, letters);
}

}  // namespace squall::sys
