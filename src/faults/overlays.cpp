#include "faults/overlays.h"

#include <fcntl.h>
#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "sys/file.h"

namespace squall::fault {

Status check_files(const std::string& pattern) {
  const bool is_relative = !pattern.starts_with('/') && pattern.find("..") == std::string::npos;
  const std::size_t slash = pattern.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  const bool has_star = pattern.find('*', name) != std::string::npos;
  const bool has_plain_folder = pattern.find_first_of("*?") >= name;
  if (pattern.empty() || (is_relative && has_star && has_plain_folder)) return ok();
  return error(Code::invalid, fmt::format("files: {} cannot be used", quote(pattern)),
               "give a pattern such as *.log or wal/*: below the folder, with a * in the name");
}

std::vector<sys::Need> overlay_needs(const sys::HostFacts& host) {
  // Asked of the kernel here: only these kinds want to know.
  sys::Need fuse{.what = "filesystems in user space (/dev/fuse)",
                 .met = sys::open_file("/dev/fuse", O_RDWR).ok()};
  if (!fuse.met) {
    fuse.reason =
        "there is no /dev/fuse that we may open; load the fuse module, or, in a container, give it "
        "the device";
  }
  return {need_root(host, "to mount over a folder for all users"), std::move(fuse)};
}

Result<Strike> overlay_strike(const OverlayAsk& ask, const Facts& facts, const Choices& choices,
                              std::uint64_t ordinal) {
  const auto found = facts.filesystems.find(ask.path);
  if (found == facts.filesystems.end()) {
    return error(Code::not_found, fmt::format("there is no {}", quote(ask.path)),
                 "name the folder that holds the files");
  }
  json::array works;
  for (const std::string& work : ask.works) works.push_back(json::string(work));
  const auto bits = [&](std::string_view decision) {
    return choices.bits(ask.path, decision, ordinal);
  };
  json::object request{{"path", json::string(ask.path)},
                       {"name", fmt::format("squall-{:016x}", bits("overlay"))},
                       {"effect", ask.effect},
                       {"error", ask.error},
                       {"works", std::move(works)},
                       {"files", json::string(ask.files)},
                       {"share", json::string(render(ask.share))},
                       {"delay", json::string(render(ask.delay))},
                       {"seed", static_cast<std::int64_t>(bits("seed") >> 1)}};
  json::object watch{{"path", json::string(ask.path)},
                     {"effect", ask.effect},
                     {"error", ask.error},
                     {"work", ask.watched_work},
                     {"files", json::string(ask.files)},
                     {"share", json::string(render(ask.share))},
                     {"delay", json::string(render(ask.delay))}};
  return Strike{.changes = {{"disk.overlay", std::move(request)}},
                .watches = {{"disk.disturbed", std::move(watch)}},
                .target = fmt::format("{} (on {})", printable(ask.path), found->second.type)};
}

}  // namespace squall::fault
