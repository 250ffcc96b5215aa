// file.absence: there is nothing at the name of a file.
//
// The file is renamed aside within its folder, to .NAME.squall-ID, and renamed back: two single
// steps, neither of which ever takes the place of something that exists. Whatever the name itself
// is goes: of a symbolic link the link, not the file it leads to.
//
// Journaled, and right at whatever point it was cut off: ID comes from the parameters and the
// identity of the file is on record, so the undo asks where the file is. If somebody made a new
// file of that name meanwhile, both are kept and the report tells where the original lies.
//
// Programs that hold the file open go on using it.
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "change/kept.h"
#include "change/typed.h"
#include "core/text.h"
#include "sys/place.h"

namespace squall::change {
namespace {

struct FileAbsence {
  std::string path;
};

const param::Table<FileAbsence> table{{
    param::field("path", &FileAbsence::path,
                 {.about = "The file; a symbolic link is not followed.", .required = true}),
}};

Result<KeptPlace> find_target(const FileAbsence& params) {
  return open_kept_place(TRY(sys::real_place(params.path)), table.to_json(params));
}

Result<Footprint> footprint(const FileAbsence& params) {
  const KeptPlace target = TRY(find_target(params));
  const sys::Place& place = target.place;
  Footprint made{.paths = {place.path(), target.kept_path()},
                 .resources = {"path " + place.path()}};
  struct stat status {};
  if (::fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    // Taken away already, by a change that is in force: the name is what they have in common.
    if (errno == ENOENT && sys::exists_at(place, target.kept)) return made;
    return errno_error(errno, "looking at " + printable(place.path()));
  }
  if (S_ISDIR(status.st_mode)) {
    return error(Code::invalid, printable(place.path()) + " is a folder", "name a file in it");
  }
  made.resources.push_back(fmt::format("file {}:{}", status.st_dev, status.st_ino));
  return made;
}

Result<json::object> capture(const FileAbsence& params) {
  const KeptPlace target = TRY(find_target(params));
  TRY_VOID(check_is_free(target, target.kept));
  return json::object{{"path", target.place.path()},
                      {"kept", target.kept},
                      {"original", TRY(sys::identity_at(target.place, target.place.name))}};
}

// Who has the name, and who the name aside.
enum class Holder { nobody, original, another };

struct Look {
  KeptPlace at;
  Holder name = Holder::nobody;
  Holder aside = Holder::nobody;
};

Result<Holder> holder_of(const sys::Place& place, const std::string& name,
                         const json::object& before) {
  const Result<std::string> identity = sys::identity_at(place, name);
  if (identity.ok()) {
    return *identity == text_at(before, "original") ? Holder::original : Holder::another;
  }
  if (identity.error().code == Code::not_found) return Holder::nobody;
  return Error(identity.error());
}

Result<Look> look(const json::object& before) {
  Look seen {
    TRY(recorded_kept_place(before))
  };
  seen.name = TRY(holder_of(seen.at.place, seen.at.name(), before));
  seen.aside = TRY(holder_of(seen.at.place, seen.at.kept, before));
  return seen;
}

Result<json::object> apply(const FileAbsence&, const json::object& before) {
  const Look seen = TRY(look(before));
  const Error replaced =
      error(Code::conflict, seen.at.path() + " was replaced while squall looked at it");
  if (seen.name != Holder::original) return replaced;
  TRY_VOID(sys::rename_to_free_at(seen.at.place, seen.at.name(), seen.at.kept));
  if (TRY(look(before)).aside == Holder::original) {
    return json::object{{"kept", seen.at.kept_path()}};
  }
  // Another file came to the name in between: it gets it back.
  TRY_VOID(sys::rename_to_free_at(seen.at.place, seen.at.kept, seen.at.name()));
  return replaced;
}

Result<Presence> verify(const FileAbsence&, const json::object& before) {
  const Look seen = TRY(look(before));
  if (seen.name == Holder::original) return Presence::absent;
  const bool is_ours = seen.name == Holder::nobody && seen.aside == Holder::original;
  return is_ours ? Presence::in_force : Presence::foreign;
}

Result<Reverted> revert(const FileAbsence&, const json::object& before) {
  const std::string path = text_at(before, "path");
  Result<Look> found = look(before);
  if (!found.ok()) return ending_without_place(found.error(), "the folder of " + path);
  const Look seen = std::move(*found);
  if (seen.name == Holder::original) {
    return Reverted{Ending::was_absent, "the file has its name"};
  }
  const std::string kept = seen.at.kept_path();
  if (seen.name == Holder::another && seen.aside != Holder::nobody) {
    return Reverted{Ending::foreign,
                    fmt::format("somebody made a new {}; the original is kept at {}", path, kept)};
  }
  if (seen.aside == Holder::nobody) {
    if (seen.name == Holder::nobody) return Reverted{Ending::gone, path + " was removed"};
    return Reverted{Ending::foreign, path + " is another file now"};
  }
  // What lies aside came there by us: the original, or what replaced it a moment before we died.
  const Status renamed = sys::rename_to_free_at(seen.at.place, seen.at.kept, seen.at.name());
  if (renamed.ok()) return Reverted{Ending::restored, ""};
  if (renamed.error().code != Code::conflict) return Error(renamed.error());
  return Reverted{Ending::foreign,
                  fmt::format("somebody made a new {}; the original is kept at {}", path, kept)};
}

std::string describe(const FileAbsence& params) {
  return fmt::format("take {} away", printable(params.path));
}

std::string undo(const FileAbsence& params) {
  return fmt::format(
      "give {}, kept beside it, its name back, unless somebody else made a file of that name",
      printable(params.path));
}

}  // namespace

extern const Kind kind_file_absence;
const Kind kind_file_absence = make_kind<FileAbsence>({
    .name = "file.absence",
    .about = "There is nothing at the name of a file.",
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
