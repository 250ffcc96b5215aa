#include "change/clock_patcher.h"

#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/audit.h>
#include <sys/syscall.h>

#include "sys/file.h"
#include "sys/seccomp.h"
#include "sys/standstill.h"
#include "sys/vdso.h"

namespace squall::change {
namespace {

constexpr Duration put_in_limit = milliseconds(300);
constexpr Duration take_out_limit = milliseconds(500);
constexpr std::size_t searched_stack = 64 << 10;

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool holds(std::uint64_t address) const { return address >= begin && address < end; }
};

// True when a thread is about to execute something in the range, or will come back into it from a
// signal handler: then the frame which the kernel put on the stack holds the address, and two
// words further the code segment of 64-bit programs.
bool is_used(const sys::Standstill& process, const Range& range) {
  constexpr std::uint64_t code_segment = 0x33;
  for (const sys::StandingThread& thread : process.threads()) {
    if (range.holds(thread.instruction)) return true;
    const Result<std::string> stack = process.read(thread.stack & ~7ULL, searched_stack);
    if (!stack.ok()) continue;
    std::vector<std::uint64_t> words(stack->size() / 8);
    std::memcpy(words.data(), stack->data(), words.size() * 8);
    for (std::size_t i = 0; i + 2 < words.size(); ++i) {
      if (range.holds(words[i]) && (words[i + 2] & 0xffff) == code_segment) return true;
    }
  }
  return false;
}

// The stand-ins make system calls where the kernel's own functions need none. A sandbox may answer
// those by killing the process.
Status check_sandbox(const sys::Standstill& process) {
  seccomp_data call{};
  call.arch = AUDIT_ARCH_X86_64;
  for (const int number : {SYS_clock_gettime, SYS_gettimeofday}) {
    call.nr = number;
    for (const sys::StandingThread& thread : process.threads()) {
      if (TRY(sys::seccomp_allows(thread.id, call))) continue;
      return error(Code::unsupported,
                   fmt::format("the seccomp filter of thread {} does not allow {}", thread.id,
                               number == SYS_gettimeofday ? "gettimeofday(2)" : "clock_gettime(2)"),
                   "a skewed clock takes a system call for each reading; allow it in the filter");
    }
  }
  return ok();
}

Result<std::string> read_memory(std::int64_t pid, std::uint64_t address, std::size_t count) {
  const sys::Fd memory = TRY(sys::open_file(fmt::format("/proc/{}/mem", pid), O_RDONLY));
  return sys::read_at(memory, address, count);
}

void replace(std::string& image, const ClockPatch& patch) {
  image.replace(patch.offset, patch.bytes.size(), patch.bytes);
}

bool stands_in(std::string_view image, const ClockPatch& patch) {
  return image.substr(patch.offset, patch.bytes.size()) == patch.bytes;
}

}  // namespace

Result<ClockPatcher> ClockPatcher::open(const sys::ProcessId& owner, std::uint64_t base) {
  return ClockPatcher(TRY(ClockStub::fit(TRY(sys::own_vdso()))), owner, base);
}

Status ClockPatcher::check_image(std::string_view image) const {
  if (image == stub_.image()) return ok();
  constexpr std::size_t elf_class = 4;
  if (image.size() > elf_class && image[elf_class] == 1) {
    return error(Code::unsupported, fmt::format("process {} is a 32-bit program", owner_.pid));
  }
  return error(
      Code::conflict,
      fmt::format("the vDSO of process {} is not the one of this kernel: somebody, perhaps another "
                  "squall, changed it already",
                  owner_.pid),
      "wait until that ended, or start the process anew");
}

Status ClockPatcher::check_untouched() const {
  return check_image(TRY(read_memory(owner_.pid, base_, stub_.image().size())));
}

VdsoState ClockPatcher::look(const ClockShift& shift) const {
  const Result<std::string> image = read_memory(owner_.pid, base_, stub_.image().size());
  if (!sys::is_alive(owner_) || !image.ok() || image->size() != stub_.image().size()) {
    return VdsoState::gone;
  }
  if (*image == stub_.image()) return VdsoState::untouched;
  const ClockPatch code{stub_.stub_offset(), image->substr(stub_.stub_offset(), stub_.stub_size())};
  if (stub_.shift_of(owner_, code.bytes) != shift) return VdsoState::other;
  std::string ours = stub_.image();
  replace(ours, code);
  for (const ClockPatch& jump : stub_.jumps()) replace(ours, jump);
  return *image == ours ? VdsoState::shifted : VdsoState::other;
}

Result<Duration> ClockPatcher::put_in(const ClockShift& shift) const {
  const bool is_sandboxed = sys::has_seccomp(owner_.pid);
  const auto work = [&](const sys::Standstill& process) -> Result<sys::Pass> {
    TRY_VOID(check_image(TRY(process.read(base_, stub_.image().size()))));
    for (const ClockPatch& jump : stub_.jumps()) {
      // Who stands at the first byte will take the jump. Who stands behind it would read its rest.
      const std::uint64_t start = base_ + jump.offset;
      if (is_used(process, {start + 1, start + jump.bytes.size()})) return sys::Pass::again;
    }
    if (is_sandboxed) TRY_VOID(check_sandbox(process));
    const ClockPatch code = stub_.stub(owner_, shift);
    TRY_VOID(process.write(base_ + code.offset, code.bytes));
    for (const ClockPatch& jump : stub_.jumps()) {
      TRY_VOID(process.write(base_ + jump.offset, jump.bytes));
    }
    return sys::Pass::done;
  };
  return sys::stand_still(owner_, put_in_limit,
                          "always stood in the first instruction of a clock call", work);
}

std::vector<sys::ProcessId> ClockPatcher::bearers() const {
  const std::string mark = stub_.mark(owner_);
  std::vector<sys::ProcessId> found;
  const Result<std::vector<std::string>> names = sys::list_folder("/proc");
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>{}) {
    std::int64_t pid = 0;
    const auto [rest, problem] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (problem != std::errc() || *rest != '\0') continue;
    const Result<std::string> there = read_memory(pid, base_ + stub_.stub_offset(), mark.size());
    if (!there.ok() || *there != mark) continue;
    if (const Result<sys::Process> process = sys::read_process(pid)) found.push_back(process->id);
  }
  return found;
}

// The image with what is ours in it undone.
std::string ClockPatcher::original_of(std::string image) const {
  for (const ClockPatch& jump : stub_.jumps()) {
    if (stands_in(image, jump)) replace(image, stub_.untouched(jump));
  }
  if (stands_in(image, {stub_.stub_offset(), stub_.mark(owner_)})) {
    replace(image, {stub_.stub_offset(), std::string(stub_.stub_size(), '\0')});
  }
  return image;
}

Status ClockPatcher::take_out(const sys::ProcessId& bearer) const {
  const auto work = [&](const sys::Standstill& process) -> Result<sys::Pass> {
    const std::string image = TRY(process.read(base_, stub_.image().size()));
    if (original_of(image) != stub_.image()) {
      return error(Code::invalid,
                   fmt::format("somebody else changed the vDSO of process {} too; it is left as it "
                               "is",
                               bearer.pid));
    }
    for (const ClockPatch& jump : stub_.jumps()) {
      const ClockPatch old = stub_.untouched(jump);
      if (!stands_in(image, old)) TRY_VOID(process.write(base_ + old.offset, old.bytes));
    }
    const std::uint64_t start = base_ + stub_.stub_offset();
    if (is_used(process, {start, start + stub_.stub_size()})) return sys::Pass::again;
    TRY_VOID(process.write(start, std::string(stub_.stub_size(), '\0')));
    return sys::Pass::done;
  };
  TRY_VOID(sys::stand_still(bearer, take_out_limit, "always stood in a clock call", work));
  return ok();
}

}  // namespace squall::change
