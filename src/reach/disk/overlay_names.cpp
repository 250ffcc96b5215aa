// What the overlay does with names: finding, making, renaming and removing them, and attributes of
// what they name.
#include <array>
#include <cerrno>
#include <climits>
#include <vector>

#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "reach/disk/overlay_files.h"

namespace squall::reach {
namespace {

// The answer to a call to the kernel that went well or set errno.
void answer(fuse_req_t request, long result) {
  ::fuse_reply_err(request, result == 0 ? 0 : errno);
}
int folder_fd(fuse_req_t request, fuse_ino_t parent) {
  return files_of(request).node(parent).fd.get();
}
bool is_name_refused(fuse_req_t request, fuse_ino_t parent, const char* name) {
  return is_refused(request, FileWork::names, files_of(request).counts_of(parent, name).get());
}
bool is_node_refused(fuse_req_t request, fuse_ino_t number) {
  return is_refused(request, FileWork::names, files_of(request).counts_of(number).get());
}

void answer_with_entry(fuse_req_t request, fuse_ino_t parent, const char* name) {
  OverlayFiles& files = files_of(request);
  fuse_entry_param entry{};
  const int problem = files.look_up(parent, name, entry);
  if (problem != 0) {
    ::fuse_reply_err(request, problem);
  } else if (::fuse_reply_entry(request, &entry) != 0) {
    files.forget(entry.ino, 1);  // who asked has gone
  }
}
void find_name(fuse_req_t request, fuse_ino_t parent, const char* name) {
  answer_with_entry(request, parent, name);
}
void forget(fuse_req_t request, fuse_ino_t number, std::uint64_t lookups) {
  files_of(request).forget(number, lookups);
  ::fuse_reply_none(request);
}
void forget_many(fuse_req_t request, std::size_t count, fuse_forget_data* forgotten) {
  for (std::size_t i = 0; i < count; ++i) {
    files_of(request).forget(forgotten[i].ino, forgotten[i].nlookup);
  }
  ::fuse_reply_none(request);
}

template <class Call>
void make(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, const Call& call) {
  if (is_name_refused(request, parent, name)) return;
  if (call(folder_fd(request, parent)) != 0) return answer(request, -1);
  if (const int problem = give_to_asker(request, parent, name, mode)) {
    ::fuse_reply_err(request, problem);
    return;
  }
  answer_with_entry(request, parent, name);
}
void make_node(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, dev_t device) {
  make(request, parent, name, mode,
       [&](int folder) { return ::mknodat(folder, name, mode, device); });
}
void make_folder(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  make(request, parent, name, mode, [&](int folder) { return ::mkdirat(folder, name, mode); });
}
void make_symlink(fuse_req_t request, const char* target, fuse_ino_t parent, const char* name) {
  make(request, parent, name, 0, [&](int folder) { return ::symlinkat(target, folder, name); });
}
void make_link(fuse_req_t request, fuse_ino_t number, fuse_ino_t parent, const char* name) {
  if (is_name_refused(request, parent, name)) return;
  const std::string from = files_of(request).node(number).through_proc();
  if (::linkat(AT_FDCWD, from.c_str(), folder_fd(request, parent), name, AT_SYMLINK_FOLLOW) != 0) {
    return answer(request, -1);
  }
  answer_with_entry(request, parent, name);
}

void remove_name(fuse_req_t request, fuse_ino_t parent, const char* name, int flags) {
  if (is_name_refused(request, parent, name)) return;
  OverlayFiles& files = files_of(request);
  answer(request, ::unlinkat(folder_fd(request, parent), name, flags));
  if (files.cache() != nullptr) files.cache()->drop_removed();  // the request is gone by now
}
void remove_file(fuse_req_t request, fuse_ino_t parent, const char* name) {
  remove_name(request, parent, name, 0);
}
void remove_folder(fuse_req_t request, fuse_ino_t parent, const char* name) {
  remove_name(request, parent, name, AT_REMOVEDIR);
}
// Either name may be meant.
void rename_one(fuse_req_t request, fuse_ino_t parent, const char* name, fuse_ino_t new_parent,
                const char* new_name, unsigned flags) {
  if (is_name_refused(request, new_parent, new_name)) return;
  if (is_name_refused(request, parent, name)) return;
  OverlayFiles& files = files_of(request);
  answer(request, ::renameat2(folder_fd(request, parent), name, folder_fd(request, new_parent),
                              new_name, flags));
  if (files.cache() != nullptr) files.cache()->drop_removed();
}

void read_link(fuse_req_t request, fuse_ino_t number) {
  std::array<char, PATH_MAX + 1> text;
  const ssize_t length = ::readlinkat(folder_fd(request, number), "", text.data(), text.size() - 1);
  if (length < 0) return answer(request, -1);
  text[static_cast<std::size_t>(length)] = '\0';
  ::fuse_reply_readlink(request, text.data());
}
void look_at_filesystem(fuse_req_t request, fuse_ino_t number) {
  struct statvfs space {};
  if (::fstatvfs(folder_fd(request, number), &space) != 0) return answer(request, -1);
  ::fuse_reply_statfs(request, &space);
}

void answer_with_attributes(fuse_req_t request, fuse_ino_t number) {
  struct stat status {};
  const int problem = files_of(request).attributes(folder_fd(request, number), status);
  if (problem != 0) {
    ::fuse_reply_err(request, problem);
  } else {
    ::fuse_reply_attr(request, &status, 0);
  }
}
void get_attributes(fuse_req_t request, fuse_ino_t number, fuse_file_info*) {
  answer_with_attributes(request, number);
}

timespec time_to_set(const timespec& wanted, int to_set, int now, int given) {
  if ((to_set & now) != 0) return {0, UTIME_NOW};
  if ((to_set & given) != 0) return wanted;
  return {0, UTIME_OMIT};
}
// An errno, or 0.
int set_size(OverlayFiles& files, const Node& node, off_t size, const fuse_file_info* info) {
  if (info != nullptr) return cut_file(files, open_file_of(info).fd.get(), size);
  const sys::Fd file(::open(node.through_proc().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  return file.valid() ? cut_file(files, file.get(), size) : errno;
}
int change_attributes(OverlayFiles& files, const Node& node, const struct stat& wanted, int to_set,
                      const fuse_file_info* info) {
  const std::string path = node.through_proc();
  if ((to_set & FUSE_SET_ATTR_MODE) != 0 && ::chmod(path.c_str(), wanted.st_mode) != 0) {
    return errno;
  }
  if ((to_set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) != 0) {
    const uid_t user = (to_set & FUSE_SET_ATTR_UID) != 0 ? wanted.st_uid : static_cast<uid_t>(-1);
    const gid_t group = (to_set & FUSE_SET_ATTR_GID) != 0 ? wanted.st_gid : static_cast<gid_t>(-1);
    if (::fchownat(node.fd.get(), "", user, group, AT_EMPTY_PATH) != 0) return errno;
  }
  if ((to_set & FUSE_SET_ATTR_SIZE) != 0) {
    if (const int problem = set_size(files, node, wanted.st_size, info)) return problem;
  }
  const std::array<timespec, 2> times{
      time_to_set(wanted.st_atim, to_set, FUSE_SET_ATTR_ATIME_NOW, FUSE_SET_ATTR_ATIME),
      time_to_set(wanted.st_mtim, to_set, FUSE_SET_ATTR_MTIME_NOW, FUSE_SET_ATTR_MTIME)};
  const bool sets_times = times[0].tv_nsec != UTIME_OMIT || times[1].tv_nsec != UTIME_OMIT;
  if (sets_times && ::utimensat(AT_FDCWD, path.c_str(), times.data(), 0) != 0) return errno;
  return 0;
}
void set_attributes(fuse_req_t request, fuse_ino_t number, struct stat* wanted, int to_set,
                    fuse_file_info* info) {
  if (is_node_refused(request, number)) return;
  OverlayFiles& files = files_of(request);
  if (const int problem = change_attributes(files, files.node(number), *wanted, to_set, info)) {
    ::fuse_reply_err(request, problem);
    return;
  }
  answer_with_attributes(request, number);
}

void set_extra(fuse_req_t request, fuse_ino_t number, const char* name, const char* value,
               std::size_t size, int flags) {
  if (is_node_refused(request, number)) return;
  const std::string path = files_of(request).node(number).through_proc();
  answer(request, ::setxattr(path.c_str(), name, value, size, flags));
}
void remove_extra(fuse_req_t request, fuse_ino_t number, const char* name) {
  if (is_node_refused(request, number)) return;
  answer(request, ::removexattr(files_of(request).node(number).through_proc().c_str(), name));
}
// A size of 0 asks how large the answer would be.
template <class Call>
void answer_with_extra(fuse_req_t request, fuse_ino_t number, std::size_t size, const Call& call) {
  const std::string path = files_of(request).node(number).through_proc();
  std::vector<char> value(size);
  const ssize_t length = call(path.c_str(), size == 0 ? nullptr : value.data());
  if (length < 0) return answer(request, -1);
  if (size == 0) {
    ::fuse_reply_xattr(request, static_cast<std::size_t>(length));
  } else {
    ::fuse_reply_buf(request, value.data(), static_cast<std::size_t>(length));
  }
}
void get_extra(fuse_req_t request, fuse_ino_t number, const char* name, std::size_t size) {
  answer_with_extra(request, number, size, [&](const char* path, char* value) {
    return ::getxattr(path, name, value, size);
  });
}
void list_extra(fuse_req_t request, fuse_ino_t number, std::size_t size) {
  answer_with_extra(request, number, size,
                    [&](const char* path, char* list) { return ::listxattr(path, list, size); });
}

}  // namespace

void add_name_operations(fuse_lowlevel_ops& operations) {
  operations.lookup = find_name;
  operations.forget = forget;
  operations.forget_multi = forget_many;
  operations.getattr = get_attributes;
  operations.setattr = set_attributes;
  operations.readlink = read_link;
  operations.mknod = make_node;
  operations.mkdir = make_folder;
  operations.symlink = make_symlink;
  operations.link = make_link;
  operations.unlink = remove_file;
  operations.rmdir = remove_folder;
  operations.rename = rename_one;
  operations.statfs = look_at_filesystem;
  operations.setxattr = set_extra;
  operations.getxattr = get_extra;
  operations.listxattr = list_extra;
  operations.removexattr = remove_extra;
}

}  // namespace squall::reach
