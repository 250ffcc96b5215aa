#include "sys/program_path.h"

#include <algorithm>

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/file.h"
#include "sys/place.h"

namespace squall::sys {
namespace {

// Whether a path means the same file to that process as to us.
bool shares_files(std::int64_t pid) {
  struct stat own {};
  struct stat other {};
  for (const std::string_view name : {"ns/mnt", "root"}) {
    if (::stat(fmt::format("/proc/self/{}", name).c_str(), &own) != 0 ||
        ::stat(fmt::format("/proc/{}/{}", pid, name).c_str(), &other) != 0 ||
        own.st_dev != other.st_dev || own.st_ino != other.st_ino) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<std::string> search_path_of(const ProcessId& id) {
  const std::string environment =
      TRY(read_file(fmt::format("/proc/{}/environ", id.pid), 4 << 20), "reading its environment");
  if (!is_alive(id)) {
    return error(Code::not_found, fmt::format("process {} has ended meanwhile", id.pid));
  }
  if (!shares_files(id.pid)) {
    return error(Code::unsupported,
                 fmt::format("process {} sees other files than squall does", id.pid),
                 "name the folders yourself, as squall sees them");
  }
  for (const std::string& entry : split(environment, '\0')) {
    if (entry.starts_with("PATH=")) return entry.substr(5);
  }
  return error(Code::not_found, fmt::format("process {} was started without a PATH", id.pid),
               "name the folders yourself");
}

std::vector<std::string> find_in_search_path(std::string_view name, std::string_view search_path) {
  std::vector<std::string> found;
  if (name.empty() || name.find('/') != std::string_view::npos) return found;
  for (const std::string& folder : split(search_path, ':')) {
    if (!folder.starts_with('/')) continue;  // relative to a folder that only the process knows
    const std::string path = fmt::format("{}/{}", folder, name);
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if ((status.st_mode & 0111U) == 0) continue;
    const Result<std::string> real = real_place(path);
    if (real.ok() && std::find(found.begin(), found.end(), *real) == found.end()) {
      found.push_back(*real);
    }
  }
  return found;
}

}  // namespace squall::sys
