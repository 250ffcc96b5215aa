// disk.overlay: a folder is covered by a view of itself in which operations on files fail, are
// late, or do less than they say.
//
// Held: squall-reach serves a filesystem in user space that is mounted over the folder
// (reach/disk/overlay.cpp); it dies with its holder. A mount whose server is gone stays, with an
// error for every access: so this kind clears as well, and unmounts what bears the name of the
// change, in whatever state it is. What somebody else mounted on top is left, and reported.
//
// Only what is opened by path afterwards goes through the overlay. Files that were open before do
// not notice it; files that are opened through it and still open when it goes fail with ENOTCONN
// from then on.
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/reach.h"
#include "change/typed.h"
#include "core/text.h"
#include "sys/file.h"
#include "sys/mounts.h"

namespace squall::change {
namespace {

struct DiskOverlay {
  std::string path;
  std::string name;
  std::string effect = "fail";
  std::string error;
  std::vector<std::string> works;
  std::string files;
  Share share{1};
  Duration delay;
  std::int64_t seed = 0;
};

const param::Table<DiskOverlay> table{{
    param::field("path", &DiskOverlay::path, {.about = "The folder.", .required = true}),
    param::field("name", &DiskOverlay::name,
                 {.about = "Of the mount in the mount table: squall-....", .required = true}),
    param::field("effect", &DiskOverlay::effect,
                 {.about = "fail, wait, tear, lose or hold.", .required = true}),
    param::field("error", &DiskOverlay::error, {.about = "With fail: which, such as EIO."}),
    param::field("works", &DiskOverlay::works,
                 {.about = "Which operations: read, write, sync, open, open_to_write, names.",
                  .required = true}),
    param::field("files", &DiskOverlay::files,
                 {.about = "Which files, by a pattern of their path below the folder."}),
    param::field("share", &DiskOverlay::share, {.about = "The share of them.", .max = Share{1}}),
    param::field("delay", &DiskOverlay::delay, {.about = "How late those are that are hit."}),
    param::field("seed", &DiskOverlay::seed, {.about = "Decides which are hit."}),
}};

constexpr Duration serve_limit = milliseconds(1500);
constexpr std::string_view fuse_device = "/dev/fuse";
// What its threads read into, and what a disk's cache may hold back.
constexpr Bytes serving_memory{32ULL << 20};
constexpr Bytes cache_memory{96ULL << 20};

Status check_name(const DiskOverlay& params) {
  const bool is_plain =
      params.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
  if (params.name.starts_with("squall-") && is_plain) return ok();
  return error(Code::invalid,
               fmt::format("the overlay {} must be called squall-...", quote(params.name)));
}

struct Folder {
  std::string path;
  std::string identity;  // device and inode
};

Result<Folder> folder_of(const DiskOverlay& params) {
  TRY_VOID(check_name(params));
  Folder folder {
    .path = TRY(sys::real_path(params.path))
  };
  struct stat status {};
  if (::stat(folder.path.c_str(), &status) != 0) {
    return errno_error(errno, "looking at " + printable(folder.path));
  }
  if (!S_ISDIR(status.st_mode)) {
    return error(Code::invalid, fmt::format("{} is no folder", printable(folder.path)),
                 "name the folder that holds the files");
  }
  folder.identity = fmt::format("{}:{}", status.st_dev, status.st_ino);
  return folder;
}

Result<Footprint> footprint(const DiskOverlay& params) {
  const Folder folder = TRY(folder_of(params));
  const Bytes memory{serving_memory.count + (params.effect == "hold" ? cache_memory.count : 0)};
  return Footprint{.paths = {folder.path},
                   .demand = {.memory = memory, .descriptors = 256, .processes = 26},
                   .resources = {"folder " + folder.identity, "overlay " + params.name}};
}

Result<json::object> capture(const DiskOverlay& params) {
  const Folder folder = TRY(folder_of(params));
  const Result<sys::Fd> device = sys::open_file(std::string(fuse_device), O_RDWR);
  if (!device.ok()) {
    return error(Code::unsupported,
                 fmt::format("no filesystems in user space here: {}", device.error().message),
                 "load the fuse module; in a container, give it /dev/fuse");
  }
  return json::object{{"path", folder.path}, {"folder", folder.identity}};
}

Result<std::unique_ptr<Held>> hold(const DiskOverlay& params, const json::object& before) {
  const Folder folder = TRY(folder_of(params));
  if (folder.identity != text_at(before, "folder")) {
    return error(Code::conflict, fmt::format("{} became another folder", folder.path));
  }
  json::object request = table.to_json(params);
  request["path"] = folder.path;
  return reach_hold("disk.overlay", request, serve_limit);
}

// Our mount; its id is 0 when it is not there.
Result<sys::Mount> own_mount(const DiskOverlay& params) {
  for (const sys::Mount& mount : TRY(sys::read_mounts(::getpid()))) {
    if (mount.type == "fuse.squall" && mount.source == params.name) return mount;
  }
  return sys::Mount{};
}

Result<Presence> verify(const DiskOverlay& params, const json::object&) {
  return TRY(own_mount(params))
  .id == 0 ? Presence::absent : Presence::in_force;
}

Result<Reverted> revert(const DiskOverlay& params, const json::object&) {
  const sys::Mount mount = TRY(own_mount(params));
  if (mount.id == 0) return Reverted{Ending::was_absent, ""};
  if (TRY(sys::detach_mount(mount))) return Reverted{Ending::restored, ""};
  return Reverted{Ending::foreign,
                  fmt::format("somebody mounted something else over {}; below it our overlay "
                              "stays until both are unmounted",
                              printable(mount.point))};
}

std::string describe(const DiskOverlay& params) {
  std::string what = params.effect == "fail"   ? "fails with " + printable(params.error)
                     : params.effect == "wait" ? "is late"
                     : params.effect == "tear" ? "lands only in part, and is acknowledged whole"
                     : params.effect == "lose" ? "is lost, and acknowledged"
                                               : "waits in memory for a sync, or is lost";
  if (params.delay.nanoseconds > 0) what += fmt::format(", after {}", render(params.delay));
  const std::string where = params.files.empty() ? "" : " of " + printable(params.files);
  return fmt::format("mount a view of {} over it, in which {} of {}{} {}", printable(params.path),
                     render(params.share), list_words(params.works, "and"), where, what);
}

std::string undo(const DiskOverlay& params) {
  return fmt::format(
      "end the filesystem in user space and unmount it from {}; when squall dies it ends by "
      "itself, and the next start unmounts it",
      printable(params.path));
}

}  // namespace

extern const Kind kind_disk_overlay;
const Kind kind_disk_overlay = make_kind<DiskOverlay>({
    .name = "disk.overlay",
    .about = "A folder is covered by a view of itself in which operations on files go wrong.",
    .keeping = Keeping::held,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .hold = hold,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
