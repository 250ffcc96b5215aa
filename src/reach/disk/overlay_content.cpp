// What the overlay does with open files and folders: reading, writing, syncing, listing.
#include <algorithm>
#include <cerrno>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "reach/disk/overlay_files.h"

namespace squall::reach {
namespace {

struct OpenFolder {
  ~OpenFolder() {
    if (entries != nullptr) ::closedir(entries);
  }
  DIR* entries = nullptr;
  const dirent* next = nullptr;  // read, and not handed over yet
  off_t place = 0;               // of `next`
  std::shared_ptr<FileCounts> counts;
};
OpenFolder& open_folder_of(const fuse_file_info* info) {
  return *reinterpret_cast<OpenFolder*>(info->fh);
}

void fail(fuse_req_t request, int problem) {
  ::fuse_reply_err(request, problem);
}

FileWork work_of_open(int flags) {
  return (flags & O_ACCMODE) == O_RDONLY && (flags & O_TRUNC) == 0 ? FileWork::open
                                                                   : FileWork::open_to_write;
}
// Our buffers are not aligned. An append stays one, so that nothing is overwritten that somebody
// else adds beside us; with a cache the end is where the cache says.
int our_flags(OverlayFiles& files, int flags) {
  const int unwanted = files.cache() == nullptr ? O_DIRECT : O_DIRECT | O_APPEND;
  return (flags & ~(unwanted | O_NOFOLLOW | O_CREAT | O_EXCL)) | O_NONBLOCK | O_CLOEXEC;
}

void keep(OverlayFiles& files, sys::Fd fd, std::shared_ptr<FileCounts> counts,
          fuse_file_info* info) {
  if (files.cache() != nullptr) {
    files.cache()->opened(fd.get());
    if ((info->flags & O_TRUNC) != 0) files.cache()->resize(fd.get(), 0);
  }
  auto file = std::make_unique<OpenFile>();
  file->fd = std::move(fd);
  file->counts = std::move(counts);
  file->appends = (info->flags & O_APPEND) != 0;
  file->is_synced = (info->flags & (O_SYNC | O_DSYNC)) != 0;
  info->fh = reinterpret_cast<std::uint64_t>(file.release());
  ++files.open_count();
}
void let_go(OverlayFiles& files, const fuse_file_info* info) {
  const std::unique_ptr<OpenFile> file(&open_file_of(info));
  if (files.cache() != nullptr) files.cache()->closed(file->fd.get());
  --files.open_count();
}

void open_file(fuse_req_t request, fuse_ino_t number, fuse_file_info* info) {
  OverlayFiles& files = files_of(request);
  std::shared_ptr<FileCounts> counts = files.counts_of(number);
  if (is_refused(request, work_of_open(info->flags), counts.get())) return;
  const std::string path = files.node(number).through_proc();
  sys::Fd fd(::open(path.c_str(), our_flags(files, info->flags)));
  if (!fd.valid()) return fail(request, errno);
  keep(files, std::move(fd), std::move(counts), info);
  if (::fuse_reply_open(request, info) != 0) let_go(files, info);  // who asked has gone
}
void create_file(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode,
                 fuse_file_info* info) {
  OverlayFiles& files = files_of(request);
  std::shared_ptr<FileCounts> counts = files.counts_of(parent, name);
  if (is_refused(request, FileWork::open_to_write, counts.get())) return;
  const int flags = our_flags(files, info->flags) | O_CREAT | O_EXCL | O_NOFOLLOW;
  sys::Fd fd(::openat(files.node(parent).fd.get(), name, flags, mode));
  if (!fd.valid()) return fail(request, errno);
  if (const int problem = give_to_asker(request, parent, name, mode)) return fail(request, problem);
  fuse_entry_param entry{};
  if (const int problem = files.look_up(parent, name, entry)) return fail(request, problem);
  keep(files, std::move(fd), std::move(counts), info);
  if (::fuse_reply_create(request, &entry, info) == 0) return;
  let_go(files, info);
  files.forget(entry.ino, 1);
}
void close_file(fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
  let_go(files_of(request), info);
  fail(request, 0);
}

void read_file(fuse_req_t request, fuse_ino_t, std::size_t size, off_t offset,
               fuse_file_info* info) {
  OverlayFiles& files = files_of(request);
  const OpenFile& file = open_file_of(info);
  if (is_refused(request, FileWork::read, file.counts.get())) return;
  std::vector<char> bytes(size);
  ssize_t got = 0;
  if (files.cache() != nullptr) {
    got =
        files.cache()->read(file.fd.get(), bytes.data(), size, static_cast<std::uint64_t>(offset));
  } else {
    got = ::pread(file.fd.get(), bytes.data(), size, offset);
    if (got < 0) got = -errno;
  }
  if (got < 0) return fail(request, static_cast<int>(-got));
  ::fuse_reply_buf(request, bytes.data(), static_cast<std::size_t>(got));
}

// What was written with O_SYNC is on the disk when it is acknowledged, and takes the rest along.
ssize_t write_cached(VolatileCache& cache, const OpenFile& file, std::string_view bytes,
                     std::uint64_t offset, bool is_held) {
  if (file.appends) {
    struct stat status {};
    if (::fstat(file.fd.get(), &status) != 0) return -errno;
    cache.correct(status);
    offset = static_cast<std::uint64_t>(status.st_size);
  }
  if (file.is_synced) {
    if (const int problem = cache.flush(file.fd.get())) return problem;
  }
  return cache.write(file.fd.get(), bytes, offset, is_held && !file.is_synced);
}
// As many bytes as are acknowledged, or an errno negated.
ssize_t write_by_fate(OverlayFiles& files, const OpenFile& file, const Fate& fate,
                      std::string_view bytes, off_t offset) {
  if (files.cache() != nullptr) {
    return write_cached(*files.cache(), file, bytes, static_cast<std::uint64_t>(offset),
                        fate.is_held);
  }
  const std::size_t lands =
      std::min<std::uint64_t>(bytes.size(), fate.lands.value_or(bytes.size()));
  const ssize_t put = lands == 0 ? 0 : ::pwrite(file.fd.get(), bytes.data(), lands, offset);
  if (put < 0) return -errno;
  return fate.lands ? static_cast<ssize_t>(bytes.size()) : put;  // in full, whatever landed
}
void write_file(fuse_req_t request, fuse_ino_t, const char* bytes, std::size_t size, off_t offset,
                fuse_file_info* info) {
  OverlayFiles& files = files_of(request);
  const OpenFile& file = open_file_of(info);
  const Fate fate = files.judge().decide(FileWork::write, file.counts.get(), size);
  if (const int problem = files.settle(fate)) return fail(request, problem);
  const ssize_t put = write_by_fate(files, file, fate, {bytes, size}, offset);
  if (put < 0) return fail(request, static_cast<int>(-put));
  ::fuse_reply_write(request, static_cast<std::size_t>(put));
}

int flush_cache(OverlayFiles& files, const OpenFile& file) {
  return files.cache() == nullptr ? 0 : -files.cache()->flush(file.fd.get());
}
void allocate(fuse_req_t request, fuse_ino_t, int mode, off_t offset, off_t length,
              fuse_file_info* info) {
  OverlayFiles& files = files_of(request);
  const OpenFile& file = open_file_of(info);
  const Fate fate = files.judge().decide(FileWork::write, file.counts.get());
  if (const int problem = files.settle(fate)) return fail(request, problem);
  if (const int problem = flush_cache(files, file)) return fail(request, problem);
  fail(request, ::fallocate(file.fd.get(), mode, offset, length) == 0 ? 0 : errno);
}
void sync_file(fuse_req_t request, fuse_ino_t, int only_data, fuse_file_info* info) {
  const OpenFile& file = open_file_of(info);
  if (is_refused(request, FileWork::sync, file.counts.get())) return;
  if (const int problem = flush_cache(files_of(request), file)) return fail(request, problem);
  const int fd = file.fd.get();
  fail(request, (only_data != 0 ? ::fdatasync(fd) : ::fsync(fd)) == 0 ? 0 : errno);
}
// With a cache a file has no holes, as a filesystem may say.
void seek(fuse_req_t request, fuse_ino_t, off_t offset, int whence, fuse_file_info* info) {
  OverlayFiles& files = files_of(request);
  const int fd = open_file_of(info).fd.get();
  off_t place = 0;
  if (files.cache() != nullptr && (whence == SEEK_DATA || whence == SEEK_HOLE)) {
    struct stat status {};
    if (const int problem = files.attributes(fd, status)) return fail(request, problem);
    if (offset >= status.st_size) return fail(request, ENXIO);
    place = whence == SEEK_DATA ? offset : status.st_size;
  } else {
    place = ::lseek(fd, offset, whence);
  }
  if (place < 0) return fail(request, errno);
  ::fuse_reply_lseek(request, place);
}

void open_folder(fuse_req_t request, fuse_ino_t number, fuse_file_info* info) {
  OverlayFiles& files = files_of(request);
  auto folder = std::make_unique<OpenFolder>();
  folder->counts = files.counts_of(number);
  if (is_refused(request, FileWork::open, folder->counts.get())) return;
  sys::Fd fd(::openat(files.node(number).fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return fail(request, errno);
  folder->entries = ::fdopendir(fd.get());
  if (folder->entries == nullptr) return fail(request, errno);
  static_cast<void>(fd.release());
  info->fh = reinterpret_cast<std::uint64_t>(folder.get());
  if (::fuse_reply_open(request, info) != 0) return;
  static_cast<void>(folder.release());  // NOLINT: the kernel has it as a number
  ++files.open_count();
}
void read_folder(fuse_req_t request, fuse_ino_t, std::size_t size, off_t offset,
                 fuse_file_info* info) {
  OpenFolder& folder = open_folder_of(info);
  if (offset != folder.place) {
    ::seekdir(folder.entries, offset);
    folder.next = nullptr;
    folder.place = offset;
  }
  std::vector<char> list(size);
  std::size_t used = 0;
  while (true) {
    errno = 0;
    if (folder.next == nullptr) folder.next = ::readdir(folder.entries);
    if (folder.next == nullptr && errno != 0 && used == 0) return fail(request, errno);
    if (folder.next == nullptr) break;
    struct stat status {};
    status.st_ino = folder.next->d_ino;
    status.st_mode = static_cast<mode_t>(folder.next->d_type) << 12;
    const std::size_t needed = ::fuse_add_direntry(
        request, list.data() + used, size - used, folder.next->d_name, &status, folder.next->d_off);
    if (needed > size - used) break;
    used += needed;
    folder.place = folder.next->d_off;
    folder.next = nullptr;
  }
  ::fuse_reply_buf(request, list.data(), used);
}
void close_folder(fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
  const std::unique_ptr<OpenFolder> folder(&open_folder_of(info));
  --files_of(request).open_count();
  fail(request, 0);
}
void sync_folder(fuse_req_t request, fuse_ino_t, int, fuse_file_info* info) {
  const OpenFolder& folder = open_folder_of(info);
  if (is_refused(request, FileWork::sync, folder.counts.get())) return;
  fail(request, ::fsync(::dirfd(folder.entries)) == 0 ? 0 : errno);
}

}  // namespace

void add_content_operations(fuse_lowlevel_ops& operations) {
  operations.open = open_file;
  operations.create = create_file;
  operations.release = close_file;
  operations.read = read_file;
  operations.write = write_file;
  operations.fallocate = allocate;
  operations.fsync = sync_file;
  operations.lseek = seek;
  operations.opendir = open_folder;
  operations.readdir = read_folder;
  operations.releasedir = close_folder;
  operations.fsyncdir = sync_folder;
}

}  // namespace squall::reach
