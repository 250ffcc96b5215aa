// A filesystem in user space that shows a folder as it is and lets the overlay's judge decide what
// becomes of each operation. It reaches the folder through a descriptor that was opened before
// anything was mounted over it, so it never waits for itself.
//
// It uses libfuse's low-level interface: whatever the kernel knows by a number is held open here
// (O_PATH), so nothing is ever looked up by a path that somebody could exchange for a link
// meanwhile, and files that lost their name go on as on any filesystem. Who makes a file owns it;
// permissions are checked by the kernel, and advisory locks are kept by it.
#pragma once

#define FUSE_USE_VERSION 314
#include <atomic>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <fuse3/fuse_lowlevel.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "reach/disk/overlay_rule.h"
#include "reach/disk/volatile_cache.h"
#include "sys/fd.h"

namespace squall::reach {

// A file, folder or link that the kernel knows. Two names of one file are one node.
struct Node {
  sys::Fd fd;                 // O_PATH
  std::string path;           // below the folder, as it was last looked up
  std::uint64_t lookups = 0;  // that the kernel has not taken back
  // A path that leads to exactly this.
  std::string through_proc() const;
};

class OverlayFiles {
 public:
  // `stop` becomes readable when delays are to be cut short.
  OverlayFiles(sys::Fd folder, const OverlayRule& rule, const sys::Fd& stop);

  Node& node(fuse_ino_t number);
  // Counts one more lookup. An errno when there is no such name, else 0 and the entry is filled.
  int look_up(fuse_ino_t parent, const char* name, fuse_entry_param& entry);
  void forget(fuse_ino_t number, std::uint64_t lookups);
  // As the victims see it. An errno, or 0.
  int attributes(int fd, struct stat& status);

  // nullptr for what the rule does not mean.
  std::shared_ptr<FileCounts> counts_of(fuse_ino_t number);
  std::shared_ptr<FileCounts> counts_of(fuse_ino_t parent, std::string_view name);
  // Waits as long as the judge says; returns its error, or 0.
  int pass(FileWork work, FileCounts* counts) { return settle(judge_.decide(work, counts)); }
  int settle(const Fate& fate) const;
  OverlayJudge& judge() { return judge_; }
  // nullptr unless writes are to be held.
  VolatileCache* cache() { return cache_ ? &*cache_ : nullptr; }
  // Files and folders that somebody has open.
  std::atomic<std::int64_t>& open_count() { return open_; }

 private:
  struct Key {
    dev_t device = 0;
    ino_t inode = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  std::string path_of(fuse_ino_t parent, std::string_view name);

  Node root_;
  std::mutex mutex_;  // of the nodes and their members
  std::map<Key, std::unique_ptr<Node>> nodes_;
  OverlayJudge judge_;
  std::optional<VolatileCache> cache_;
  const sys::Fd& stop_;
  std::atomic<std::int64_t> open_ = 0;
};

// What an open file is to the kernel: a number that stands for this.
struct OpenFile {
  sys::Fd fd;
  std::shared_ptr<FileCounts> counts;
  bool appends = false;
  bool is_synced = false;  // O_SYNC or O_DSYNC
};
inline OpenFile& open_file_of(const fuse_file_info* info) {
  return *reinterpret_cast<OpenFile*>(info->fh);
}

inline OverlayFiles& files_of(fuse_req_t request) {
  return *static_cast<OverlayFiles*>(::fuse_req_userdata(request));
}
// Asks the judge; true when the request was answered with an error.
bool is_refused(fuse_req_t request, FileWork work, FileCounts* counts);
// What was just made under this name goes to who asked for it; in a folder with the setgid bit the
// group stays. An errno, or 0.
int give_to_asker(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode);
// An errno, or 0.
int cut_file(OverlayFiles& files, int fd, off_t size);

void add_name_operations(fuse_lowlevel_ops& operations);
void add_content_operations(fuse_lowlevel_ops& operations);
// To be given to fuse_session_new with an OverlayFiles as user data.
const fuse_lowlevel_ops& overlay_operations();

}  // namespace squall::reach
