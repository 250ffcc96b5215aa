#include "sys/seccomp.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fmt/core.h>
#include <sys/ptrace.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

// The machine of bpf(4) as seccomp allows it: loads are whole words of the call.
class Machine {
 public:
  explicit Machine(const seccomp_data& call) : call_(call) {}

  // Returns what the program returns; nullopt when it runs off its end or does what is not allowed.
  std::optional<std::uint32_t> run(std::span<const sock_filter> program) {
    for (std::size_t at = 0; at < program.size(); ++at) {
      const sock_filter& step = program[at];
      const std::uint32_t operand = BPF_SRC(step.code) == BPF_X ? x_ : step.k;
      switch (BPF_CLASS(step.code)) {
        case BPF_RET:
          return BPF_RVAL(step.code) == BPF_A ? a_ : step.k;
        case BPF_JMP:
          at += BPF_OP(step.code) == BPF_JA ? step.k : jumps(step, operand) ? step.jt : step.jf;
          break;
        case BPF_ALU:
          if (!calculate(BPF_OP(step.code), operand)) return std::nullopt;
          break;
        case BPF_MISC:
          (BPF_MISCOP(step.code) == BPF_TAX ? x_ : a_) = BPF_MISCOP(step.code) == BPF_TAX ? a_ : x_;
          break;
        case BPF_LD:
          if (!load(step, a_)) return std::nullopt;
          break;
        case BPF_LDX:
          if (!load(step, x_)) return std::nullopt;
          break;
        default:  // BPF_ST, BPF_STX
          if (step.k >= memory_.size()) return std::nullopt;
          memory_[step.k] = BPF_CLASS(step.code) == BPF_ST ? a_ : x_;
      }
    }
    return std::nullopt;
  }

 private:
  bool jumps(const sock_filter& step, std::uint32_t operand) const {
    switch (BPF_OP(step.code)) {
      case BPF_JEQ:
        return a_ == operand;
      case BPF_JGT:
        return a_ > operand;
      case BPF_JGE:
        return a_ >= operand;
      default:
        return (a_ & operand) != 0;
    }
  }

  bool calculate(unsigned operation, std::uint32_t operand) {
    switch (operation) {
      case BPF_ADD:
        a_ += operand;
        return true;
      case BPF_SUB:
        a_ -= operand;
        return true;
      case BPF_MUL:
        a_ *= operand;
        return true;
      case BPF_DIV:
        if (operand == 0) return false;
        a_ /= operand;
        return true;
      case BPF_AND:
        a_ &= operand;
        return true;
      case BPF_OR:
        a_ |= operand;
        return true;
      case BPF_XOR:
        a_ ^= operand;
        return true;
      case BPF_LSH:
        a_ = operand < 32 ? a_ << operand : 0;
        return true;
      case BPF_RSH:
        a_ = operand < 32 ? a_ >> operand : 0;
        return true;
      case BPF_NEG:
        a_ = 0 - a_;
        return true;
      default:
        return false;
    }
  }

  bool load(const sock_filter& step, std::uint32_t& into) const {
    switch (BPF_MODE(step.code)) {
      case BPF_IMM:
        into = step.k;
        return true;
      case BPF_LEN:
        into = sizeof call_;
        return true;
      case BPF_MEM:
        if (step.k >= memory_.size()) return false;
        into = memory_[step.k];
        return true;
      case BPF_ABS:
        if (step.k % 4 != 0 || step.k > sizeof call_ - 4) return false;
        std::memcpy(&into, reinterpret_cast<const char*>(&call_) + step.k, 4);
        return true;
      default:
        return false;
    }
  }

  const seccomp_data& call_;
  std::uint32_t a_ = 0;
  std::uint32_t x_ = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> memory_{};
};

// "Seccomp:	2": 0 none, 1 strict, 2 filters.
Result<char> mode_of(const std::string& folder) {
  const std::string status = TRY(read_file(folder + "/status"));
  constexpr std::string_view key = "Seccomp:";
  for (const std::string& line : split(status, '\n')) {
    if (!line.starts_with(key)) continue;
    const std::string_view mode = trim(std::string_view(line).substr(key.size()));
    if (!mode.empty()) return mode[0];
  }
  return '0';  // a kernel without seccomp
}

}  // namespace

std::optional<std::uint32_t> run_seccomp_filter(std::span<const sock_filter> program,
                                                const seccomp_data& call) {
  return Machine(call).run(program);
}

bool has_seccomp(std::int64_t pid) {
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  const Result<std::vector<std::string>> names = list_folder(tasks);
  if (!names.ok()) return true;
  return std::any_of(names->begin(), names->end(), [&](const std::string& name) {
    const Result<char> mode = mode_of(fmt::format("{}/{}", tasks, name));
    return mode.ok() && *mode != '0';
  });
}

Result<bool> seccomp_allows(std::int64_t thread, const seccomp_data& call) {
  const char mode = TRY(mode_of(fmt::format("/proc/{}", thread)));
  if (mode != '2') return mode == '0';
  const auto tid = static_cast<pid_t>(thread);
  for (std::uintptr_t index = 0;; ++index) {
    const auto place = reinterpret_cast<void*>(index);  // NOLINT(performance-no-int-to-ptr)
    const long count = ::ptrace(PTRACE_SECCOMP_GET_FILTER, tid, place, nullptr);
    if (count < 0 && errno == ENOENT) return true;
    std::vector<sock_filter> program(count > 0 ? static_cast<std::size_t>(count) : 0);
    if (count <= 0 || ::ptrace(PTRACE_SECCOMP_GET_FILTER, tid, place, program.data()) < 0) {
      return error(Code::unsupported,
                   fmt::format("thread {} has seccomp filters which cannot be read: {}", thread,
                               std::strerror(errno)),
                   "run squall as root, outside a sandbox");
    }
    const std::uint32_t answer =
        run_seccomp_filter(program, call).value_or(SECCOMP_RET_KILL_THREAD);
    const std::uint32_t action = answer & SECCOMP_RET_ACTION_FULL;
    if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG) return false;
  }
}

}  // namespace squall::sys
