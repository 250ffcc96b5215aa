// Reads and writes on a file at a given rate, as an open load: operation n is due n / rate after
// the start, whether or not those before it have come back. Threads take the next number, wait for
// its time, and do it; a disk that cannot keep up is owed at most a second's worth, and the rest is
// forgiven, so that it is not flooded later.
#pragma once

#include <cstdint>
#include <stop_token>

#include "core/result.h"
#include "core/units.h"
#include "sys/fd.h"

namespace squall::change {

struct DiskWork {
  Rate rate;
  Bytes block;
  Share reads;
  bool is_random = true;
  bool is_direct = false;  // then blocks are whole pages
  std::int64_t depth = 1;  // threads, and so operations under way at most
  Bytes file_size;
  std::uint64_t seed = 0;
};

// Code::invalid for sizes and rates that cannot be.
Status check_disk_work(const DiskWork& work);

// Writes the file once from end to end, then works on it until the stop, which it notices within
// some 50 ms. Returns the first error of an operation.
Status work_on_disk(const sys::Fd& file, const DiskWork& work, const std::stop_token& stop);

}  // namespace squall::change
