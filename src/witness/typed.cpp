#include "witness/typed.h"

#include <algorithm>

#include "sys/clock.h"

namespace squall::witness {
namespace {

class Timed final : public Witness {
 public:
  explicit Timed(std::unique_ptr<Witness> inner) : inner_(std::move(inner)) {}

  Result<Sighting> look() override {
    const Duration begun = sys::monotonic_now();
    Result<Sighting> sighting = inner_->look();
    const Duration took = sys::monotonic_now() - begun;
    if (sighting.ok()) sighting->oldest = std::max(sighting->oldest, took);
    return sighting;
  }

 private:
  std::unique_ptr<Witness> inner_;
};

}  // namespace

std::unique_ptr<Witness> timed(std::unique_ptr<Witness> witness) {
  return std::make_unique<Timed>(std::move(witness));
}

}  // namespace squall::witness
