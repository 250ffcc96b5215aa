// file.locked: sees whether somebody who asked for a lock of a file would be refused it.
//
// For a POSIX lock the kernel is asked just that (F_OFD_GETLK), which takes no lock. flock(2) has
// no such question, and taking the lock to find out would disturb the target: so the kernel's list
// of locks is read, /proc/locks, for the device and inode that the name leads to now.
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/text.h"
#include "sys/file.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

enum class How { flock, posix };
enum class Mode { exclusive, shared };

struct Target {
  std::string path;
  How how = How::flock;
  Mode mode = Mode::exclusive;
  Bytes start;
  Bytes length;
};

const param::Table<Target> table{{
    param::field("path", &Target::path, {.about = "The file.", .required = true}),
    param::choice("how", &Target::how, {{"flock", How::flock}, {"posix", How::posix}},
                  "Which of the two kinds of lock."),
    param::choice("mode", &Target::mode, {{"exclusive", Mode::exclusive}, {"shared", Mode::shared}},
                  "Which lock somebody would ask for."),
    param::field("start", &Target::start, {.about = "Where the range begins (posix)."}),
    param::field("length", &Target::length, {.about = "Its length; 0 B: to the end (posix)."}),
}};

// Lines read "1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF"; those of waiters have an arrow.
bool refuses_flock(std::string_view locks, const struct stat& status, Mode mode) {
  const std::string file =
      fmt::format("{:02x}:{:02x}:{}", major(status.st_dev), minor(status.st_dev), status.st_ino);
  for (const std::string& line : split(locks, '\n')) {
    std::vector<std::string> words = split(line, ' ');
    std::erase_if(words, [](const std::string& word) { return word.empty(); });
    if (words.size() < 6 || words[1] != "FLOCK" || words[5] != file) continue;
    if (mode == Mode::exclusive || words[3] == "WRITE") return true;
  }
  return false;
}

Result<bool> refuses_posix(const sys::Fd& fd, const Target& target) {
  struct flock range {};
  range.l_type = static_cast<short>(target.mode == Mode::exclusive ? F_WRLCK : F_RDLCK);
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(target.start.count);
  range.l_len = static_cast<off_t>(target.length.count);
  if (::fcntl(fd.get(), F_OFD_GETLK, &range) != 0) {
    return errno_error(errno, "asking for the locks of " + printable(target.path));
  }
  return range.l_type != F_UNLCK;
}

Result<bool> is_refused(const Target& target) {
  const sys::Fd fd = TRY(sys::open_regular_file(target.path));
  if (target.how == How::posix) return refuses_posix(fd, target);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error(errno, "looking at " + target.path);
  return refuses_flock(TRY(sys::read_file("/proc/locks", 8 << 20)), status, target.mode);
}

class Locked final : public Witness {
 public:
  explicit Locked(Target target) : target_(std::move(target)) {}

  Result<Sighting> look() override {
    const bool on = TRY(is_refused(target_));
    return Sighting{.on = on, .dose = on ? 1.0 : 0.0, .detail = on ? "locked" : "free"};
  }

 private:
  Target target_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  TRY_VOID(is_refused(target));
  return std::make_unique<Locked>(target);
}

}  // namespace

extern const Kind kind_file_locked;
const Kind kind_file_locked = kind_of<Target>({
    .name = "file.locked",
    .about = "Whether somebody who asked for a lock of the file would be refused it.",
    .dose_unit = "locks",
    .every = milliseconds(5),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
