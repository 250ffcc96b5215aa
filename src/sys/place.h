// A place for a file: a folder that is held open, and a name in it.
//
// A path is looked up anew by every call, and whoever can write to one of its folders can make it
// mean something else between a check and a use. A place is looked up once, through no symbolic
// link at all; what is then done by name is done in that very folder.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::sys {

struct Place {
  Fd folder;
  std::string folder_path;
  std::string name;

  std::string path() const { return path_of(name); }
  // Of another name in the same folder.
  std::string path_of(std::string_view other) const;
};

// The path with every symbolic link and ".." of its folder resolved, but not those of its last
// part: the path of the name itself, not of what it may lead to. Code::invalid when the last part
// is no name.
Result<std::string> real_place(const std::string& path);

// `path` is a real path, as real_path and real_place give it. Code::conflict when one of its
// folders has become a symbolic link since, Code::not_found when one is gone, Code::unsupported on
// a kernel before 5.6.
Result<Place> open_place(const std::string& path);

// Opens a name in the folder; never a symbolic link, never waiting for the other end of a pipe.
Result<Fd> open_at(const Place& place, std::string_view name, int flags, unsigned mode = 0600);
// A file that is regular and has no other name (hard link), where a change may be made. The others
// may be files of the host. Code::refused for more than one link, Code::invalid for what is no
// file.
Result<Fd> open_sole_file(const Place& place, int flags);

// Makes `name`, which must not exist, with this content and with owner, mode and, as far as the
// filesystem and our rights allow, the extended attributes of the open file `model`. Synced. On an
// error a part of it may be left.
Status write_file_like(const Fd& model, const Place& place, std::string_view name,
                       std::string_view content);
// SHA-256 of what an open file holds, in hexadecimal.
Result<std::string> sha256_of(const Fd& fd);

// See file_identity.h. Code::not_found when there is nothing of that name.
Result<std::string> identity_at(const Place& place, std::string_view name);
bool exists_at(const Place& place, std::string_view name);

// Each is durable on return. The first never renames over something that exists (Code::conflict);
// the second gives each the other's name in one step (Code::unsupported where the filesystem
// cannot).
Status rename_to_free_at(const Place& place, std::string_view from, std::string_view to);
Status exchange_at(const Place& place, std::string_view one, std::string_view other);
Status remove_at(const Place& place, std::string_view name);

}  // namespace squall::sys
