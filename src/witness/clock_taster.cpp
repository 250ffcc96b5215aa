#include "witness/clock_taster.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include <elf.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/duration.h"
#include "sys/fd.h"
#include "sys/patience.h"

namespace squall::witness {
namespace {

constexpr Duration taste_limit = milliseconds(200);
constexpr int tastes = 15;

using ReadClock = int (*)(clockid_t, timespec*);

std::int64_t nanoseconds_of(const timespec& at) {
  return at.tv_sec * 1'000'000'000 + at.tv_nsec;
}

// The C library asks the vDSO as well, but keeps the address to itself: so the symbols are walked,
// from the dynamic segment on, as the kernel's documentation shows (tools/testing/selftests/vDSO).
std::uint64_t find_clock(std::uint64_t base) {
  const auto* start = reinterpret_cast<const char*>(base);  // NOLINT(performance-no-int-to-ptr)
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(start);
  const auto* segments = reinterpret_cast<const Elf64_Phdr*>(start + header->e_phoff);
  const Elf64_Dyn* entry = nullptr;
  for (int i = 0; i < header->e_phnum; ++i) {
    if (segments[i].p_type != PT_DYNAMIC) continue;
    entry = reinterpret_cast<const Elf64_Dyn*>(start + segments[i].p_offset);
  }
  const Elf64_Sym* symbols = nullptr;
  const char* names = nullptr;
  const std::uint32_t* hash = nullptr;
  for (; entry != nullptr && entry->d_tag != DT_NULL; ++entry) {
    const char* place = start + entry->d_un.d_ptr;
    if (entry->d_tag == DT_SYMTAB) symbols = reinterpret_cast<const Elf64_Sym*>(place);
    if (entry->d_tag == DT_STRTAB) names = place;
    if (entry->d_tag == DT_HASH) hash = reinterpret_cast<const std::uint32_t*>(place);
  }
  if (symbols == nullptr || names == nullptr || hash == nullptr) return 0;
  for (std::uint32_t i = 0; i < hash[1]; ++i) {
    if (std::strcmp(names + symbols[i].st_name, "__vdso_clock_gettime") == 0) {
      return symbols[i].st_value;
    }
  }
  return 0;
}

// From here on only these calls: reading clocks, writing the answer, ending.
bool enter_sandbox() {
  std::array<sock_filter, 12> filter{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 8),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 7, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_gettimeofday, 6, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_time, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 3, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// Runs in the child, and only calls what may be called after a fork of many threads.
[[noreturn]] void taste(const OwnVdso& own, const std::string& image, int answer) {
  constexpr unsigned all_others = ~0U;
  if (::dup2(answer, 3) < 0 || ::syscall(SYS_close_range, 4, all_others, 0) != 0) ::_exit(1);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  auto* place = reinterpret_cast<char*>(own.base);  // NOLINT(performance-no-int-to-ptr)
  constexpr int all_rights = PROT_READ | PROT_WRITE | PROT_EXEC;
  if (::mprotect(place, image.size(), all_rights) != 0) ::_exit(2);
  // Nothing may read a clock through the C library from here on.
  std::memcpy(place, image.data(), image.size());
  if (!enter_sandbox()) ::_exit(3);
  const auto read_clock = reinterpret_cast<ReadClock>(place + own.clock_offset);
  Taste best{.width_ns = INT64_MAX};
  for (int i = 0; i < tastes; ++i) {
    timespec before{};
    timespec seen{};
    timespec after{};
    ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &before);
    if (read_clock(CLOCK_REALTIME, &seen) != 0) ::_exit(4);
    ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &after);
    const std::int64_t width = nanoseconds_of(after) - nanoseconds_of(before);
    if (width >= best.width_ns) continue;
    best = {nanoseconds_of(seen) - nanoseconds_of(before) - width / 2, width};
  }
  static_cast<void>(::syscall(SYS_write, 3, &best, sizeof best));
  ::_exit(0);
}

}  // namespace

Result<OwnVdso> look_at_own_vdso() {
  OwnVdso own{.base = ::getauxval(AT_SYSINFO_EHDR)};
#if defined(__x86_64__)
  if (own.base != 0) own.clock_offset = find_clock(own.base);
#endif
  if (own.clock_offset == 0) {
    return error(Code::unsupported, "this host has no vDSO that the witness understands",
                 "clocks of running processes are watched on x86-64 only");
  }
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(own.base);  // NOLINT
  const std::uint64_t used = header->e_shoff + std::uint64_t{header->e_shnum} * header->e_shentsize;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t size = (used + page - 1) / page * page;
  own.image.assign(reinterpret_cast<const char*>(own.base), size);  // NOLINT
  return own;
}

Result<Taste> taste_clock(const OwnVdso& own, const std::string& image) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error(errno, "making a pipe");
  const sys::Fd read_end(ends[0]);
  sys::Fd write_end(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return errno_error(errno, "starting the process that reads the clock");
  if (child == 0) taste(own, image, write_end.get());
  write_end.reset();
  sys::Patience patience(taste_limit);
  patience.wait_for(read_end.get(), POLLIN);
  ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  Taste answer;
  if (::read(read_end.get(), &answer, sizeof answer) != sizeof answer) {
    return error(Code::failed, "the clock code of the process does not read a clock");
  }
  return answer;
}

}  // namespace squall::witness
