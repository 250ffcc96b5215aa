#include "change/clock_stub.h"

#include <array>
#include <cmath>
#include <cstring>

#include <fmt/core.h>
#include <sys/timex.h>

#include "core/check.h"
#include "sys/clock.h"
#include "sys/vdso.h"

namespace squall::change {
namespace {

// Stands at the head of the stub; the code below knows the places of its members.
struct Data {
  std::array<char, 8> magic{'s', 'q', 'u', 'a', 'l', 'l', 'c', 'k'};
  std::int64_t owner_pid = 0;
  std::uint64_t owner_start_ticks = 0;
  std::int64_t offset_ns = 0;   // at 24
  std::int64_t rate = 0;        // at 32: in units of 2^-32
  std::int64_t origin_ns = 0;   // at 40: CLOCK_REALTIME
  std::int64_t origin_tai = 0;  // at 48: CLOCK_TAI, in nanoseconds
  std::int64_t nothing = 0;     // up to a cache line
};
static_assert(sizeof(Data) == 64);
constexpr std::size_t mark_size = 24;
constexpr std::size_t jump_size = 5;
constexpr std::uint64_t page_size = 4096;

#if defined(__x86_64__)

// Data, not code of this program: it is copied. A stand-in may use the registers that any function
// may (rax, rcx, rdx, rsi, rdi, r8 to r11), takes its arguments in rdi and rsi, and leaves nothing
// on the stack but in `time`. The kernel's answer stays as it is when it is an error.
//
// MOVE takes nanoseconds in r9 and the origin in r8; it gives seconds in rax and nanoseconds within
// the second in rdx. The product with the rate has 128 bits, of which the upper 96 are wanted; the
// remainder of a division may be negative, which borrows a second.
asm(R"(
  .pushsection .rodata
  .balign 64
  .macro SQUALL_MOVE
    mov   %r9, %rax
    sub   %r8, %rax
    imulq squall_clock_data+32(%rip)
    shrd  $32, %rdx, %rax
    add   %rax, %r9
    add   squall_clock_data+24(%rip), %r9
    mov   %r9, %rax
    cqo
    mov   $1000000000, %ecx
    idiv  %rcx
    test  %rdx, %rdx
    jns   1f
    add   %rcx, %rdx
    dec   %rax
  1:
  .endm

squall_clock_data:
  .skip 64

squall_clock_gettime:          # edi: clock, rsi: struct timespec
  mov   $228, %eax
  syscall
  test  %eax, %eax
  jnz   2f
  cmp   $11, %edi              # beyond: clocks of processes, which are not moved
  ja    2f
  mov   $0x921, %ecx           # REALTIME 0, REALTIME_COARSE 5, REALTIME_ALARM 8, TAI 11
  bt    %edi, %ecx
  jnc   2f
  mov   squall_clock_data+40(%rip), %r8
  cmp   $11, %edi
  cmove squall_clock_data+48(%rip), %r8
  imul  $1000000000, (%rsi), %r9
  add   8(%rsi), %r9
  SQUALL_MOVE
  mov   %rax, (%rsi)
  mov   %rdx, 8(%rsi)
  xor   %eax, %eax
2:
  ret

squall_clock_gettimeofday:     # rdi: struct timeval or 0, rsi: struct timezone or 0
  mov   $96, %eax
  syscall
  test  %eax, %eax
  jnz   3f
  test  %rdi, %rdi
  jz    3f
  mov   squall_clock_data+40(%rip), %r8
  imul  $1000000000, (%rdi), %r9
  imul  $1000, 8(%rdi), %rax
  add   %rax, %r9
  SQUALL_MOVE
  mov   %rax, (%rdi)
  mov   %rdx, %rax
  xor   %edx, %edx
  mov   $1000, %ecx
  div   %rcx
  mov   %rax, 8(%rdi)
  xor   %eax, %eax
3:
  ret

squall_clock_time:             # rdi: time_t or 0
  mov   %rdi, %r10
  sub   $24, %rsp
  mov   $5, %edi
  mov   %rsp, %rsi
  mov   $228, %eax
  syscall
  mov   squall_clock_data+40(%rip), %r8
  imul  $1000000000, (%rsp), %r9
  add   8(%rsp), %r9
  SQUALL_MOVE
  add   $24, %rsp
  test  %r10, %r10
  jz    4f
  mov   %rax, (%r10)
4:
  ret
squall_clock_end:
  .popsection
)");

extern "C" const char squall_clock_data[];
extern "C" const char squall_clock_gettime[];
extern "C" const char squall_clock_gettimeofday[];
extern "C" const char squall_clock_time[];
extern "C" const char squall_clock_end[];

std::string_view code() {
  return {squall_clock_data, static_cast<std::size_t>(squall_clock_end - squall_clock_data)};
}
struct StandIn {
  std::string_view function;  // of the vDSO
  std::int64_t offset = 0;    // in the stub
};
std::array<StandIn, 3> stand_ins() {
  return {StandIn{"__vdso_clock_gettime", squall_clock_gettime - squall_clock_data},
          StandIn{"__vdso_gettimeofday", squall_clock_gettimeofday - squall_clock_data},
          StandIn{"__vdso_time", squall_clock_time - squall_clock_data}};
}

#else

std::string_view code() {
  return {};
}
struct StandIn {
  std::string_view function;
  std::int64_t offset = 0;
};
std::array<StandIn, 0> stand_ins() {
  return {};
}

#endif

// How far CLOCK_TAI is ahead of CLOCK_REALTIME.
std::int64_t tai_ahead_ns() {
  timex state{};  // modes 0: only a question
  return ::adjtimex(&state) < 0 ? 0 : std::int64_t{state.tai} * 1'000'000'000;
}

std::int64_t fixed_point(std::int64_t ppb) {
  return std::llround(std::ldexp(static_cast<double>(ppb) / 1e9, 32));
}

std::int64_t parts_per_billion(std::int64_t fixed) {
  return std::llround(std::ldexp(static_cast<double>(fixed), -32) * 1e9);
}

// jmp to `target`, both offsets within the image.
std::string jump(std::int64_t from, std::int64_t target) {
  const auto distance =
      static_cast<std::int32_t>(target - from - static_cast<std::int64_t>(jump_size));
  std::string bytes(jump_size, '\xe9');
  std::memcpy(bytes.data() + 1, &distance, sizeof distance);
  return bytes;
}

}  // namespace

Result<ClockStub> ClockStub::fit(std::string image) {
  if (code().empty()) {
    return error(Code::unsupported, "a running process's clock can be skewed on x86-64 only",
                 "elsewhere start the process with libfaketime");
  }
  ClockStub fitted;
  fitted.image_ = std::move(image);
  fitted.stub_offset_ = sys::vdso_padding(fitted.image_);
  // Within one page, so that the kernel writes it in one piece.
  if (fitted.stub_offset_ % page_size + code().size() > page_size) {
    fitted.stub_offset_ = (fitted.stub_offset_ / page_size + 1) * page_size;
  }
  if (fitted.image_.size() < fitted.stub_offset_ + code().size()) {
    return error(Code::unsupported,
                 fmt::format("the vDSO of this kernel does not end in {} unused bytes of one page",
                             code().size()));
  }
  for (const StandIn& stand_in : stand_ins()) {
    const auto function = sys::find_vdso_function(fitted.image_, stand_in.function);
    if (!function || function->size < jump_size) {
      return error(Code::unsupported,
                   fmt::format("the vDSO of this kernel has no {}", stand_in.function));
    }
    const auto target = static_cast<std::int64_t>(fitted.stub_offset_) + stand_in.offset;
    fitted.jumps_.push_back(
        {function->offset, jump(static_cast<std::int64_t>(function->offset), target)});
  }
  return fitted;
}

ClockPatch ClockStub::stub(const sys::ProcessId& owner, const ClockShift& shift) const {
  const std::int64_t now_ns = sys::wall_nanoseconds();
  const Data data{.owner_pid = owner.pid,
                  .owner_start_ticks = owner.start_ticks,
                  .offset_ns = shift.offset_ns,
                  .rate = fixed_point(shift.rate_ppb),
                  .origin_ns = now_ns,
                  .origin_tai = now_ns + tai_ahead_ns()};
  std::string bytes(code());
  std::memcpy(bytes.data(), &data, sizeof data);
  return {stub_offset_, std::move(bytes)};
}

ClockPatch ClockStub::untouched(const ClockPatch& patch) const {
  return {patch.offset, image_.substr(patch.offset, patch.bytes.size())};
}

std::string ClockStub::mark(const sys::ProcessId& owner) const {
  const Data data{.owner_pid = owner.pid, .owner_start_ticks = owner.start_ticks};
  std::string bytes(mark_size, '\0');
  std::memcpy(bytes.data(), &data, mark_size);
  return bytes;
}

std::optional<ClockShift> ClockStub::shift_of(const sys::ProcessId& owner,
                                              std::string_view stub) const {
  if (stub.size() != code().size() || !stub.starts_with(mark(owner))) return std::nullopt;
  if (stub.substr(sizeof(Data)) != code().substr(sizeof(Data))) return std::nullopt;
  Data data;
  std::memcpy(&data, stub.data(), sizeof data);
  return ClockShift{data.offset_ns, parts_per_billion(data.rate)};
}

std::size_t ClockStub::stub_size() const {
  return code().size();
}

}  // namespace squall::change
