// disk.ballast: some of the space of a filesystem is taken.
//
// Held: the holder process keeps a file without a name (O_TMPFILE) open, to which it gives blocks
// (fallocate, or by writing where there is none). When the last descriptor of such a file closes,
// by whatever the holder ends, the kernel frees its blocks; after a power failure the filesystem
// does so at the next mount. Nothing of it ever stands in a folder.
//
// A large fill takes longer than a command may: the taking goes on in a thread of the holder after
// the hold was reported. If it fails then, the holder ends, and the run is told that the change is
// lost. The space counts for all users of the filesystem alike.
#include <optional>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "change/background_task.h"
#include "change/ballast_file.h"
#include "change/holder_fence.h"
#include "change/typed.h"
#include "core/text.h"
#include "param/optional_codec.h"
#include "sys/file.h"
#include "sys/filesystem.h"

namespace squall::change {
namespace {

struct DiskBallast {
  std::string path;
  std::optional<Bytes> size;
  std::optional<Bytes> leave;
  bool take_reserve = false;
};

const param::Table<DiskBallast> table{{
    param::field("path", &DiskBallast::path,
                 {.about = "A folder on the filesystem.", .required = true}),
    param::field("size", &DiskBallast::size, {.about = "How much to take, in whole blocks."}),
    param::field("leave", &DiskBallast::leave, {.about = "How much to leave, in place of size."}),
    param::field("take_reserve", &DiskBallast::take_reserve,
                 {.about = "Whether what the filesystem keeps for root is taken as well."}),
}};

Status check_amount(const DiskBallast& params) {
  if (params.size.has_value() != params.leave.has_value()) return ok();
  return error(Code::invalid, "disk.ballast takes either a size or what to leave");
}

// What would be taken now.
Result<std::uint64_t> demanded(const DiskBallast& params, const sys::Filesystem& filesystem) {
  TRY_VOID(check_amount(params));
  const std::uint64_t free =
      params.take_reserve ? filesystem.free.count : filesystem.available.count;
  if (params.leave) return free > params.leave->count ? free - params.leave->count : 0;
  if (params.size->count <= free) return params.size->count;
  return error(Code::refused,
               fmt::format("{} are asked for, but only {} of the {} on {} are free{}",
                           render_rounded(*params.size), render_rounded(Bytes{free}),
                           render_rounded(filesystem.total), printable(params.path),
                           params.take_reserve ? "" : " for ordinary users"),
               "ask for less, or say with `leave` how much is to be left");
}

Demand demand_for(const std::string& path, const sys::Filesystem& filesystem, Bytes space) {
  const bool is_in_memory = filesystem.type == "tmpfs" || filesystem.type == "ramfs";
  return {.memory = is_in_memory ? space : Bytes{},
          .descriptors = 1,
          .disk = {{.path = path, .space = space, .inodes = 1}}};
}

Result<Footprint> footprint(const DiskBallast& params) {
  const std::string path = TRY(sys::real_path(params.path));
  const sys::Filesystem filesystem = TRY(sys::look_at_filesystem(path));
  const Bytes space {
    TRY(demanded(params, filesystem))
  };
  // No path: what is in the folder is not touched, and the file has no name. The gate of the
  // head-room judges what is taken.
  return Footprint{.demand = demand_for(path, filesystem, space),
                   .resources = {"disk space " + render(filesystem.device)}};
}

Result<json::object> capture(const DiskBallast& params) {
  const std::string path = TRY(sys::real_path(params.path));
  const sys::Filesystem filesystem = TRY(sys::look_at_filesystem(path));
  if (filesystem.is_read_only) {
    return error(Code::refused, fmt::format("{} is mounted read-only", printable(path)));
  }
  TRY_VOID(demanded(params, filesystem));
  TRY_VOID(BallastFile::open(path));  // gone again at once: it shows that it can be made
  return json::object{{"path", path}, {"device", render(filesystem.device)}};
}

class HeldBallast : public Held {
 public:
  static Result<std::unique_ptr<Held>> take(BallastFile file, SpaceGoal goal) {
    std::unique_ptr<HeldBallast> held(new HeldBallast(std::move(file)));
    BallastFile* taker = &held->file_;
    held->task_ = TRY(BackgroundTask::start([taker, goal](const std::stop_token& stop) -> Status {
      while (!stop.stop_requested()) {
        if (TRY(taker->approach(goal))) break;
      }
      return ok();
    }));
    TRY_VOID(held->task_->wait(first_wait));
    return std::unique_ptr<Held>(std::move(held));
  }
  json::object facts() const override {
    const bool is_done = task_->is_done();
    json::object facts{{"taken", json::string(render(file_.taken()))}, {"is_done", is_done}};
    if (is_done) facts["by"] = file_.allocates() ? "fallocate" : "writing";
    return facts;
  }
  bool is_intact() override { return task_->problem().ok(); }

 private:
  explicit HeldBallast(BallastFile file) : file_(std::move(file)) {}

  BallastFile file_;
  std::unique_ptr<BackgroundTask> task_;
};

Result<std::unique_ptr<Held>> hold(const DiskBallast& params, const json::object& before) {
  const std::string path = text_at(before, "path");
  struct stat status {};
  const bool is_there = ::stat(path.c_str(), &status) == 0;
  const sys::DeviceNumber device{major(status.st_dev), minor(status.st_dev)};
  if (!is_there || render(device) != text_at(before, "device")) {
    return error(Code::conflict, fmt::format("{} leads to another filesystem now", path));
  }
  return HeldBallast::take(TRY(BallastFile::open(path)),
                           {params.size, params.leave, params.take_reserve});
}

// What a file without a name that the holder keeps open on this filesystem takes.
std::optional<Bytes> ballast_of(std::int64_t pid, const std::string& device) {
  const std::string folder = fmt::format("/proc/{}/fd", pid);
  const Result<std::vector<std::string>> names = sys::list_folder(folder);
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    struct stat status {};
    if (::stat(fmt::format("{}/{}", folder, name).c_str(), &status) != 0) continue;
    const sys::DeviceNumber on{major(status.st_dev), minor(status.st_dev)};
    if (S_ISREG(status.st_mode) && status.st_nlink == 0 && render(on) == device) {
      return Bytes{static_cast<std::uint64_t>(status.st_blocks) * 512};  // the unit of st_blocks
    }
  }
  return std::nullopt;
}

Result<Presence> verify(const DiskBallast&, const json::object& before) {
  const sys::ProcessId holder = recorded_holder(before);
  if (holder.pid == 0 || !sys::is_alive(holder)) return Presence::absent;
  return ballast_of(holder.pid, text_at(before, "device")) ? Presence::in_force : Presence::foreign;
}

// A large ballast grows on for a while after it was reported as held.
Demand outstanding(const DiskBallast& params, const json::object& before) {
  const std::string path = text_at(before, "path");
  const std::optional<Bytes> taken =
      ballast_of(recorded_holder(before).pid, text_at(before, "device"));
  const Result<sys::Filesystem> filesystem = sys::look_at_filesystem(path);
  if (!taken || !filesystem.ok()) return {};
  const Bytes goal{params.leave ? taken->count + demanded(params, *filesystem).value()
                                : params.size->count};
  return demand_for(path, *filesystem, Bytes{goal.count - std::min(goal.count, taken->count)});
}

std::string describe(const DiskBallast& params) {
  if (params.leave) {
    return fmt::format("take the space on {} until {} are left", printable(params.path),
                       render(*params.leave));
  }
  return fmt::format("take {} of the space on {}", render(params.size.value_or(Bytes{})),
                     printable(params.path));
}

std::string undo(const DiskBallast&) {
  return "close the file without a name that takes it: the kernel frees its blocks, also when "
         "squall dies";
}

}  // namespace

extern const Kind kind_disk_ballast;
const Kind kind_disk_ballast = make_kind<DiskBallast>({
    .name = "disk.ballast",
    .about = "Some of the space of a filesystem is taken.",
    .keeping = Keeping::held,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .hold = hold,
    .verify = verify,
    .outstanding = outstanding,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
