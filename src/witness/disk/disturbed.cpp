// disk.disturbed: sees whether files in a folder can still be used as they should.
//
// It makes a small file of its own in the folder, under a name that matches the pattern, through a
// descriptor of the folder that it opened before the fault, uses it by its path as a victim would,
// and looks through that descriptor at what became of it. The file has a name only while it is
// being opened. What goes wrong there goes wrong for nobody else, and never happens by itself: so
// one time in the last few tries is enough to say that the fault is on, and none in all of them to
// say that it is not.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "core/units.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/random.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

enum class Effect { fail, wait, tear, lose, hold };
enum class Work { read, write, sync, open, open_to_write, names };

struct Target {
  std::string path;
  Effect effect = Effect::fail;
  std::string error;
  Work work = Work::write;
  std::string files;
  Share share{1};
  Duration delay;
};

const param::Table<Target> table{{
    param::field("path", &Target::path, {.about = "The folder.", .required = true}),
    param::choice("effect", &Target::effect,
                  {{"fail", Effect::fail},
                   {"wait", Effect::wait},
                   {"tear", Effect::tear},
                   {"lose", Effect::lose},
                   {"hold", Effect::hold}},
                  "What is looked for."),
    param::field("error", &Target::error,
                 {.about = "With fail: the error, such as EIO; empty for any."}),
    param::choice("work", &Target::work,
                  {{"read", Work::read},
                   {"write", Work::write},
                   {"sync", Work::sync},
                   {"open", Work::open},
                   {"open_to_write", Work::open_to_write},
                   {"names", Work::names}},
                  "What is tried."),
    param::field("files", &Target::files,
                 {.about = "A pattern that the path of its file below the folder matches."}),
    param::field("share", &Target::share,
                 {.about = "How often it should happen.", .min = Share{0.001}, .max = Share{1}}),
    param::field("delay", &Target::delay, {.about = "With wait: how long it should take."}),
}};

constexpr std::size_t size = 4096;
constexpr Duration look_limit = milliseconds(10);
constexpr std::size_t tries_in_a_look = 16;
// With so many tries for each that should be hit, none of them is by chance once in 3000 times.
constexpr double tries_for_a_hit = 8;
constexpr double delay_share = 0.9;  // timers are never early, but clocks are rounded

struct Try {
  Duration at;
  bool was_hit = false;
};

class Disturbed final : public Witness {
 public:
  Disturbed(Target target, sys::Fd folder)
      : target_(std::move(target)),
        folder_(std::move(folder)),
        most_(static_cast<std::size_t>(std::max(1.0, tries_for_a_hit / target_.share.fraction))) {
    if (target_.share.fraction >= 1) most_ = 1;
  }

  Result<Sighting> look() override {
    const Duration begun = sys::monotonic_now();
    for (std::size_t i = 0; i < tries_in_a_look; ++i) {
      const Duration at = sys::monotonic_now();
      if (i > 0 && at - begun > look_limit) break;
      tries_.push_back({ at, TRY(try_once()) });
      while (tries_.size() > most_) tries_.pop_front();
    }
    const auto hits =
        std::count_if(tries_.begin(), tries_.end(), [](const Try& one) { return one.was_hit; });
    const Duration now = sys::monotonic_now();
    const double share = static_cast<double>(hits) / static_cast<double>(tries_.size());
    return Sighting{
        .on = hits > 0,
        .dose = share * 100,
        .detail = fmt::format("{} of the last {} tries: {}", hits, tries_.size(), last_),
        .oldest = hits > 0 ? Duration{} : now - tries_.front().at};
  }

  // True when what is looked for happened.
  Result<bool> try_once() {
    const std::string name = own_name();
    const sys::Fd real(
        ::openat(folder_.get(), name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
    if (!real.valid()) return errno_error(errno, "making a file in " + printable(target_.path));
    std::array<char, size> content;
    content.fill('a');
    const bool is_ready = ::pwrite(real.get(), content.data(), size, 0) == size;
    if (!is_ready) {
      const int problem = errno;
      ::unlinkat(folder_.get(), name.c_str(), 0);
      return errno_error(problem, "writing a file in " + printable(target_.path));
    }
    const Duration begun = sys::monotonic_now();
    const int problem = use(name, real);
    const Duration took = sys::monotonic_now() - begun;
    ::unlinkat(folder_.get(), name.c_str(), 0);
    return judge(problem, took, real);
  }

 private:
  // New each time, and one that the pattern means.
  std::string own_name() const {
    const std::string own = fmt::format(".squall-witness-{:016x}", sys::random_bits());
    if (target_.files.empty()) return own;
    std::string name;
    bool has_own = false;
    for (const char letter : target_.files) {
      if (letter == '*' && !std::exchange(has_own, true)) {
        name += own;
      } else if (letter != '*') {
        name += letter == '?' ? 'x' : letter;
      }
    }
    return name;
  }

  // Does the work by the path; an errno, 0 when all went well. Takes the name away as soon as it is
  // no longer needed.
  int use(const std::string& name, const sys::Fd& real) {
    const std::string path = target_.path + "/" + name;
    if (target_.work == Work::names) return ::chmod(path.c_str(), 0640) == 0 ? 0 : errno;
    const bool only_reads = target_.work == Work::read || target_.work == Work::open;
    const sys::Fd file(::open(path.c_str(), (only_reads ? O_RDONLY : O_RDWR) | O_CLOEXEC));
    const int problem = file.valid() ? 0 : errno;
    ::unlinkat(folder_.get(), name.c_str(), 0);
    if (problem != 0 || target_.work == Work::open || target_.work == Work::open_to_write) {
      return problem;
    }
    std::array<char, size> content;
    content.fill('b');
    if (target_.work == Work::read) {
      return ::pread(file.get(), content.data(), size, 0) < 0 ? errno : 0;
    }
    if (::pwrite(file.get(), content.data(), size, 0) < 0) return errno;
    waited_ = target_.effect == Effect::hold && landed(real) == 0;
    const bool syncs = waited_ || target_.work == Work::sync;
    return syncs && ::fsync(file.get()) != 0 ? errno : 0;
  }

  // How much of what was written is in the file itself.
  static std::size_t landed(const sys::Fd& real) {
    std::array<char, size> content{};
    const ssize_t got = ::pread(real.get(), content.data(), size, 0);
    const char* begin = content.data();
    const char* end = begin + std::max<ssize_t>(got, 0);
    return static_cast<std::size_t>(std::find(begin, end, 'a') - begin);
  }

  Result<bool> judge(int problem, Duration took, const sys::Fd& real) {
    last_ = problem == 0 ? "as it should be" : ::strerrorname_np(problem);
    if (target_.effect == Effect::wait) {
      last_ = render_rounded(took);
      return took >= target_.delay.scaled(delay_share) && target_.delay.nanoseconds > 0;
    }
    if (target_.effect == Effect::fail) {
      return problem != 0 && (target_.error.empty() || target_.error == ::strerrorname_np(problem));
    }
    if (problem != 0) return false;
    const std::size_t count = landed(real);
    last_ = fmt::format("{} of {} bytes landed{}", count, size, waited_ ? " with the sync" : "");
    if (target_.effect == Effect::hold) return waited_ && count == size;
    return target_.effect == Effect::lose ? count == 0 : count < size;
  }

  Target target_;
  sys::Fd folder_;
  std::size_t most_;  // tries that are looked back upon
  std::deque<Try> tries_;
  std::string last_;
  bool waited_ = false;  // of the last try: nothing had landed before it was synced
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  sys::Fd folder = TRY(sys::open_file(target.path, O_RDONLY | O_DIRECTORY));
  auto witness = std::make_unique<Disturbed>(target, std::move(folder));
  if (TRY(witness->try_once())) {
    return error(Code::conflict, fmt::format("files in {} fail already", printable(target.path)),
                 "mend that first, or choose another folder");
  }
  return std::unique_ptr<Witness>(std::move(witness));
}

}  // namespace

extern const Kind kind_disk_disturbed;
const Kind kind_disk_disturbed = kind_of<Target>({
    .name = "disk.disturbed",
    .about = "Whether a file of its own in the folder can be used, told by using it.",
    .dose_unit = "% of tries",
    .every = milliseconds(20),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
