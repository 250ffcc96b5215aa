#include "reach/disk/volatile_cache.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

namespace squall::reach {
namespace {

std::uint64_t real_size(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

// As much of [offset, offset + size) as lies in one block.
struct Piece {
  std::uint64_t block;
  std::uint64_t from;  // in the block
  std::uint64_t size;
};
Piece piece_at(std::uint64_t offset, std::uint64_t size, std::uint64_t block_size) {
  const std::uint64_t from = offset % block_size;
  return {offset / block_size, from, std::min(size, block_size - from)};
}

}  // namespace

// nullptr for a file that nothing was opened of.
VolatileCache::File* VolatileCache::find(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return nullptr;
  const auto found = files_.find({status.st_dev, status.st_ino});
  return found == files_.end() ? nullptr : &found->second;
}

void VolatileCache::opened(int fd) {
  struct stat status {};
  const std::lock_guard lock(mutex_);
  if (::fstat(fd, &status) == 0) ++files_[{status.st_dev, status.st_ino}].handles;
}

void VolatileCache::closed(int fd) {
  {
    const std::lock_guard lock(mutex_);
    if (File* file = find(fd)) --file->handles;
  }
  drop_removed();
}

void VolatileCache::drop_removed() {
  const std::lock_guard lock(mutex_);
  for (auto at = files_.begin(); at != files_.end();) {
    File& file = at->second;
    struct stat status {};
    const bool is_held = file.fd.valid() && !file.blocks.empty();
    const bool is_removed = is_held && ::fstat(file.fd.get(), &status) == 0 && status.st_nlink == 0;
    if (file.handles > 0 || (is_held && !is_removed)) {
      ++at;
      continue;
    }
    for (const auto& [number, block] : file.blocks) by_age_.erase(block->order);
    at = files_.erase(at);
  }
}

// Makes the block from what the file holds there. nullptr when the file cannot be read.
VolatileCache::Block* VolatileCache::hold_block(const Key& key, File& file, int fd,
                                                std::uint64_t number) {
  if (!file.fd.valid()) {
    file.fd = sys::Fd(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_RDWR | O_CLOEXEC));
    if (!file.fd.valid()) return nullptr;
  }
  auto block = std::make_unique<Block>();
  const auto place = static_cast<off_t>(number * block_size);
  if (::pread(file.fd.get(), block->bytes.data(), block_size, place) < 0) return nullptr;
  block->order = next_order_++;
  by_age_[block->order] = {key, number};
  return (file.blocks[number] = std::move(block)).get();
}

ssize_t VolatileCache::write(int fd, std::string_view bytes, std::uint64_t offset, bool is_held) {
  const std::lock_guard lock(mutex_);
  struct stat status {};
  if (::fstat(fd, &status) != 0) return -errno;
  const Key key{status.st_dev, status.st_ino};
  File& file = files_[key];
  for (std::uint64_t done = 0; done < bytes.size();) {
    const Piece piece = piece_at(offset + done, bytes.size() - done, block_size);
    const auto found = file.blocks.find(piece.block);
    Block* block = found == file.blocks.end() ? nullptr : found->second.get();
    if (block == nullptr && is_held) block = hold_block(key, file, fd, piece.block);
    if (block == nullptr && is_held) return -errno;
    if (block != nullptr) {
      std::memcpy(block->bytes.data() + piece.from, bytes.data() + done, piece.size);
      file.end = std::max(file.end, offset + done + piece.size);
    } else {
      const ssize_t put =
          ::pwrite(fd, bytes.data() + done, piece.size, static_cast<off_t>(offset + done));
      if (put < 0 && done == 0) return -errno;
      if (put < static_cast<ssize_t>(piece.size)) {
        return static_cast<ssize_t>(done) + std::max<ssize_t>(put, 0);
      }
    }
    done += piece.size;
  }
  if (const int problem = evict(); problem != 0) return problem;
  return static_cast<ssize_t>(bytes.size());
}

ssize_t VolatileCache::read(int fd, char* bytes, std::size_t size, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  const ssize_t got = ::pread(fd, bytes, size, static_cast<off_t>(offset));
  if (got < 0) return -errno;
  const File* file = find(fd);
  if (file == nullptr || file->blocks.empty()) return got;
  const std::uint64_t whole = std::max(real_size(fd), file->end);
  if (offset >= whole) return 0;
  size = std::min<std::uint64_t>(size, whole - offset);
  const auto real = std::min(static_cast<std::size_t>(got), size);
  std::memset(bytes + real, 0, size - real);
  for (std::uint64_t done = 0; done < size;) {
    const Piece piece = piece_at(offset + done, size - done, block_size);
    const auto block = file->blocks.find(piece.block);
    if (block != file->blocks.end()) {
      std::memcpy(bytes + done, block->second->bytes.data() + piece.from, piece.size);
    }
    done += piece.size;
  }
  return static_cast<ssize_t>(size);
}

// Writes a held block to its file, and no further than the file goes.
int VolatileCache::write_back(File& file, std::uint64_t number) {
  const std::uint64_t place = number * block_size;
  const std::uint64_t whole = std::max(real_size(file.fd.get()), file.end);
  const Block& block = *file.blocks.at(number);
  const std::uint64_t size = whole > place ? std::min(block_size, whole - place) : 0;
  const ssize_t put = ::pwrite(file.fd.get(), block.bytes.data(), size, static_cast<off_t>(place));
  if (put != static_cast<ssize_t>(size)) return put < 0 ? -errno : -EIO;
  return forget_block(file, number);
}

int VolatileCache::forget_block(File& file, std::uint64_t number) {
  by_age_.erase(file.blocks.at(number)->order);
  file.blocks.erase(number);
  if (file.blocks.empty()) {
    file.end = 0;
    file.fd.reset();
  }
  return 0;
}

int VolatileCache::evict() {
  while (by_age_.size() > most_) {
    const auto [key, number] = by_age_.begin()->second;
    if (const int problem = write_back(files_.at(key), number); problem != 0) return problem;
  }
  return 0;
}

int VolatileCache::flush(int fd) {
  const std::lock_guard lock(mutex_);
  File* file = find(fd);
  while (file != nullptr && !file->blocks.empty()) {
    if (const int problem = write_back(*file, file->blocks.begin()->first)) return problem;
  }
  return 0;
}

int VolatileCache::resize(int fd, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (::ftruncate(fd, static_cast<off_t>(size)) != 0) return -errno;
  File* file = find(fd);
  if (file == nullptr || file->blocks.empty()) return 0;
  file->end = std::min(file->end, size);
  const auto cut = file->blocks.find(size / block_size);
  const std::uint64_t rest = size % block_size;
  if (rest != 0 && cut != file->blocks.end()) {
    std::memset(cut->second->bytes.data() + rest, 0, block_size - rest);
  }
  while (!file->blocks.empty() && file->blocks.rbegin()->first * block_size >= size) {
    forget_block(*file, file->blocks.rbegin()->first);
  }
  return 0;
}

void VolatileCache::correct(struct stat& status) {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find({status.st_dev, status.st_ino});
  if (found == files_.end()) return;
  status.st_size = std::max(status.st_size, static_cast<off_t>(found->second.end));
}

VolatileCache::Held VolatileCache::held() {
  const std::lock_guard lock(mutex_);
  Held held{.blocks = by_age_.size()};
  for (const auto& [key, file] : files_) held.files += file.blocks.empty() ? 0 : 1;
  return held;
}

}  // namespace squall::reach
