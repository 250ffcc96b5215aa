#include "change/own_programs.h"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>
#include <sys/stat.h>

#include "sys/file.h"

namespace squall::change {

OwnPrograms own_programs() {
  OwnPrograms programs;
  const auto add = [&programs](const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) programs.emplace_back(status.st_dev, status.st_ino);
  };
  add("/proc/self/exe");
  std::error_code ignored;
  const std::string folder =
      std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path().string();
  const Result<std::vector<std::string>> names = sys::list_folder(folder);
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>{}) {
    if (name.starts_with("squall")) add(folder + "/" + name);
  }
  return programs;
}

Kinship kinship_of(std::int64_t pid, const OwnPrograms& programs) {
  struct stat status {};
  if (pid <= 0 || ::stat(fmt::format("/proc/{}/exe", pid).c_str(), &status) != 0) {
    return Kinship::stranger;
  }
  const std::pair<dev_t, ino_t> program(status.st_dev, status.st_ino);
  if (std::find(programs.begin(), programs.end(), program) == programs.end()) {
    return Kinship::stranger;
  }
  const Result<std::string> name = sys::read_file(fmt::format("/proc/{}/comm", pid), 64);
  return name.ok() && name->starts_with("witness") ? Kinship::witness : Kinship::own;
}

}  // namespace squall::change
