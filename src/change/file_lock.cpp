// file.lock: somebody else holds the lock of a file.
//
// The holder opens the file and takes the lock: flock(2), or an open file description lock of
// fcntl(2), which other programs meet as the POSIX lock that it is. Held: when the holder's
// descriptor closes, for whatever reason, the kernel gives the lock up.
//
// A lock that somebody holds is never broken. The holder waits for it a while, and then says who
// has it.
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "change/typed.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/file_identity.h"
#include "sys/place.h"

namespace squall::change {
namespace {

enum class How { flock, posix };
enum class Mode { exclusive, shared };

struct FileLock {
  std::string path;
  How how = How::flock;
  Mode mode = Mode::exclusive;
  Bytes start;
  Bytes length;
  Duration wait;
};

const param::Table<FileLock> table{{
    param::field("path", &FileLock::path, {.about = "The file.", .required = true}),
    param::choice("how", &FileLock::how, {{"flock", How::flock}, {"posix", How::posix}},
                  "Which of the two kinds of lock, which do not see each other."),
    param::choice("mode", &FileLock::mode,
                  {{"exclusive", Mode::exclusive}, {"shared", Mode::shared}},
                  "Whether others are kept from reading locks as well."),
    param::field("start", &FileLock::start, {.about = "Where the locked range begins (posix)."}),
    param::field("length", &FileLock::length, {.about = "Its length; 0 B: to the end (posix)."}),
    param::field("wait", &FileLock::wait,
                 {.about = "How long to wait for a lock that somebody holds.",
                  .min = milliseconds(0),
                  .max = milliseconds(1500)}),
}};

struct Target {
  sys::Fd fd;
  std::string path;
  struct stat status {};
};

Result<Target> open_target(const FileLock& params) {
  Target target;
  target.path = TRY(sys::real_path(params.path));
  const sys::Place place = TRY(sys::open_place(target.path));
  // An exclusive POSIX lock takes a descriptor that may write.
  const bool writes = params.how == How::posix && params.mode == Mode::exclusive;
  target.fd = TRY(sys::open_sole_file(place, writes ? O_RDWR : O_RDONLY));
  if (::fstat(target.fd.get(), &target.status) != 0) {
    return errno_error(errno, "looking at " + printable(target.path));
  }
  return target;
}

Result<Footprint> footprint(const FileLock& params) {
  const Target target = TRY(open_target(params));
  return Footprint{
      .paths = {target.path},
      .resources = {fmt::format("lock {}:{}", target.status.st_dev, target.status.st_ino)}};
}

Result<json::object> capture(const FileLock& params) {
  const Target target = TRY(open_target(params));
  return json::object{{"path", target.path},
                      {"file", TRY(sys::file_identity(target.fd))},
                      {"inode", static_cast<std::int64_t>(target.status.st_ino)}};
}

// 0, or why not.
int try_to_lock(const FileLock& params, const sys::Fd& fd) {
  const bool is_exclusive = params.mode == Mode::exclusive;
  if (params.how == How::flock) {
    return ::flock(fd.get(), (is_exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 ? 0 : errno;
  }
  struct flock range {};
  range.l_type = static_cast<short>(is_exclusive ? F_WRLCK : F_RDLCK);
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(params.start.count);
  range.l_len = static_cast<off_t>(params.length.count);
  return ::fcntl(fd.get(), F_OFD_SETLK, &range) == 0 ? 0 : errno;
}

// "process 4711", as far as the kernel tells: of open file description locks it does not.
std::string who_holds(std::uint64_t inode) {
  const Result<std::string> locks = sys::read_file("/proc/locks", 8 << 20);
  if (!locks.ok()) return "somebody";
  for (const std::string& line : split(*locks, '\n')) {
    if (line.find(fmt::format(":{} ", inode)) == std::string::npos) continue;
    for (const std::string_view word : {" WRITE ", " READ  ", " READ "}) {
      const std::size_t at = line.find(word);
      if (at == std::string::npos) continue;
      const std::string_view rest = std::string_view(line).substr(at + word.size());
      const std::string pid(rest.substr(0, rest.find(' ')));
      if (!pid.empty() && pid != "-1") return "process " + pid;
    }
  }
  return "somebody";
}

class Lock final : public Held {
 public:
  explicit Lock(sys::Fd fd) : fd_(std::move(fd)) {}

 private:
  sys::Fd fd_;
};

Result<std::unique_ptr<Held>> hold(const FileLock& params, const json::object& before) {
  Target target = TRY(open_target(params));
  if (TRY(sys::file_identity(target.fd)) != text_at(before, "file")) {
    return error(Code::conflict, target.path + " was replaced while squall looked at it");
  }
  const Duration deadline = sys::monotonic_now() + params.wait;
  while (true) {
    const int problem = try_to_lock(params, target.fd);
    if (problem == 0) return std::make_unique<Lock>(std::move(target.fd));
    if (problem != EAGAIN && problem != EACCES) {
      return errno_error(problem, "locking " + printable(target.path));
    }
    if (sys::monotonic_now() >= deadline) break;
    sys::sleep_until(sys::monotonic_now() + milliseconds(2));
  }
  return error(
      Code::conflict,
      fmt::format("{} holds a lock of {}", who_holds(target.status.st_ino), printable(target.path)),
      "a lock is never broken: lock while it is free, or give a longer `wait`");
}

// The kernel lists a descriptor's locks with the descriptor: those of the holder are looked at.
Result<Presence> verify(const FileLock&, const json::object& before) {
  const sys::ProcessId holder{integer_at(before, "holder_pid"),
                              static_cast<std::uint64_t>(integer_at(before, "holder_start"))};
  if (holder.pid == 0 || !sys::is_alive(holder)) return Presence::absent;
  const std::string folder = fmt::format("/proc/{}/fdinfo", holder.pid);
  const Result<std::vector<std::string>> descriptors = sys::list_folder(folder);
  if (!descriptors.ok()) return Presence::absent;  // it ended a moment ago
  const std::string mark = fmt::format(":{} ", integer_at(before, "inode"));
  for (const std::string& name : *descriptors) {
    const Result<std::string> info = sys::read_file(folder + "/" + name, 1 << 20);
    const std::size_t at = info.ok() ? info->find("lock:") : std::string::npos;
    if (at != std::string::npos && info->find(mark, at) != std::string::npos) {
      return Presence::in_force;
    }
  }
  return Presence::absent;
}

std::string describe(const FileLock& params) {
  return fmt::format("hold the {} {} lock of {}",
                     params.mode == Mode::exclusive ? "exclusive" : "shared",
                     params.how == How::flock ? "flock" : "POSIX", printable(params.path));
}

std::string undo(const FileLock&) {
  return "close the descriptor that holds the lock; the kernel does it when the holder dies";
}

}  // namespace

extern const Kind kind_file_lock;
const Kind kind_file_lock = make_kind<FileLock>({
    .name = "file.lock",
    .about = "Somebody else holds the lock of a file.",
    .keeping = Keeping::held,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .hold = hold,
    .verify = verify,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
