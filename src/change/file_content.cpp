// file.content: a file holds something else.
//
// The new content is written to a stand-in beside the file, with the same owner, mode and (where
// possible) extended attributes, and exchanged with it in one step (renameat2, RENAME_EXCHANGE):
// the name never leads to nothing or to half a file. The original is kept untouched under the name
// .NAME.squall-ID, and the undo exchanges back and removes the stand-in.
//
// Journaled, and right at whatever point it was cut off: ID comes from the parameters, and the
// identity of the original is on record, so the undo asks where the original is. At its own name:
// nothing was exchanged, or it was exchanged back. Under the kept name: the file in its place is
// the stand-in, by its hash, owner and mode; if it is not, a third party edited or replaced it.
// Then nothing is moved, and the original stays under the kept name, which the report tells. A
// stand-in still being written is called .NAME.squall-ID.part, so what bears the kept name is
// whole.
//
// Programs that hold the file open, and other hard links, keep the original. Filesystems without
// RENAME_EXCHANGE and files that are mount points cannot be served.
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "change/kept.h"
#include "change/typed.h"
#include "core/digest.h"
#include "core/text.h"
#include "sys/file.h"
#include "sys/file_identity.h"

namespace squall::change {
namespace {

struct FileContent {
  std::string path;
  std::string content;
  std::string source;
  std::int64_t length = -1;
  std::string expects;
};

constexpr std::size_t content_max = 64 << 20;

const param::Table<FileContent> table{{
    param::field("path", &FileContent::path, {.about = "The file.", .required = true}),
    param::field("content", &FileContent::content, {.about = "What it shall hold, in base64."}),
    param::field("source", &FileContent::source, {.about = "Or a file whose content it takes."}),
    param::field("length", &FileContent::length,
                 {.about = "How many bytes of the source, from its beginning; -1 means all.",
                  .min = -1,
                  .max = content_max}),
    param::field("expects", &FileContent::expects,
                 {.about = "SHA-256 of what it must hold now, if the new content depends on it."}),
}};

Result<std::string> new_content(const FileContent& params) {
  if (!params.source.empty()) {
    if (!params.content.empty()) return error(Code::invalid, "content and source are both given");
    const sys::Fd fd = TRY(sys::open_regular_file(params.source), "reading the source");
    if (params.length < 0) return sys::read_file(params.source, content_max);
    const auto length = static_cast<std::size_t>(params.length);
    std::string begin = TRY(sys::read_at(fd, 0, length), "reading the source");
    if (begin.size() == length) return begin;
    return error(Code::conflict, fmt::format("{} has only {} bytes", params.source, begin.size()));
  }
  const std::optional<std::string> bytes = from_base64(params.content);
  if (!bytes) return error(Code::invalid, "the content is not in base64");
  return *bytes;
}

// Where the stand-in is written before it is whole.
std::string part_of(const KeptPlace& site) {
  return site.kept + ".part";
}

Result<KeptPlace> find_site(const FileContent& params) {
  return open_kept_place(TRY(sys::real_path(params.path)), table.to_json(params));
}

Result<Footprint> footprint(const FileContent& params) {
  const KeptPlace site = TRY(find_site(params));
  const sys::Fd original = TRY(sys::open_sole_file(site.place, O_RDONLY));
  struct stat status {};
  if (::fstat(original.get(), &status) != 0) return errno_error(errno, "looking at the file");
  Footprint made{.paths = {site.path(), site.kept_path()},
                 .resources = {"path " + site.path(),
                               fmt::format("file {}:{}", status.st_dev, status.st_ino)}};
  const std::uint64_t size = TRY(new_content(params))
  .size();
  made.demand.disk = {{.path = site.path(), .space = Bytes{size}, .inodes = 1}};
  return made;
}

Result<json::object> capture(const FileContent& params) {
  const KeptPlace site = TRY(find_site(params));
  const sys::Fd original = TRY(sys::open_sole_file(site.place, O_RDONLY));
  struct stat status {};
  if (::fstat(original.get(), &status) != 0) return errno_error(errno, "looking at the file");
  TRY_VOID(check_is_free(site, site.kept));
  TRY_VOID(check_is_free(site, part_of(site)));
  const std::string after = sha256_hex(TRY(new_content(params)));
  const std::string now = TRY(sys::sha256_of(original));
  if (!params.expects.empty() && params.expects != now) {
    return error(Code::conflict, site.path() + " was changed while squall looked at it",
                 "try it again");
  }
  if (after == now) {
    return error(Code::invalid, fmt::format("{} holds this content already", site.path()));
  }
  return json::object{{"path", site.path()},
                      {"kept", site.kept_path()},
                      {"original", TRY(sys::file_identity(original))},
                      {"mode", static_cast<std::int64_t>(status.st_mode & 07777U)},
                      {"owner", fmt::format("{}:{}", status.st_uid, status.st_gid)},
                      {"after", after}};
}

Status exchange(const KeptPlace& site) {
  return sys::exchange_at(site.place, site.kept, site.name());
}

bool is_original(const KeptPlace& site, const std::string& name, const json::object& before) {
  const Result<std::string> identity = sys::identity_at(site.place, name);
  return identity.ok() && *identity == text_at(before, "original");
}

// Whether `name` is the stand-in as we made it.
bool is_stand_in(const KeptPlace& site, const std::string& name, const json::object& before) {
  struct stat status {};
  const Result<sys::Fd> fd = sys::open_at(site.place, name, O_RDONLY);
  if (!fd.ok() || ::fstat(fd->get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (is_original(site, name, before)) return false;
  const Result<std::string> hash = sys::sha256_of(*fd);
  return hash.ok() && *hash == text_at(before, "after") &&
         fmt::format("{}:{}", status.st_uid, status.st_gid) == text_at(before, "owner") &&
         (status.st_mode & 07777U) == integer_at(before, "mode");
}

Result<json::object> apply(const FileContent& params, const json::object& before) {
  const KeptPlace site = TRY(recorded_kept_place(before));
  const std::string content = TRY(new_content(params));
  const sys::Fd original = TRY(sys::open_sole_file(site.place, O_RDONLY));
  if (sha256_hex(content) != text_at(before, "after")) {
    return error(Code::conflict, params.source + " was changed while squall read it");
  }
  TRY_VOID(sys::write_file_like(original, site.place, part_of(site), content));
  TRY_VOID(sys::rename_to_free_at(site.place, part_of(site), site.kept));
  if (is_original(site, site.name(), before)) TRY_VOID(exchange(site));
  if (is_original(site, site.kept, before)) return json::object{{"kept", site.kept_path()}};
  // Another file came to the name in between: it gets it back, unless it is still there.
  if (!is_stand_in(site, site.kept, before)) TRY_VOID(exchange(site));
  return error(Code::conflict, site.path() + " was replaced while squall looked at it");
}

Result<Presence> verify(const FileContent&, const json::object& before) {
  const KeptPlace site = TRY(recorded_kept_place(before));
  if (is_original(site, site.name(), before)) return Presence::absent;
  const bool is_ours =
      is_original(site, site.kept, before) && is_stand_in(site, site.name(), before);
  return is_ours ? Presence::in_force : Presence::foreign;
}

// The original has its name. What is left beside it goes, unless somebody edited it.
Result<Reverted> clean_up(const KeptPlace& site, const json::object& before, Ending ending) {
  if (!sys::exists_at(site.place, site.kept)) return Reverted{ending, ""};
  if (!is_stand_in(site, site.kept, before)) {
    return Reverted{Ending::foreign,
                    fmt::format("the original is back at {}; somebody edited what stood there "
                                "meanwhile, which is kept at {}",
                                site.path(), site.kept_path())};
  }
  TRY_VOID(sys::remove_at(site.place, site.kept));
  return Reverted{ending, ""};
}

// Where the original is decides what is to be done.
Result<Reverted> revert_at(const KeptPlace& site, const json::object& before) {
  static_cast<void>(sys::remove_at(site.place, part_of(site)).ok());  // mostly there is none
  if (is_original(site, site.name(), before)) return clean_up(site, before, Ending::was_absent);
  if (is_original(site, site.kept, before)) {
    if (is_stand_in(site, site.name(), before)) {
      TRY_VOID(exchange(site), "putting the original back");
      return clean_up(site, before, Ending::restored);
    }
    return Reverted{Ending::foreign, fmt::format("somebody else changed {}; the original is kept "
                                                 "at {}",
                                                 site.path(), site.kept_path())};
  }
  if (is_stand_in(site, site.kept, before)) {
    TRY_VOID(clean_up(site, before, Ending::was_absent));
  }
  if (!sys::exists_at(site.place, site.name())) {
    return Reverted{Ending::gone, site.path() + " was removed"};
  }
  if (is_stand_in(site, site.name(), before) && sys::exists_at(site.place, site.kept)) {
    // Died right after it exchanged a file that had replaced the original a moment before.
    TRY_VOID(exchange(site), "putting back what replaced the original");
    return clean_up(site, before, Ending::restored);
  }
  return Reverted{Ending::foreign, fmt::format("{} is another file now", site.path())};
}

Result<Reverted> revert(const FileContent&, const json::object& before) {
  const Result<KeptPlace> site = recorded_kept_place(before);
  if (site.ok()) return revert_at(*site, before);
  return ending_without_place(site.error(), "the folder of " + text_at(before, "path"));
}

std::string describe(const FileContent& params) {
  if (params.source == params.path && params.length >= 0) {
    return fmt::format("cut {} after {} bytes", printable(params.path), params.length);
  }
  if (!params.source.empty()) {
    return fmt::format("replace the content of {} by that of {}", printable(params.path),
                       printable(params.source));
  }
  const std::size_t size = from_base64(params.content).value_or("").size();
  return fmt::format("replace the content of {} by {} other bytes", printable(params.path), size);
}

std::string undo(const FileContent& params) {
  return fmt::format(
      "put the original {}, kept beside it, back in its place, unless somebody else changed it",
      printable(params.path));
}

}  // namespace

extern const Kind kind_file_content;
const Kind kind_file_content = make_kind<FileContent>({
    .name = "file.content",
    .about = "A file holds something else.",
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
