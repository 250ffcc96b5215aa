#include "reach/disk/overlay_files.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include "sys/clock.h"

namespace squall::reach {
namespace {

constexpr Bytes held_most{64ULL << 20};

// The kernel takes away the set-user-id bit when somebody writes; we, as root, would not.
void begin(void*, fuse_conn_info* connection) {
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_HANDLE_KILLPRIV);
}

}  // namespace

std::string Node::through_proc() const {
  return fmt::format("/proc/self/fd/{}", fd.get());
}

OverlayFiles::OverlayFiles(sys::Fd folder, const OverlayRule& rule, const sys::Fd& stop)
    : root_{.fd = std::move(folder)}, judge_(rule), stop_(stop) {
  if (rule.effect == OverlayEffect::hold) cache_.emplace(held_most);
}

Node& OverlayFiles::node(fuse_ino_t number) {
  return number == FUSE_ROOT_ID ? root_ : *reinterpret_cast<Node*>(number);
}

std::string OverlayFiles::path_of(fuse_ino_t parent, std::string_view name) {
  const std::lock_guard lock(mutex_);
  const std::string& folder = node(parent).path;
  return folder.empty() ? std::string(name) : fmt::format("{}/{}", folder, name);
}

std::shared_ptr<FileCounts> OverlayFiles::counts_of(fuse_ino_t number) {
  const std::string path = [&] {
    const std::lock_guard lock(mutex_);
    return node(number).path;
  }();
  return judge_.counts_of(path);
}

std::shared_ptr<FileCounts> OverlayFiles::counts_of(fuse_ino_t parent, std::string_view name) {
  return judge_.counts_of(path_of(parent, name));
}

int OverlayFiles::attributes(int fd, struct stat& status) {
  if (::fstatat(fd, "", &status, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) return errno;
  if (cache_) cache_->correct(status);
  return 0;
}

// Names and attributes are asked for anew each time, for the folder may be changed beside us; so
// the kernel soon forgets what nobody uses, and few descriptors are held.
int OverlayFiles::look_up(fuse_ino_t parent, const char* name, fuse_entry_param& entry) {
  sys::Fd fd(::openat(node(parent).fd.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return errno;
  entry = {};
  if (const int problem = attributes(fd.get(), entry.attr)) return problem;
  std::string path = path_of(parent, name);
  const std::lock_guard lock(mutex_);
  std::unique_ptr<Node>& known = nodes_[{entry.attr.st_dev, entry.attr.st_ino}];
  if (known == nullptr) known = std::make_unique<Node>(Node{.fd = std::move(fd)});
  known->path = std::move(path);
  ++known->lookups;
  entry.ino = reinterpret_cast<fuse_ino_t>(known.get());
  return 0;
}

void OverlayFiles::forget(fuse_ino_t number, std::uint64_t lookups) {
  if (number == FUSE_ROOT_ID) return;
  const std::lock_guard lock(mutex_);
  Node& known = node(number);
  known.lookups -= lookups;
  if (known.lookups > 0) return;
  struct stat status {};
  if (::fstatat(known.fd.get(), "", &status, AT_EMPTY_PATH) != 0) return;
  nodes_.erase({status.st_dev, status.st_ino});
}

int OverlayFiles::settle(const Fate& fate) const {
  if (fate.delay.nanoseconds > 0) {
    const Duration end = sys::monotonic_now() + fate.delay;
    pollfd entry{stop_.get(), POLLIN, 0};
    const timespec limit{fate.delay.nanoseconds / 1'000'000'000,
                         fate.delay.nanoseconds % 1'000'000'000};
    // A signal would shorten it; there is none that we take.
    if (::ppoll(&entry, 1, &limit, nullptr) < 0) sys::sleep_until(end);
  }
  return fate.error;
}

bool is_refused(fuse_req_t request, FileWork work, FileCounts* counts) {
  const int problem = files_of(request).pass(work, counts);
  if (problem != 0) ::fuse_reply_err(request, problem);
  return problem != 0;
}

int give_to_asker(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  const int folder = files_of(request).node(parent).fd.get();
  const fuse_ctx* asker = ::fuse_req_ctx(request);
  struct stat status {};
  const bool keeps_group =
      ::fstatat(folder, "", &status, AT_EMPTY_PATH) == 0 && (status.st_mode & S_ISGID) != 0;
  const gid_t group = keeps_group ? static_cast<gid_t>(-1) : asker->gid;
  if (::fchownat(folder, name, asker->uid, group, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  // A change of owner takes these bits away.
  if ((mode & (S_ISUID | S_ISGID)) == 0) return 0;
  return ::fchmodat(folder, name, mode & 07777, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

// Through the cache, whose blocks behind the new end are void.
int cut_file(OverlayFiles& files, int fd, off_t size) {
  if (files.cache() == nullptr) return ::ftruncate(fd, size) == 0 ? 0 : errno;
  return -files.cache()->resize(fd, static_cast<std::uint64_t>(size));
}

const fuse_lowlevel_ops& overlay_operations() {
  static const fuse_lowlevel_ops operations = [] {
    fuse_lowlevel_ops made{};
    made.init = begin;
    add_name_operations(made);
    add_content_operations(made);
    return made;
  }();
  return operations;
}

}  // namespace squall::reach
