// Fills a piece of anonymous memory with real pages, at once or evenly over a time.
//
// A few threads, each on its own part, ask the kernel for pages by MADV_POPULATE_WRITE (Linux 5.14;
// before that by a write to each page), huge ones where it has them. The pages are locked as they
// come, where the limit on locked memory allows it.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/duration.h"
#include "core/result.h"
#include "core/units.h"

namespace squall::change {

class MemoryFiller {
 public:
  // Maps `size`, rounded up to whole pages, and begins to fill it: as fast as the kernel gives
  // pages, or evenly over `ramp`.
  static Result<std::unique_ptr<MemoryFiller>> start(Bytes size, Duration ramp);
  // Gives everything back.
  ~MemoryFiller();
  MemoryFiller(const MemoryFiller&) = delete;
  MemoryFiller& operator=(const MemoryFiller&) = delete;

  Bytes filled() const { return {filled_.load()}; }
  // Code::failed once the kernel refused a page.
  Status problem() const;
  // True when everything is filled; false when that takes longer, or there is a problem.
  bool wait_until_filled(Duration limit) const;

 private:
  MemoryFiller(char* memory, std::size_t length, Duration ramp);
  void start_threads();
  void fill(char* place, std::size_t size, const std::stop_token& stop);

  char* memory_;
  std::size_t length_;
  Duration start_;
  Duration ramp_;
  std::atomic<std::size_t> filled_ = 0;
  std::atomic<int> errno_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace squall::change
