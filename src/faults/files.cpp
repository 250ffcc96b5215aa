#include "faults/files.h"

#include <fmt/core.h>

#include "core/text.h"

namespace squall::fault {

Status check_full_path(std::string_view parameter, const std::string& path) {
  if (path.starts_with('/')) return ok();
  return error(Code::invalid, fmt::format("{}: {} is not a full path", parameter, quote(path)),
               "begin it with /");
}

Result<FileFacts> existing_file(const Facts& facts, const std::string& path) {
  const auto found = facts.files.find(path);
  if (found != facts.files.end() && found->second.exists) return found->second;
  if (found != facts.files.end() && found->second.is_folder) {
    return error(Code::invalid, fmt::format("{} is a folder", printable(path)), "name a file");
  }
  return error(Code::not_found, fmt::format("there is no regular file {}", printable(path)),
               "check the path, which is read on the host where squall runs; a device, a pipe or a "
               "socket is no regular file");
}

Result<std::string> content_of(const Facts& facts, const std::string& path) {
  const FileFacts file = TRY(existing_file(facts, path));
  if (file.content) return *file.content;
  if (file.size <= largest_content) {
    return error(Code::refused, fmt::format("{} cannot be read", printable(path)),
                 "run squall as a user who may read it");
  }
  return error(Code::invalid,
               fmt::format("{} has {}; only files of up to {} are looked into", printable(path),
                           render_rounded(Bytes{file.size}), render(Bytes{largest_content})),
               "use file.replace or file.corrupt, which do not read it");
}

}  // namespace squall::fault
