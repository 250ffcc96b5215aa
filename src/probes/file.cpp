// file: looks at one file: whether it is there, how large, who may use it, what it holds.
#include "sys/file.h"

#include <cerrno>
#include <cstring>

#include <sys/stat.h>

#include "core/digest.h"
#include "probes/typed.h"
#include "sys/clock.h"

namespace squall::probe {
namespace {

constexpr std::size_t content_limit = 64 << 10;
constexpr std::size_t piece_size = 256 << 10;

struct File {
  std::string path;
  bool hash = true;
};

const param::Table<File> table{{
    param::field("path", &File::path,
                 {.about = "The file; symbolic links are followed.", .required = true}),
    param::field("hash", &File::hash,
                 {.about = "Whether the whole file is read for `sha256`; turn it off for large "
                           "files."}),
}};

Status check(const File& file) {
  if (file.path.starts_with('/')) return ok();
  return error(Code::invalid, fmt::format("path: {} does not start with /", quote(file.path)),
               "give the whole path");
}

Duration age_of(const struct stat& status) {
  const std::int64_t written = status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec;
  return std::max(Duration{sys::wall_nanoseconds() - written}, Duration{0});
}

// Reads the first 64 KiB into `content`, and with `hash` all of it.
Status read_content(const File& file, sys::Patience& patience, Sample& sample) {
  const sys::Fd fd = TRY(sys::open_regular_file(file.path));
  std::string content = TRY(sys::read_at(fd, 0, content_limit), "reading " + file.path);
  sample.values["content"] = json::string(repair_utf8(content));
  if (!file.hash) return ok();
  Sha256 hash;
  std::uint64_t offset = 0;
  for (std::string piece = std::move(content); !piece.empty();
       piece = TRY(sys::read_at(fd, offset, piece_size), "reading " + file.path)) {
    hash.update(piece);
    offset += piece.size();
    if (patience.is_stopped()) return error(Code::failed, "stopped while reading " + file.path);
    if (patience.is_over()) {
      return error(Code::timed_out,
                   fmt::format("reading {} took longer than {}", file.path,
                               render_rounded(patience.limit())),
                   "turn `hash` off, or give it more time");
    }
  }
  sample.values["sha256"] = json::string(hash.finish_hex());
  return ok();
}

Sample take(const File& file, sys::Patience& patience) {
  Sample sample;
  struct stat status {};
  if (::stat(file.path.c_str(), &status) != 0) {
    const int number = errno;
    if (number == ENOENT || number == ENOTDIR) {
      sample.values["reached"] = false;
      sample.values["exists"] = false;
      sample.problem = fmt::format("{} does not exist", file.path);
    } else {
      sample.problem = fmt::format("cannot look at {}: {}", file.path, std::strerror(number));
    }
    return sample;
  }
  sample.values["exists"] = true;
  sample.values["mode"] = json::string(fmt::format("{:04o}", status.st_mode & 07777U));
  sample.values["age"] = json::string(render(age_of(status)));
  if (S_ISREG(status.st_mode)) {
    sample.values["size"] = json::string(render(Bytes{static_cast<std::uint64_t>(status.st_size)}));
  }
  const Status read = read_content(file, patience, sample);
  if (read.ok() || !patience.is_stopped()) sample.values["reached"] = read.ok();
  if (!read.ok()) sample.problem = read.error().render();
  return sample;
}

}  // namespace

extern const Kind kind_file;
const Kind kind_file = kind_of<File>({
    .name = "file",
    .about = "Looks at one file: whether it is there, its size, mode, age, hash and content.",
    .limits =
        "Only regular files are read; of a folder or a device there are exists, mode and age. "
        "A disk that hangs can hold a measurement beyond its limit.",
    .example = R"({"file": {"path": "/etc/hosts"},
                   "expect": {"mode": "0644", "content": {"contains": "localhost"}}})",
    .table = &table,
    .values = {{"exists", "yes or no",
                "Whether the path leads to anything; `exists: false` demands "
                "that it does not."},
               {"size", "size", "The length of the file."},
               {"sha256", "text", "The SHA-256 of the whole content, in hexadecimal."},
               {"mode", "text", "The permission bits as four octal digits, such as 0644."},
               {"content", "text",
                "The first 64 KiB; bytes that are not UTF-8 are replaced by U+FFFD."},
               {"age", "duration", "How long ago the content was written, by the wall clock."}},
    .reached = "Whether the file could be read.",
    .check = check,
    .take = take,
});

}  // namespace squall::probe
