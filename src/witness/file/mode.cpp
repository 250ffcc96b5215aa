// file.mode: sees whether a file or folder has another mode, owner or group than it had.
//
// The path is looked up anew each time, so another file in its place counts by its own rights.
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "core/text.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::string path;
};

const param::Table<Target> table{{
    param::field("path", &Target::path, {.about = "The file or folder.", .required = true}),
}};

struct Rights {
  unsigned mode = 0;
  unsigned owner = 0;
  unsigned group = 0;
};

Result<Rights> rights_of(const std::string& path) {
  struct statx status {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_MODE | STATX_UID | STATX_GID, &status) != 0) {
    return errno_error(errno, "looking at " + printable(path));
  }
  return Rights{status.stx_mode & 07777U, status.stx_uid, status.stx_gid};
}

class Mode final : public Witness {
 public:
  Mode(std::string path, Rights before) : path_(std::move(path)), before_(before) {}

  Result<Sighting> look() override {
    const Rights now = TRY(rights_of(path_));
    int differences = 0;
    std::string detail;
    const auto compare = [&](unsigned was, unsigned is, auto render) {
      if (was == is) return;
      ++differences;
      detail += (detail.empty() ? "" : ", ") + render(was, is);
    };
    compare(before_.mode, now.mode, [](unsigned was, unsigned is) {
      return fmt::format("mode {:04o} became {:04o}", was, is);
    });
    compare(before_.owner, now.owner,
            [](unsigned was, unsigned is) { return fmt::format("owner {} became {}", was, is); });
    compare(before_.group, now.group,
            [](unsigned was, unsigned is) { return fmt::format("group {} became {}", was, is); });
    return Sighting{.on = differences > 0,
                    .dose = static_cast<double>(differences),
                    .detail = differences > 0 ? detail : "as it was"};
  }

 private:
  std::string path_;
  Rights before_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  return std::make_unique<Mode>(target.path, TRY(rights_of(target.path)));
}

}  // namespace

extern const Kind kind_file_mode;
const Kind kind_file_mode = kind_of<Target>({
    .name = "file.mode",
    .about = "Whether a file or folder has another mode, owner or group than it had.",
    .dose_unit = "differing rights",
    .every = milliseconds(2),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
