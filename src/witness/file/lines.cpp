// file.lines: sees lines with a given text in what was appended to a log.
//
// What follows the length that the file had is read anew each time, so that lines which are cut off
// again are missed; a new file of that name (a rotated log) is read from its beginning. Reading
// costs: a look takes place at most a quarter of the time, and looks in between repeat the last
// answer and say how old it is.
//
// Lines that nobody will take away are over when no more of them come: `until: quiet`.
#include <algorithm>
#include <cerrno>

#include <fmt/core.h>
#include <sys/stat.h>

#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

enum class Until { removed, quiet };

struct Target {
  std::string path;
  std::string text;
  Until until = Until::removed;
  Duration quiet = milliseconds(500);
};

const param::Table<Target> table{{
    param::field("path", &Target::path, {.about = "The log.", .required = true}),
    param::field("text", &Target::text,
                 {.about = "What the lines hold, each once.", .required = true}),
    param::choice("until", &Target::until, {{"removed", Until::removed}, {"quiet", Until::quiet}},
                  "What the end is: that the lines are gone, or that no more of them come."),
    param::field("quiet", &Target::quiet,
                 {.about = "For how long none must have come.", .min = milliseconds(50)}),
}};

constexpr std::size_t piece_size = 1 << 20;
constexpr std::int64_t rest_factor = 3;  // rests three times as long as it read

struct Place {
  sys::Fd fd;
  dev_t device = 0;
  ino_t inode = 0;
  std::uint64_t size = 0;
};

Result<Place> open_log(const std::string& path) {
  Place place;
  place.fd = TRY(sys::open_regular_file(path));
  struct stat status {};
  if (::fstat(place.fd.get(), &status) != 0) return errno_error(errno, "looking at " + path);
  place.device = status.st_dev;
  place.inode = status.st_ino;
  place.size = static_cast<std::uint64_t>(status.st_size);
  return place;
}

Result<std::int64_t> count_from(const sys::Fd& fd, std::uint64_t offset, const std::string& text) {
  std::int64_t count = 0;
  std::string window;
  while (true) {
    const std::string piece = TRY(sys::read_at(fd, offset, piece_size), "reading the log");
    offset += piece.size();
    window += piece;
    std::size_t done = 0;
    for (std::size_t at = window.find(text); at != std::string::npos;
         at = window.find(text, done)) {
      ++count;
      done = at + text.size();
    }
    if (piece.size() < piece_size) return count;
    // The text may stand across the border.
    window.erase(0, std::max(done, window.size() - std::min(window.size(), text.size() - 1)));
  }
}

class Lines final : public Witness {
 public:
  Lines(Target target, const Place& place)
      : target_(std::move(target)),
        device_(place.device),
        inode_(place.inode),
        length_(place.size) {}

  Result<Sighting> look() override {
    const Duration begun = sys::monotonic_now();
    if (last_ && begun < rest_until_) {
      Sighting repeated = *last_;
      repeated.oldest = begun - last_begun_;
      repeated.newest = begun - last_ended_;
      return repeated;
    }
    const std::int64_t count = TRY(count_now());
    last_begun_ = begun;
    last_ended_ = sys::monotonic_now();
    rest_until_ = last_ended_ + (last_ended_ - begun) * rest_factor;
    if (count > most_) last_growth_ = last_ended_;
    most_ = std::max(most_, count);
    const bool is_quiet = last_ended_ - last_growth_ >= target_.quiet;
    const bool on = count > 0 && (target_.until == Until::removed || !is_quiet);
    last_ = Sighting{.on = on,
                     .dose = static_cast<double>(count),
                     .detail = fmt::format("{} such lines{}", count,
                                           count > 0 && !on ? ", no more of them come" : "")};
    return *last_;
  }

 private:
  Result<std::int64_t> count_now() const {
    Result<Place> place = open_log(target_.path);
    if (!place.ok() && place.error().code == Code::not_found) return 0;
    if (!place.ok()) return std::move(place).error();
    const bool is_same = place->device == device_ && place->inode == inode_;
    return count_from(place->fd, is_same ? length_ : 0, target_.text);
  }

  Target target_;
  dev_t device_;
  ino_t inode_;
  std::uint64_t length_;
  std::optional<Sighting> last_;
  std::int64_t most_ = 0;
  Duration last_growth_;
  Duration last_begun_;
  Duration last_ended_;
  Duration rest_until_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  if (target.text.empty()) return error(Code::invalid, "text: an empty text is in every line");
  return std::make_unique<Lines>(target, TRY(open_log(target.path)));
}

}  // namespace

extern const Kind kind_file_lines;
const Kind kind_file_lines = kind_of<Target>({
    .name = "file.lines",
    .about = "Whether lines with a text were appended to a log, told by reading what was appended.",
    .dose_unit = "lines",
    .every = milliseconds(5),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
