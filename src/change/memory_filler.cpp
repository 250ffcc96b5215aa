#include "change/memory_filler.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/clock.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace squall::change {
namespace {

constexpr std::size_t huge_page = 2 << 20;
constexpr std::size_t chunk = 32 << 20;  // filled between two looks at the clock
constexpr std::size_t threads_max = 4;   // more only wait for each other in the kernel
constexpr Duration step = milliseconds(20);

std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

std::size_t rounded_up(std::size_t count, std::size_t unit) {
  return (count + unit - 1) / unit * unit;
}

// 0 or an errno.
int populate(char* start, std::size_t length) {
  while (::madvise(start, length, MADV_POPULATE_WRITE) != 0) {
    if (errno == EINTR || errno == EAGAIN) continue;
    if (errno != EINVAL) return errno;
    for (std::size_t at = 0; at < length; at += page_size()) {  // an older kernel
      *static_cast<volatile char*>(start + at) = 1;
    }
    return 0;
  }
  return 0;
}

}  // namespace

Result<std::unique_ptr<MemoryFiller>> MemoryFiller::start(Bytes size, Duration ramp) {
  const std::size_t length = rounded_up(size.count, page_size());
  void* memory = ::mmap(nullptr, length, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return errno_error(errno, "mapping " + render(size));
  ::madvise(memory, length, MADV_HUGEPAGE);  // a wish: small pages only take longer
  ::mlock2(memory, length, MLOCK_ONFAULT);   // may be refused
  std::unique_ptr<MemoryFiller> filler(new MemoryFiller(static_cast<char*>(memory), length, ramp));
  try {
    filler->start_threads();
  } catch (const std::system_error& problem) {
    return errno_error(problem.code().value(), "starting the threads that fill memory");
  }
  return filler;
}

MemoryFiller::MemoryFiller(char* memory, std::size_t length, Duration ramp)
    : memory_(memory), length_(length), start_(sys::monotonic_now()), ramp_(ramp) {}

MemoryFiller::~MemoryFiller() {
  threads_.clear();
  ::munmap(memory_, length_);
}

void MemoryFiller::start_threads() {
  const std::size_t count =
      std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, threads_max);
  const std::size_t part = rounded_up((length_ + count - 1) / count, huge_page);
  for (std::size_t at = 0; at < length_; at += part) {
    threads_.emplace_back([this, place = memory_ + at, size = std::min(part, length_ - at)](
                              const std::stop_token& stop) { fill(place, size, stop); });
  }
}

Status MemoryFiller::problem() const {
  if (const int number = errno_.load(); number != 0) return errno_error(number, "filling memory");
  return ok();
}

bool MemoryFiller::wait_until_filled(Duration limit) const {
  const Duration deadline = sys::monotonic_now() + limit;
  while (filled_.load() < length_) {
    if (errno_.load() != 0 || sys::monotonic_now() >= deadline) return false;
    sys::sleep_until(sys::monotonic_now() + milliseconds(1));
  }
  return true;
}

void MemoryFiller::fill(char* place, std::size_t size, const std::stop_token& stop) {
  std::size_t done = 0;
  while (done < size && !stop.stop_requested()) {
    std::size_t due = size;
    if (const Duration spent = sys::monotonic_now() - start_; spent < ramp_) {
      const double share = spent.seconds() / ramp_.seconds();
      due = static_cast<std::size_t>(static_cast<double>(size) * share);
      due -= due % page_size();
    }
    if (due <= done) {
      sys::sleep_until(sys::monotonic_now() + step, stop);
      continue;
    }
    const std::size_t next = std::min(due - done, chunk);
    if (const int problem = populate(place + done, next); problem != 0) {
      errno_ = problem;
      return;
    }
    done += next;
    filled_ += next;
  }
}

}  // namespace squall::change
