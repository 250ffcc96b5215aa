#include "sys/random.h"

#include <sys/random.h>
#include <unistd.h>

#include "sys/clock.h"

namespace squall::sys {
namespace {

// The finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators).
std::uint64_t mix(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
  return bits ^ (bits >> 31);
}

}  // namespace

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof(bits), GRND_NONBLOCK) == static_cast<ssize_t>(sizeof(bits))) {
    return bits;
  }
  return mix(static_cast<std::uint64_t>(wall_nanoseconds()) ^
             static_cast<std::uint64_t>(monotonic_now().nanoseconds) << 20 ^
             static_cast<std::uint64_t>(::getpid()) << 44);
}

}  // namespace squall::sys
