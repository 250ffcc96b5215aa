// Writes that were acknowledged and stand in memory only until their file is synced: what a disk
// with a volatile cache forgets when its power fails. Whoever reads through the cache sees them;
// when the process ends, however it ends, they are gone.
//
// A file is known by its inode, so renames do not confuse it. Names, sizes that are set and
// removals reach the disk at once, as the journal of a filesystem may have written them already. A
// block is held whole: what others write to the same 4096 bytes of the file itself meanwhile is not
// seen through the cache.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include <sys/stat.h>
#include <sys/types.h>

#include "core/units.h"
#include "sys/fd.h"

namespace squall::reach {

// May be used from several threads. Results are those of the calls to the kernel: a count, or an
// errno negated. Descriptors are of regular files.
class VolatileCache {
 public:
  // Beyond `most` the oldest blocks are written to their files, as the kernel does in time.
  explicit VolatileCache(Bytes most) : most_(most.count / block_size) {}

  void opened(int fd);
  void closed(int fd);
  // Writes to the file or, when `is_held` or where a block is held already, to memory.
  ssize_t write(int fd, std::string_view bytes, std::uint64_t offset, bool is_held);
  ssize_t read(int fd, char* bytes, std::size_t size, std::uint64_t offset);
  // What is held of the file is written to it; the caller syncs it.
  int flush(int fd);
  int resize(int fd, std::uint64_t size);
  // The size of the file as whoever wrote it believes it to be.
  void correct(struct stat& status);
  // Forgets files that have neither a name nor a descriptor any more.
  void drop_removed();

  struct Held {
    std::uint64_t blocks = 0;  // of 4096 bytes
    std::uint64_t files = 0;
  };
  Held held();

 private:
  static constexpr std::uint64_t block_size = 4096;
  struct Key {
    dev_t device = 0;
    ino_t inode = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Block {
    std::array<char, block_size> bytes{};
    std::uint64_t order = 0;
  };
  struct File {
    sys::Fd fd;  // of our own, to read and write; while blocks are held
    int handles = 0;
    std::map<std::uint64_t, std::unique_ptr<Block>> blocks;  // by number from the file's start
    std::uint64_t end = 0;                                   // where the held writes end, in bytes
  };
  using Files = std::map<Key, File>;

  File* find(int fd);
  Block* hold_block(const Key& key, File& file, int fd, std::uint64_t number);
  int write_back(File& file, std::uint64_t number);
  int forget_block(File& file, std::uint64_t number);
  int evict();

  std::uint64_t most_;
  std::mutex mutex_;
  Files files_;
  std::map<std::uint64_t, std::pair<Key, std::uint64_t>> by_age_;  // order -> file, block
  std::uint64_t next_order_ = 0;
};

}  // namespace squall::reach
