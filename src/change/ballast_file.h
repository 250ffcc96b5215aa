// A file without a name that takes space on a filesystem, exact to a block. The space is free again
// as soon as the last descriptor of it closes, however that comes about: there is no name that
// could stay.
//
// What it takes is told by the kernel's own account of it (st_blocks), which includes the blocks
// that hold its map, so that the free space of the filesystem sinks by just that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/result.h"
#include "core/units.h"
#include "sys/fd.h"

namespace squall::change {

// Either a size to take or what is to be left; rounded down to whole blocks.
struct SpaceGoal {
  std::optional<Bytes> size;
  std::optional<Bytes> leave;
  // What is left counts for root too, who may use blocks that the filesystem keeps back for him.
  bool take_reserve = false;
};

class BallastFile {
 public:
  // In this folder. Code::unsupported where the filesystem has no files without a name.
  static Result<BallastFile> open(const std::string& folder);

  // Takes a step towards the goal, at most some GiB, so that it can be stopped between two. True:
  // the goal is reached, or, with `leave`, as near as the filesystem lets us come.
  // With `size`, running out of space is an error; what was taken until then stays taken.
  Result<bool> approach(const SpaceGoal& goal);
  Bytes taken() const;
  // False where the filesystem cannot give out space without writing, which is slower.
  bool allocates() const { return allocates_; }

 private:
  Result<bool> approach_size(std::uint64_t size);
  Result<bool> approach_leave(const SpaceGoal& goal);
  // At most one step. An errno, 0 when there was none.
  int take(std::uint64_t bytes);
  int write_step(std::uint64_t bytes);
  Status give_back(std::uint64_t bytes);

  sys::Fd fd_;
  std::uint64_t block_ = 4096;
  std::uint64_t length_ = 0;
  std::uint64_t step_ = 0;  // how much is asked for at once
  bool allocates_ = true;
  int corrections_ = 0;  // how often too much was given back
};

}  // namespace squall::change
