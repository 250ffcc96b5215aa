// file.absent: sees whether a name leads to nothing.
//
// The kernel is asked for the name itself, anew at each look: a dangling symbolic link is there,
// and a file which nobody may read is there too.
#include <cerrno>

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
    param::field("path", &Target::path, {.about = "The name.", .required = true}),
}};

Result<bool> is_there(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT) return false;
  return errno_error(errno, "looking for " + printable(path));
}

class Absent final : public Witness {
 public:
  explicit Absent(std::string path) : path_(std::move(path)) {}

  Result<Sighting> look() override {
    const bool on = !TRY(is_there(path_));
    return Sighting{.on = on, .dose = on ? 1.0 : 0.0, .detail = on ? "nothing there" : "there"};
  }

 private:
  std::string path_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  TRY_VOID(is_there(target.path));
  return std::make_unique<Absent>(target.path);
}

}  // namespace

extern const Kind kind_file_absent;
const Kind kind_file_absent = kind_of<Target>({
    .name = "file.absent",
    .about = "Whether a name leads to nothing, told by asking the kernel for it.",
    .dose_unit = "files",
    .every = milliseconds(2),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
