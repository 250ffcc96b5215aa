// file.bytes: some bytes of a file read differently, in place.
//
// The inode stays, so a process that has the file open or mapped sees the change too, as it would
// see bit rot; and like bit rot it leaves the modification time. Journaled: the old and the new
// bytes are on record before. The undo compares byte by byte: one that is neither the old nor the
// new was written by somebody else, and then the whole file is left as it is and reported.
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "change/typed.h"
#include "sys/file.h"
#include "sys/file_identity.h"
#include "sys/place.h"

namespace squall::change {
namespace {

struct FileBytes {
  std::string path;
  json::value patches = json::array{};
};

const param::Table<FileBytes> table{{
    param::field("path", &FileBytes::path, {.about = "The file.", .required = true}),
    param::field("patches", &FileBytes::patches,
                 {.about = "List of {offset, bytes} (base64, written as they are) or {offset, xor} "
                           "(base64, combined with what stands there).",
                  .required = true}),
}};

constexpr std::size_t patched_bytes_max = 1 << 20;
// One stretch of the file: what stood there, and what we put there.
struct Stretch {
  std::uint64_t offset = 0;
  std::string before;
  std::string after;
};

Result<sys::Fd> open_sole(const std::string& path, int flags, struct stat& status) {
  sys::Fd fd = TRY(sys::open_sole_file(TRY(sys::open_place(path)), flags));
  if (::fstat(fd.get(), &status) != 0) return errno_error(errno, "looking at " + path);
  return fd;
}

Result<std::vector<Stretch>> read_stretches(const FileBytes& params, const sys::Fd& fd) {
  if (!params.patches.is_array()) return error(Code::invalid, "patches must be a list");
  std::vector<Stretch> stretches;
  std::size_t total = 0;
  for (const json::value& item : params.patches.get_array()) {
    const json::object* patch = item.if_object();
    const bool is_xor = patch != nullptr && patch->contains("xor");
    const auto bytes =
        patch == nullptr ? std::nullopt : from_base64(text_at(*patch, is_xor ? "xor" : "bytes"));
    if (!bytes || bytes->empty() || integer_at(*patch, "offset", -1) < 0) {
      return error(Code::invalid, "a patch needs an offset and base64 bytes");
    }
    Stretch stretch{static_cast<std::uint64_t>(integer_at(*patch, "offset")), "", *bytes};
    total += bytes->size();
    if (total > patched_bytes_max) return error(Code::invalid, "more than 1 MiB of patches");
    stretch.before = TRY(sys::read_at(fd, stretch.offset, bytes->size()), "reading " + params.path);
    if (stretch.before.size() != bytes->size()) {
      return error(Code::invalid, fmt::format("{} ends before byte {}", params.path,
                                              stretch.offset + bytes->size()));
    }
    for (std::size_t i = 0; is_xor && i < stretch.after.size(); ++i) {
      stretch.after[i] = static_cast<char>(stretch.after[i] ^ stretch.before[i]);
    }
    for (const Stretch& other : stretches) {
      if (stretch.offset < other.offset + other.before.size() &&
          other.offset < stretch.offset + stretch.before.size()) {
        return error(Code::invalid, fmt::format("two patches overlap at byte {}", stretch.offset));
      }
    }
    stretches.push_back(std::move(stretch));
  }
  if (stretches.empty()) return error(Code::invalid, "there are no patches");
  return stretches;
}

std::vector<Stretch> recorded_stretches(const json::object& before) {
  std::vector<Stretch> stretches;
  const json::array* items = array_at(before, "stretches");
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    const json::object& item = items->at(i).get_object();
    stretches.push_back({static_cast<std::uint64_t>(integer_at(item, "offset")),
                         from_base64(text_at(item, "before")).value_or(""),
                         from_base64(text_at(item, "after")).value_or("")});
  }
  return stretches;
}

std::int64_t modified_ns(const struct stat& status) {
  return status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec;
}

// As far as we may: who can write a file need not own it.
void set_modified(const sys::Fd& fd, std::int64_t time_ns) {
  const timespec times[] = {{0, UTIME_OMIT}, {time_ns / 1'000'000'000, time_ns % 1'000'000'000}};
  static_cast<void>(::futimens(fd.get(), times));
}

bool is_recorded_file(const sys::Fd& fd, const json::object& before) {
  const Result<std::string> identity = sys::file_identity(fd);
  return identity.ok() && *identity == text_at(before, "file");
}

Result<Footprint> footprint(const FileBytes& params) {
  struct stat status {};
  const std::string path = TRY(sys::real_path(params.path));
  const sys::Fd fd = TRY(open_sole(path, O_RDONLY, status));
  return Footprint{
      .paths = {path},
      .resources = {"path " + path, fmt::format("file {}:{}", status.st_dev, status.st_ino)}};
}

Result<json::object> capture(const FileBytes& params) {
  struct stat status {};
  const std::string path = TRY(sys::real_path(params.path));
  const sys::Fd fd = TRY(open_sole(path, O_RDWR, status));  // may it be written to?
  json::array items;
  for (const Stretch& stretch : TRY(read_stretches(params, fd))) {
    items.push_back({{"offset", stretch.offset},
                     {"before", to_base64(stretch.before)},
                     {"after", to_base64(stretch.after)}});
  }
  return json::object{{"path", path},
                      {"file", TRY(sys::file_identity(fd))},
                      {"modified_ns", modified_ns(status)},
                      {"stretches", std::move(items)}};
}

Result<json::object> apply(const FileBytes& params, const json::object& before) {
  struct stat status {};
  const std::string path = text_at(before, "path");
  const sys::Fd fd = TRY(open_sole(path, O_RDWR, status));
  if (!is_recorded_file(fd, before)) {
    return error(Code::conflict, params.path + " was replaced while squall looked at it");
  }
  for (const Stretch& stretch : recorded_stretches(before)) {
    TRY_VOID(sys::write_at(fd, stretch.offset, stretch.after), "writing to " + path);
  }
  set_modified(fd, integer_at(before, "modified_ns"));
  return json::object{};
}

// Where the file stands: every stretch as before, as we left it (or in between, after a crash), or
// touched by somebody else.
struct Look {
  bool readable = false;  // the recorded file is still at its path
  bool foreign = false;
  bool changed = false;  // at least one byte of ours is in force
  std::string detail;
};

Look look(const json::object& before, int flags, sys::Fd& fd) {
  Look seen;
  const std::string path = text_at(before, "path");
  const auto foreign = [&](std::string why) {
    seen.foreign = true;
    seen.detail = std::move(why);
    return seen;
  };
  // However many names it got meanwhile: it is looked at by its identity.
  const Result<sys::Place> place = sys::open_place(path);
  Result<sys::Fd> opened =
      place.ok() ? sys::open_at(*place, place->name, flags) : Result<sys::Fd>(Error(place.error()));
  if (!opened.ok() && opened.error().code == Code::conflict) return foreign(opened.error().message);
  if (!opened.ok()) {
    seen.detail = opened.error().render();
    return seen;
  }
  fd = std::move(*opened);
  seen.readable = is_recorded_file(fd, before);
  if (!seen.readable) return foreign(path + " is another file now");
  for (const Stretch& stretch : recorded_stretches(before)) {
    const Result<std::string> now = sys::read_at(fd, stretch.offset, stretch.before.size());
    if (!now.ok() || now->size() != stretch.before.size()) return foreign(path + " was cut short");
    for (std::size_t i = 0; i < now->size(); ++i) {
      if ((*now)[i] == stretch.before[i]) continue;
      if ((*now)[i] != stretch.after[i]) {
        return foreign(
            fmt::format("byte {} of {} was written by somebody else", stretch.offset + i, path));
      }
      seen.changed = true;
    }
  }
  return seen;
}

Result<Presence> verify(const FileBytes&, const json::object& before) {
  sys::Fd fd;
  const Look seen = look(before, O_RDONLY, fd);
  if (seen.foreign) return Presence::foreign;
  return seen.changed ? Presence::in_force : Presence::absent;
}

Result<Reverted> revert(const FileBytes&, const json::object& before) {
  sys::Fd fd;
  Look seen = look(before, O_RDONLY, fd);  // what may not be written to was not changed either
  if (seen.changed && !seen.foreign) seen = look(before, O_RDWR, fd);
  if (seen.foreign) return Reverted{Ending::foreign, seen.detail};
  if (!seen.readable) {
    if (!sys::exists(text_at(before, "path"))) return Reverted{Ending::gone, seen.detail};
    return error(Code::failed, seen.detail);
  }
  if (!seen.changed) return Reverted{Ending::was_absent, "the bytes stand as before"};
  // Another time than the one we left: somebody else wrote elsewhere in the file, which must show.
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error(errno, "looking at the file");
  const bool is_ours = modified_ns(status) == integer_at(before, "modified_ns");
  for (const Stretch& stretch : recorded_stretches(before)) {
    TRY_VOID(sys::write_at(fd, stretch.offset, stretch.before), "restoring the bytes");
  }
  if (is_ours) set_modified(fd, modified_ns(status));
  if (::fsync(fd.get()) != 0) return errno_error(errno, "syncing " + text_at(before, "path"));
  return Reverted{Ending::restored, ""};
}

std::string describe(const FileBytes& params) {
  const json::array* patches = params.patches.if_array();
  return fmt::format("overwrite bytes of {} at {} places", params.path,
                     patches == nullptr ? 0 : patches->size());
}

std::string undo(const FileBytes& params) {
  return "write the recorded bytes of " + params.path + " back, unless somebody else wrote there";
}

}  // namespace

extern const Kind kind_file_bytes;
const Kind kind_file_bytes = make_kind<FileBytes>({
    .name = "file.bytes",
    .about = "Some bytes of a file read differently, in place.",
    .keeping = Keeping::journaled,
    .survives_reboot = true,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
