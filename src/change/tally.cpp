#include "change/tally.h"

#include <cerrno>
#include <memory>
#include <utility>

#include <sys/mman.h>

#include "sys/clock.h"

namespace squall::change {

Result<Tally> Tally::make() {
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return errno_error(errno, "sharing memory with helper processes");
  return Tally(std::construct_at(static_cast<Shared*>(memory)));
}

Tally::Tally(Tally&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}

Tally::~Tally() {
  if (shared_ != nullptr) ::munmap(shared_, sizeof(Shared));
}

bool Tally::wait_for(std::int64_t count, Duration limit) const {
  const Duration deadline = sys::monotonic_now() + limit;
  while (taken() < count) {
    if (problem() != 0 || sys::monotonic_now() >= deadline) return false;
    sys::sleep_until(sys::monotonic_now() + milliseconds(1));
  }
  return true;
}

std::int64_t due_of(std::int64_t count, Duration ramp, Duration spent) {
  if (spent >= ramp) return count;
  return static_cast<std::int64_t>(static_cast<double>(count) * spent.seconds() / ramp.seconds());
}

}  // namespace squall::change
