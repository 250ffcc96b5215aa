// Many empty files without a name, each of which takes an inode of a filesystem. The inodes are
// free again as soon as the descriptors close, however that comes about.
//
// A process may have only so many descriptors open (RLIMIT_NOFILE), but the limit is on one table
// of descriptors: each thread here makes a table of its own (unshare(2), CLONE_FILES), fills it,
// and stays until it is told to go. So as many can be held as the kernel has memory for, about
// 1.8 KiB each.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::change {

// Kernel memory that an open file without a name takes: its inode, file and directory entry,
// measured on ext4 and tmpfs.
inline constexpr std::uint64_t memory_of_unnamed_file = 1800;

// One such file, open for reading and writing, with these flags of open(2) besides.
// Code::unsupported where the filesystem of the folder has none.
Result<sys::Fd> open_unnamed_file(const std::string& folder, int flags = 0);

class UnnamedFiles {
 public:
  UnnamedFiles();
  ~UnnamedFiles();
  UnnamedFiles(UnnamedFiles&&) noexcept;
  UnnamedFiles& operator=(UnnamedFiles&&) noexcept;

  // Makes `count` more, or as many as it can before the stop. False: the filesystem had no room for
  // all of them. Those made so far stay, also on an error.
  Result<bool> add(const std::string& folder, std::uint64_t count, const std::stop_token& stop);
  std::uint64_t count() const { return count_; }

 private:
  class Table;
  std::vector<std::unique_ptr<Table>> tables_;
  std::uint64_t count_ = 0;
};

}  // namespace squall::change
