// Files: whole reads and writes with errors that name the path, durability, and hashes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::sys {

// Reads at most `limit` bytes; a larger file is Code::invalid. Works for /proc and /sys too.
Result<std::string> read_file(const std::string& path, std::size_t limit = 64 << 20);
// Writes in place: one open, one write. For control files in /proc, /sys and cgroups. Code::failed
// if the kernel takes only a part.
Status write_control(const std::string& path, std::string_view text);
// Writes `path`.new, syncs it, renames it over `path`, and syncs the folder: after a crash or an
// error the old content is there whole, or the new one. On an error `path`.new is removed. The file
// has exactly this mode, whatever the umask. One writer at a time.
Status write_file_durably(const std::string& path, std::string_view bytes, unsigned mode = 0600);
Status sync_folder(const std::string& folder);
// Makes every missing folder of the path. Code::conflict if something else stands there.
Status make_folders(const std::string& path, unsigned mode = 0700);
Status remove_file(const std::string& path);
bool exists(const std::string& path);
// Names in a folder, sorted, without . and ..
Result<std::vector<std::string>> list_folder(const std::string& path);
// Only the folders among them; symbolic links are none.
Result<std::vector<std::string>> list_subfolders(const std::string& path);
// Always close-on-exec. An empty path or one with a zero byte is Code::invalid.
Result<Fd> open_file(const std::string& path, int flags, unsigned mode = 0600);
// For reading. Code::invalid if it is a folder, a pipe or a device; never waits for a writer.
Result<Fd> open_regular_file(const std::string& path);
Status write_all(const Fd& fd, std::string_view bytes);
Result<std::string> read_at(const Fd& fd, std::uint64_t offset, std::size_t count);
Status write_at(const Fd& fd, std::uint64_t offset, std::string_view bytes);
// SHA-256 of the content of a regular file, in hexadecimal.
Result<std::string> file_sha256(const std::string& path);
// The path with every symbolic link and ".." resolved; the last part may be missing. It is the path
// that opening with O_CREAT would make.
Result<std::string> real_path(const std::string& path);
// The folder part: "/a/b" -> "/a", "b" -> ".".
std::string folder_of(const std::string& path);
std::string name_of(const std::string& path);

}  // namespace squall::sys
