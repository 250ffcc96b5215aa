// Doses that bind a victim: what was left to it against what was asked for. The victim counts for
// itself, in memory that it shares with the bench; only its CPU time is told by the kernel.
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/units.h"
#include "measure.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/process.h"
#include "sys/test_props.h"

namespace squall::bench {
namespace {

constexpr double mebibyte = 1 << 20;

using Count = std::atomic<std::int64_t>;

struct Board {
  Count may_begin;
  Count amount;
};

void await_begin(const Board& board) {
  while (board.may_begin == 0) sys::sleep_until(sys::monotonic_now() + milliseconds(1));
}

class Victim {
 public:
  explicit Victim(const std::function<void(Board&)>& work) {
    void* const memory =
        ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED, "memory can be shared");
    board_ = std::construct_at(static_cast<Board*>(memory));
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    CHECK(pid_ >= 0, "a victim can be started");
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    work(*board_);
    while (true) ::pause();
  }
  ~Victim() {
    ::kill(pid_, SIGKILL);
    if (!has_ended_) ::waitpid(pid_, nullptr, 0);
    ::munmap(board_, sizeof(Board));
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  json::object select() const { return {{"pid", pid_}}; }
  void begin() { board_->may_begin = 1; }
  std::int64_t amount() const { return board_->amount; }
  Duration cpu_time() const { return sys::process_cpu_time(pid_).value_or(Duration{}); }

  // Once it has told an amount, or is dead.
  std::int64_t final_amount(Duration limit) {
    const Duration deadline = sys::monotonic_now() + limit;
    while (sys::monotonic_now() < deadline) {
      has_ended_ = has_ended_ || ::waitpid(pid_, nullptr, WNOHANG) == pid_;
      if (has_ended_ || board_->may_begin == 2) break;
      sys::sleep_until(sys::monotonic_now() + milliseconds(5));
    }
    return board_->amount;
  }

 private:
  Board* board_ = nullptr;
  pid_t pid_ = 0;
  bool has_ended_ = false;
};

void tell(Board& board, std::int64_t amount) {
  board.amount = amount;
  board.may_begin = 2;
}

Accuracy quota_row(guardian::Session& session, int percent) {
  const std::string asked = fmt::format("{} %", percent);
  const Victim victim([](Board&) {
    volatile bool goes_on = true;
    while (goes_on) {
    }
  });
  const DoseFault fault(session, "cpu.quota", {{"select", victim.select()}, {"quota", asked}});
  if (!fault.problem().empty()) return problem_row("cpu.quota", asked, fault.problem());
  sys::sleep_until(sys::monotonic_now() + milliseconds(300));
  const Duration start = sys::monotonic_now();
  const Duration before = victim.cpu_time();
  sys::sleep_until(start + seconds(3));
  const double got =
      100 * (victim.cpu_time() - before).seconds() / (sys::monotonic_now() - start).seconds();
  return share_row("cpu.quota", asked, percent, fmt::format("{:.2f} %", got), got, 0.05);
}

// Direct writes to a file on the disk below the bench's own folder.
Accuracy slow_disk_row(guardian::Session& session, const std::string& folder,
                       const std::string& what, const std::string& asked, double wanted,
                       std::size_t piece, bool counts_bytes) {
  const std::string path = folder + "/slow";
  Victim victim([&](Board& board) {
    const sys::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_DIRECT | O_CLOEXEC, 0600));
    void* const block = std::aligned_alloc(4096, piece);
    await_begin(board);
    for (int i = 0; ::pwrite(file.get(), block, piece, (i % 16) * static_cast<off_t>(piece)) > 0;
         ++i) {
      board.amount += counts_bytes ? static_cast<std::int64_t>(piece) : 1;
    }
  });
  const DoseFault fault(session, "disk.slow",
                        {{"select", victim.select()}, {"path", folder}, {what, asked}});
  const std::string name = "disk.slow, " + what;
  if (!fault.problem().empty()) return problem_row(name, asked, fault.problem());
  victim.begin();
  sys::sleep_until(sys::monotonic_now() + seconds(1));
  const Duration start = sys::monotonic_now();
  const std::int64_t before = victim.amount();
  sys::sleep_until(start + seconds(4));
  const double got =
      static_cast<double>(victim.amount() - before) / (sys::monotonic_now() - start).seconds();
  const std::string delivered = counts_bytes ? fmt::format("{:.3f} MiB a second", got / mebibyte)
                                             : fmt::format("{:.1f} /s", got);
  return share_row(name, asked + (counts_bytes ? " a second" : ""), wanted, delivered, got, 0.05);
}

// How much a victim could touch before the kernel killed it.
Accuracy memory_row(guardian::Session& session, std::int64_t size_mb) {
  constexpr std::int64_t step = 64 << 10;
  const std::string asked = fmt::format("{} MiB", size_mb);
  Victim victim([](Board& board) {
    await_begin(board);
    constexpr std::size_t all = 1UL << 30;
    char* const memory = static_cast<char*>(
        ::mmap(nullptr, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (std::size_t at = 0; at < all; at += 4096) {
      memory[at] = 1;
      if (at % step == 0) board.amount = static_cast<std::int64_t>(at);
    }
    tell(board, static_cast<std::int64_t>(all));
  });
  const DoseFault fault(session, "memory.limit",
                        {{"select", victim.select()}, {"limit", asked}, {"proof", "kill"}});
  if (!fault.problem().empty()) return problem_row("memory.limit", asked, fault.problem());
  victim.begin();
  const double got = static_cast<double>(victim.final_amount(seconds(10)));
  return share_row("memory.limit, killed at", asked, static_cast<double>(size_mb) * mebibyte,
                   fmt::format("{:.2f} MiB", got / mebibyte), got, 0.01);
}

Accuracy descriptors_row(guardian::Session& session, int most) {
  const std::string asked = std::to_string(most);
  Victim victim([](Board& board) {
    await_begin(board);
    int last = 2;
    for (int fd = 0; fd >= 0; fd = ::open("/dev/null", O_RDONLY)) last = std::max(last, fd);
    tell(board, last + 1);
  });
  const DoseFault fault(session, "process.limit", {{"select", victim.select()}, {"soft", asked}});
  if (!fault.problem().empty()) return problem_row("process.limit", asked, fault.problem());
  victim.begin();
  const std::int64_t got = victim.final_amount(seconds(10));
  return share_row("process.limit, descriptors", asked, most, std::to_string(got),
                   static_cast<double>(got), 0);
}

Accuracy processes_row(guardian::Session& session, int most) {
  const std::string asked = std::to_string(most);
  Victim victim([](Board& board) {
    await_begin(board);
    const pid_t self = ::getpid();
    std::int64_t alive = 1;
    for (pid_t child = ::fork(); child >= 0; child = ::fork()) {
      if (child > 0) {
        ++alive;
        continue;
      }
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (::getppid() == self) ::pause();
      ::_exit(0);
    }
    tell(board, alive);
  });
  const DoseFault fault(session, "limits.processes", {{"select", victim.select()}, {"most", most}});
  if (!fault.problem().empty()) return problem_row("limits.processes", asked, fault.problem());
  victim.begin();
  const std::int64_t got = victim.final_amount(seconds(10));
  return share_row("limits.processes", asked, most, std::to_string(got), static_cast<double>(got),
                   0);
}

}  // namespace

std::vector<Accuracy> bench_limit_accuracy() {
  const Workplace workplace;
  const auto session = workplace.open("bench");
  const sys::ScratchFolder scratch;
  std::vector<Accuracy> rows;
  for (const int percent : {10, 50, 90}) rows.push_back(quota_row(*session, percent));
  for (const int size : {1, 5}) {
    rows.push_back(slow_disk_row(*session, scratch.path(), "write_bytes_per_second",
                                 fmt::format("{} MiB", size), size * mebibyte, 64 << 10, true));
  }
  for (const int rate : {20, 200}) {
    rows.push_back(slow_disk_row(*session, scratch.path(), "writes", fmt::format("{} /s", rate),
                                 rate, 4096, false));
  }
  for (const int size : {64, 256}) rows.push_back(memory_row(*session, size));
  for (const int most : {64, 512}) rows.push_back(descriptors_row(*session, most));
  for (const int most : {2, 50}) rows.push_back(processes_row(*session, most));
  return rows;
}

}  // namespace squall::bench
