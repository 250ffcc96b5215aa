// clock.skewed: sees how far the wall clock that a process reads is off the kernel's.
//
// The witness reads the clock code out of the victim, and where it is not the kernel's own, it lets
// the code tell the time (clock_taster.h). That holds for the victim's clock as long as the victim
// reads it as everybody does; who makes the system call himself is not deceived by such code, and
// not judged by it.
#include <array>
#include <cstdlib>
#include <cstring>

#include <elf.h>
#include <fcntl.h>
#include <fmt/core.h>

#include "sys/file.h"
#include "witness/clock_taster.h"
#include "witness/subject.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  Duration at_least = milliseconds(1);
};

const param::Table<Target> table{{
    param::field("pid", &Target::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field("start_ticks", &Target::start_ticks,
                 {.about = "Its start time, as in /proc/PID/stat.", .required = true}),
    param::field("at_least", &Target::at_least,
                 {.about = "From how much on its clock counts as off.", .min = microseconds(10)}),
}};

// Entry `wanted` of the auxiliary vector, pairs of words; 0 when it is not there.
std::uint64_t auxiliary(std::string_view vector, std::uint64_t wanted) {
  std::array<std::uint64_t, 2> pair{};
  for (std::size_t at = 0; at + sizeof pair <= vector.size(); at += sizeof pair) {
    std::memcpy(pair.data(), vector.data() + at, sizeof pair);
    if (pair[0] == wanted) return pair[1];
  }
  return 0;
}

class Skewed final : public Witness {
 public:
  Skewed(Target target, OwnVdso own, std::uint64_t base, Subject subject, sys::Fd memory)
      : target_(target),
        own_(std::move(own)),
        base_(base),
        subject_(std::move(subject)),
        memory_(std::move(memory)) {}

  Result<Sighting> look() override {
    const Result<std::string> image = sys::read_at(memory_, base_, own_.image.size());
    // Also when it executes another program, whose clock code stands elsewhere and is new.
    if (subject_.has_ended() || !image.ok() || image->size() != own_.image.size()) {
      return Sighting{.detail = "the process, or the program that it ran, has ended"};
    }
    if (*image == own_.image) return Sighting{.detail = "its clock is the kernel's"};
    const Taste seen = TRY(taste_clock(own_, *image));
    const std::int64_t size = std::abs(seen.ahead_ns);
    return Sighting{.on = size >= target_.at_least.nanoseconds,
                    .dose = static_cast<double>(seen.ahead_ns) / 1e6,
                    .detail = fmt::format("its clock is {:.3f} ms {} (within {:.1f} us)",
                                          static_cast<double>(size) / 1e6,
                                          seen.ahead_ns < 0 ? "behind" : "ahead",
                                          static_cast<double>(seen.width_ns) / 2e3)};
  }

 private:
  Target target_;
  OwnVdso own_;
  std::uint64_t base_ = 0;
  Subject subject_;
  sys::Fd memory_;  // of the address space that it had at the start
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const sys::ProcessId id{target.pid, static_cast<std::uint64_t>(target.start_ticks)};
  Subject subject = TRY(Subject::open(id));
  OwnVdso own = TRY(look_at_own_vdso());
  const std::optional<std::string> vector = TRY(subject.read("auxv"));
  const std::uint64_t base = vector ? auxiliary(*vector, AT_SYSINFO_EHDR) : 0;
  if (base == 0) {
    return error(Code::unsupported, fmt::format("process {} shows no vDSO", target.pid),
                 "it may be a 32-bit program, or run in a sandbox with a kernel of its own");
  }
  sys::Fd memory = TRY(sys::open_file(subject.path("mem"), O_RDONLY));
  std::unique_ptr<Witness> witness =
      std::make_unique<Skewed>(target, std::move(own), base, std::move(subject), std::move(memory));
  const Sighting first = TRY(witness->look());
  if (first.on) {
    return error(
        Code::conflict,
        fmt::format("the clock of process {} is off already: {}", target.pid, first.detail),
        "put it right first, or start the process anew");
  }
  return witness;
}

}  // namespace

extern const Kind kind_clock_skewed;
const Kind kind_clock_skewed = kind_of<Target>({
    .name = "clock.skewed",
    .about = "How far the wall clock that the process reads is ahead of the kernel's, by calling "
             "the clock code that the process has in memory.",
    .dose_unit = "ms",
    .every = milliseconds(5),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
