// disk.traffic: a disk is kept busy with reads and writes of a given size at a given rate.
//
// Held: the holder works on a scratch file without a name, which the kernel removes when the holder
// ends (unnamed_files.h). The file is written once from end to end, so that reads find blocks on
// the disk; then some threads share the operations among them (disk_worker.h). The load is open: an
// operation is due at its time whether or not those before have come back.
//
// The process is called squall-traffic. An operation that fails ends it, and the run is told.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>

#include "change/background_task.h"
#include "change/disk_worker.h"
#include "change/holder_fence.h"
#include "change/typed.h"
#include "change/unnamed_files.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/controllers.h"
#include "sys/file.h"
#include "sys/filesystem.h"

namespace squall::change {
namespace {

struct DiskTraffic {
  std::string path;
  Rate rate;
  Bytes block{4096};
  Share reads;
  bool is_random = true;
  bool direct = true;
  bool sync = false;
  std::int64_t depth = 8;
  Bytes file_size{64 << 20};
  std::int64_t seed = 0;
};

const param::Table<DiskTraffic> table{{
    param::field("path", &DiskTraffic::path, {.about = "A folder on the disk.", .required = true}),
    param::field("rate", &DiskTraffic::rate,
                 {.about = "Operations in a unit of time.", .required = true}),
    param::field("block", &DiskTraffic::block, {.about = "How much each reads or writes."}),
    param::field("reads", &DiskTraffic::reads, {.about = "The share of reads.", .max = Share{1}}),
    param::field("random", &DiskTraffic::is_random,
                 {.about = "Whether places are chosen by the seed, else one after the other."}),
    param::field("direct", &DiskTraffic::direct, {.about = "Past the page cache (O_DIRECT)."}),
    param::field("sync", &DiskTraffic::sync, {.about = "Each write reaches the disk (O_DSYNC)."}),
    param::field("depth", &DiskTraffic::depth,
                 {.about = "How many may be under way at once.", .min = 1, .max = 256}),
    param::field("file_size", &DiskTraffic::file_size, {.about = "Of the scratch file."}),
    param::field("seed", &DiskTraffic::seed, {.about = "Decides places, and which are reads."}),
}};

constexpr Duration proof_limit = milliseconds(500);
constexpr Duration first_transfer_limit = milliseconds(50);

struct Place {
  std::string path;
  sys::Filesystem filesystem;
};

Result<Place> place_of(const DiskTraffic& params) {
  TRY_VOID(check_disk_work({.rate = params.rate,
                            .block = params.block,
                            .is_direct = params.direct,
                            .file_size = params.file_size}));
  Place place {
    .path = TRY(sys::real_path(params.path))
  };
  place.filesystem = TRY(sys::look_at_filesystem(place.path));
  if (place.filesystem.disk.major != 0) return place;
  return error(Code::unsupported,
               fmt::format("no disk of this host is behind {} ({})", printable(place.path),
                           place.filesystem.type),
               "name a folder on a filesystem on a disk, such as ext4 or XFS");
}

Result<Footprint> footprint(const DiskTraffic& params) {
  const Place place = TRY(place_of(params));
  return Footprint{
      .demand = {.memory = Bytes{params.block.count * static_cast<std::uint64_t>(params.depth)},
                 .descriptors = 1,
                 .processes = params.depth + 2,
                 .disk = {{.path = place.path, .space = params.file_size, .inodes = 1}}},
      .resources = {"disk traffic " + render(place.filesystem.disk)}};
}

int flags_of(const DiskTraffic& params) {
  return (params.direct ? O_DIRECT : 0) | (params.sync ? O_DSYNC : 0);
}

Result<json::object> capture(const DiskTraffic& params) {
  const Place place = TRY(place_of(params));
  if (place.filesystem.is_read_only) {
    return error(Code::refused, fmt::format("{} is mounted read-only", printable(place.path)));
  }
  if (place.filesystem.free.count < params.file_size.count) {
    return error(Code::refused,
                 fmt::format("the scratch file needs {}, but only {} are free on {}",
                             render_rounded(params.file_size),
                             render_rounded(place.filesystem.free), printable(place.path)),
                 "make `file_size` smaller");
  }
  const Result<sys::Fd> trial = open_unnamed_file(place.path, flags_of(params));
  if (!trial.ok() && params.direct && open_unnamed_file(place.path).ok()) {
    return error(Code::unsupported,
                 fmt::format("{} does not let reads and writes past the page cache (O_DIRECT)",
                             printable(place.path)),
                 "say `direct: no`");
  }
  if (!trial.ok()) return Error(trial.error());
  return json::object{{"path", place.path}, {"device", render(place.filesystem.device)}};
}

class HeldTraffic : public Held {
 public:
  explicit HeldTraffic(std::unique_ptr<BackgroundTask> task) : task_(std::move(task)) {}
  bool is_intact() override { return task_->problem().ok(); }

 private:
  std::unique_ptr<BackgroundTask> task_;
};

// Until something was written, or for long enough to see a disk that refuses at once.
Status await_first_transfer(BackgroundTask& task) {
  const auto written = [] { return sys::group_number("/proc/self", "io", "write_bytes:"); };
  const Duration deadline = sys::monotonic_now() + first_transfer_limit;
  const std::optional<std::uint64_t> before = written();
  while (sys::monotonic_now() < deadline && (!before || written() == before)) {
    TRY_VOID(task.wait(milliseconds(1)));
  }
  return task.problem();
}

Result<std::unique_ptr<Held>> hold(const DiskTraffic& params, const json::object& before) {
  ::prctl(PR_SET_NAME, "squall-traffic");  // the threads inherit the name
  const std::string path = text_at(before, "path");
  if (render(TRY(sys::look_at_filesystem(path)).device) != text_at(before, "device")) {
    return error(Code::conflict, fmt::format("{} leads to another filesystem now", path));
  }
  sys::Fd file = TRY(open_unnamed_file(path, flags_of(params)));
  const DiskWork work{.rate = params.rate,
                      .block = params.block,
                      .reads = params.reads,
                      .is_random = params.is_random,
                      .is_direct = params.direct,
                      .depth = params.depth,
                      .file_size = params.file_size,
                      .seed = static_cast<std::uint64_t>(params.seed)};
  auto task = TRY(BackgroundTask::start(
      [work, shared = std::make_shared<sys::Fd>(std::move(file))](const std::stop_token& stop) {
        return work_on_disk(*shared, work, stop);
      }));
  TRY_VOID(await_first_transfer(*task));
  return std::unique_ptr<Held>(std::make_unique<HeldTraffic>(std::move(task)));
}

// In force means that the holder lives and reads or writes; that it lives and does not is somebody
// else's doing, or a disk that stands still.
Result<Presence> verify(const DiskTraffic& params, const json::object& before) {
  const sys::ProcessId holder = recorded_holder(before);
  if (holder.pid == 0) return Presence::absent;
  const auto transfers = [&] {
    return sys::read_file(fmt::format("/proc/{}/io", holder.pid), 4096);
  };
  const Result<std::string> first = transfers();
  const Duration pause = nanoseconds(static_cast<std::int64_t>(1e9 / params.rate.per_second));
  const Duration deadline = sys::monotonic_now() + proof_limit + pause * 2;
  while (sys::is_alive(holder)) {
    const Result<std::string> now = transfers();
    if (first.ok() && now.ok() && *now != *first) return Presence::in_force;
    if (sys::monotonic_now() >= deadline) return Presence::foreign;
    sys::sleep_until(sys::monotonic_now() + milliseconds(2));
  }
  return Presence::absent;
}

std::string describe(const DiskTraffic& params) {
  return fmt::format("{} operations of {} on the disk of {}, {} of them reads, {}",
                     render(params.rate), render(params.block), printable(params.path),
                     render(params.reads), params.is_random ? "at random" : "one after the other");
}

std::string undo(const DiskTraffic&) {
  return "end the process that reads and writes; its scratch file has no name and goes with it, "
         "also when squall dies";
}

}  // namespace

extern const Kind kind_disk_traffic;
const Kind kind_disk_traffic = make_kind<DiskTraffic>({
    .name = "disk.traffic",
    .about = "A disk is kept busy with reads and writes at a given rate.",
    .keeping = Keeping::held,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .hold = hold,
    .verify = verify,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
