#include "change/disk_worker.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <unistd.h>

#include "sys/clock.h"

namespace squall::change {
namespace {

constexpr std::uint64_t page = 4096;  // direct transfers lie on page boundaries, in memory as well
constexpr Duration debt_max = seconds(1);
constexpr Duration stop_every = milliseconds(50);

struct Free {
  void operator()(char* memory) const { std::free(memory); }
};
using Buffer = std::unique_ptr<char, Free>;

std::uint64_t mixed(std::uint64_t value) {  // the finaliser of SplitMix64
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31);
}

// Noise, so that no filesystem or disk compresses it away.
Buffer make_buffer(std::uint64_t size, std::uint64_t seed) {
  void* memory = nullptr;
  if (::posix_memalign(&memory, page, size) != 0) return nullptr;
  Buffer buffer(static_cast<char*>(memory));
  for (std::uint64_t i = 0; i < size; i += 8) {
    const std::uint64_t bits = mixed(seed + i);
    for (std::uint64_t k = i; k < std::min(i + 8, size); ++k) {
      buffer.get()[k] = static_cast<char>(bits >> (8 * (k - i)));
    }
  }
  return buffer;
}

Status transfer(const sys::Fd& file, bool is_read, char* memory, std::uint64_t size,
                std::uint64_t offset) {
  while (true) {
    const auto place = static_cast<off_t>(offset);
    const ssize_t done = is_read ? ::pread(file.get(), memory, size, place)
                                 : ::pwrite(file.get(), memory, size, place);
    if (done == static_cast<ssize_t>(size)) return ok();
    if (done < 0 && errno == EINTR) continue;
    return errno_error(done < 0 ? errno : EIO, fmt::format("{} {} B of the scratch file",
                                                           is_read ? "reading" : "writing", size));
  }
}

Status fill_file(const sys::Fd& file, const DiskWork& work, const std::stop_token& stop) {
  constexpr std::uint64_t piece = 1 << 20;
  const Buffer buffer = make_buffer(piece, work.seed);
  if (buffer == nullptr) return errno_error(ENOMEM, "getting a buffer");
  for (std::uint64_t at = 0; at < work.file_size.count && !stop.stop_requested(); at += piece) {
    const std::uint64_t size = std::min(piece, work.file_size.count - at);
    TRY_VOID(transfer(file, false, buffer.get(), size, at));
  }
  return ok();
}

// What the threads share.
class Work {
 public:
  Work(const sys::Fd& file, const DiskWork& work, const std::stop_token& stop)
      : file_(file), work_(work), stop_(stop), start_(sys::monotonic_now()) {}

  void run(std::uint64_t worker) {
    sys::use_precise_timers();
    const Buffer buffer = make_buffer(work_.block.count, work_.seed + worker);
    if (buffer == nullptr) return fail(errno_error(ENOMEM, "getting a buffer"));
    for (std::uint64_t number = next_++; wait_until_due(number); number = next_++) {
      const Status done = do_one(number, buffer.get());
      if (!done.ok()) return fail(done.error());
    }
  }
  // The first failure counts.
  void fail(Error problem) {
    if (!has_failed_.exchange(true)) problem_ = std::move(problem);
  }

  // Once all threads have ended.
  Status problem() const { return problem_; }

 private:
  bool is_over() const { return stop_.stop_requested() || has_failed_.load(); }

  bool wait_until_due(std::uint64_t number) {
    const Duration due =
        start_ +
        nanoseconds(std::llround(static_cast<double>(number) * 1e9 / work_.rate.per_second));
    while (!is_over()) {
      const Duration now = sys::monotonic_now();
      if (now - due > debt_max) forgive(now);
      if (now >= due) return true;
      sys::sleep_until(std::min(due, now + stop_every));
    }
    return false;
  }

  // Goes on with the number that is due now.
  void forgive(Duration now) {
    const double due = (now - start_).seconds() * work_.rate.per_second;
    const auto wanted = static_cast<std::uint64_t>(due);
    std::uint64_t next = next_.load();
    while (next < wanted && !next_.compare_exchange_weak(next, wanted)) {
    }
  }

  Status do_one(std::uint64_t number, char* memory) {
    const std::uint64_t blocks = work_.file_size.count / work_.block.count;
    const std::uint64_t bits = mixed(work_.seed ^ mixed(number));
    const std::uint64_t place = work_.is_random ? bits % blocks : number % blocks;
    const double draw = static_cast<double>(mixed(bits) >> 11) * 0x1p-53;
    return transfer(file_, draw < work_.reads.fraction, memory, work_.block.count,
                    place * work_.block.count);
  }

  const sys::Fd& file_;
  const DiskWork& work_;
  const std::stop_token& stop_;
  Duration start_;
  std::atomic<std::uint64_t> next_ = 0;
  std::atomic<bool> has_failed_ = false;
  Status problem_ = ok();
};

}  // namespace

Status check_disk_work(const DiskWork& work) {
  constexpr std::uint64_t largest_block = 16 << 20;
  if (work.rate.per_second < 1 || work.rate.per_second > 1e6) {
    return error(Code::invalid, fmt::format("a rate of {} is out of bounds", render(work.rate)),
                 "allowed: 1 /s to 1000000 /s");
  }
  if (work.block.count < 1 || work.block.count > largest_block ||
      (work.is_direct && work.block.count % page != 0)) {
    return error(Code::invalid, fmt::format("a block of {} cannot be", render(work.block)),
                 "up to 16 MiB; past the page cache only in steps of 4 KiB");
  }
  if (work.file_size.count < work.block.count || work.file_size.count > (1ULL << 34) ||
      work.file_size.count % page != 0) {
    return error(Code::invalid,
                 fmt::format("a scratch file of {} cannot be", render(work.file_size)),
                 "at least one block, at most 16 GiB, in steps of 4 KiB");
  }
  return ok();
}

Status work_on_disk(const sys::Fd& file, const DiskWork& work, const std::stop_token& stop) {
  TRY_VOID(fill_file(file, work, stop));
  Work shared(file, work, stop);
  std::vector<std::jthread> threads;
  try {
    for (std::int64_t i = 0; i < work.depth; ++i) {
      threads.emplace_back([&shared, i] { shared.run(static_cast<std::uint64_t>(i)); });
    }
  } catch (const std::system_error& problem) {
    shared.fail(errno_error(problem.code().value(), "starting threads to read and write"));
  }
  for (std::jthread& thread : threads) thread.join();
  return shared.problem();
}

}  // namespace squall::change
