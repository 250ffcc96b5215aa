// What the helper processes of a holder have taken so far, in memory that they share with it.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/duration.h"
#include "core/result.h"

namespace squall::change {

class Tally {
 public:
  // Code::failed when there is no memory to share.
  static Result<Tally> make();
  Tally(Tally&& other) noexcept;
  Tally& operator=(Tally&&) = delete;
  ~Tally();

  // In a helper.
  void add(std::int64_t count) { shared_->taken.fetch_add(count); }
  void fail(int number) { shared_->problem.store(number); }
  // In the holder.
  std::int64_t taken() const { return shared_->taken.load(); }
  int problem() const { return shared_->problem.load(); }
  // True when `count` are taken; false when that takes longer, or a helper failed.
  bool wait_for(std::int64_t count, Duration limit) const;

 private:
  struct Shared {
    std::atomic<std::int64_t> taken = 0;
    std::atomic<int> problem = 0;
  };
  explicit Tally(Shared* shared) : shared_(shared) {}
  Shared* shared_;
};

// How many of `count` are due when it is taken evenly over `ramp`, so long after the start.
std::int64_t due_of(std::int64_t count, Duration ramp, Duration spent);

}  // namespace squall::change
