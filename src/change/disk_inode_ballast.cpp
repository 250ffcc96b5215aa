// disk.inode_ballast: some of the inodes of a filesystem are taken.
//
// Held: the holder keeps as many empty files without a name open (unnamed_files.h). When it dies
// the kernel closes them and frees the inodes; after a power failure the filesystem does so at the
// next mount. A folder full of files with names would need less memory of the kernel, but somebody
// would have to remove them: a crash would leave them standing, and their removal takes as long as
// their making.
//
// Some 90 000 inodes a second are taken and given back: a hundred thousand take longer than a
// command may, so the taking goes on in a thread after the hold was reported.
#include <optional>

#include <fmt/core.h>
#include <sys/prctl.h>

#include "change/background_task.h"
#include "change/holder_fence.h"
#include "change/typed.h"
#include "change/unnamed_files.h"
#include "core/text.h"
#include "param/optional_codec.h"
#include "sys/file.h"
#include "sys/filesystem.h"

namespace squall::change {
namespace {

struct InodeBallast {
  std::string path;
  std::optional<std::int64_t> count;
  std::optional<std::int64_t> leave;
};

const param::Table<InodeBallast> table{{
    param::field("path", &InodeBallast::path,
                 {.about = "A folder on the filesystem.", .required = true}),
    param::field("count", &InodeBallast::count, {.about = "How many inodes to take."}),
    param::field("leave", &InodeBallast::leave, {.about = "How many to leave, in place of count."}),
}};

// Giving back this many takes the ten seconds that an undo may be waited for at most.
constexpr std::uint64_t most = 1'000'000;

struct Place {
  std::string path;
  sys::Filesystem filesystem;
};

Result<Place> place_of(const InodeBallast& params) {
  const bool has_one = params.count.has_value() != params.leave.has_value();
  if (!has_one || params.count.value_or(0) < 0 || params.leave.value_or(0) < 0) {
    return error(Code::invalid, "disk.inode_ballast takes either a count or what to leave");
  }
  Place place {
    .path = TRY(sys::real_path(params.path))
  };
  place.filesystem = TRY(sys::look_at_filesystem(place.path));
  if (place.filesystem.inodes > 0) return place;
  return error(Code::unsupported,
               fmt::format("the filesystem of {} ({}) makes inodes as it needs them: they cannot "
                           "run out",
                           printable(place.path), place.filesystem.type),
               "fill its space instead (disk.fill)");
}

// What would be taken now.
Result<std::uint64_t> demanded(const InodeBallast& params, const Place& place) {
  const std::uint64_t free = place.filesystem.free_inodes;
  const auto leave = static_cast<std::uint64_t>(params.leave.value_or(0));
  const std::uint64_t count =
      params.count ? static_cast<std::uint64_t>(*params.count) : free - std::min(free, leave);
  if (count > free) {
    return error(Code::refused,
                 fmt::format("{} inodes are asked for, but only {} of the {} on {} are free", count,
                             free, place.filesystem.inodes, printable(place.path)),
                 "ask for fewer, or say with `leave` how many are to be left");
  }
  if (count > most) {
    return error(Code::refused,
                 fmt::format("{} inodes are more than the {} that squall holds at once: each costs "
                             "{} B of kernel memory",
                             count, most, memory_of_unnamed_file),
                 "use a smaller filesystem for this drill");
  }
  return count;
}

Demand demand_for(const Place& place, std::uint64_t count) {
  return {.memory = Bytes{count * memory_of_unnamed_file},
          .descriptors = static_cast<std::int64_t>(count),
          .disk = {{.path = place.path, .inodes = count}}};
}

Result<Footprint> footprint(const InodeBallast& params) {
  const Place place = TRY(place_of(params));
  return Footprint {
    .demand = demand_for(place, TRY(demanded(params, place))), .resources = {
      "disk inodes " + render(place.filesystem.device)
    }
  };
}

Result<json::object> capture(const InodeBallast& params) {
  const Place place = TRY(place_of(params));
  if (place.filesystem.is_read_only) {
    return error(Code::refused, fmt::format("{} is mounted read-only", printable(place.path)));
  }
  TRY_VOID(demanded(params, place));
  TRY_VOID(open_unnamed_file(place.path));
  return json::object{{"path", place.path}, {"device", render(place.filesystem.device)}};
}

// Takes part of them. True: there is no more to do.
//
// Others take and free inodes meanwhile. A count is taken or missed; what is to be left is looked
// at again, and a look may tell of inodes that others had before we came to take them.
Result<bool> approach(UnnamedFiles& files, const InodeBallast& params,
                      const std::stop_token& stop) {
  const std::uint64_t wanted = TRY(demanded(params, TRY(place_of(params))));
  if (wanted == 0) return true;
  const bool had_all = TRY(files.add(params.path, wanted, stop));
  if (!params.count) return false;
  if (had_all || stop.stop_requested()) return true;
  return error(Code::failed,
               fmt::format("the filesystem of {} had no more inodes, or no space for them, after "
                           "{} of {}",
                           printable(params.path), files.count(), *params.count),
               "ask for fewer, or say with `leave` how many are to be left");
}

Status take(UnnamedFiles& files, const InodeBallast& params, const std::stop_token& stop) {
  constexpr int looks = 4;
  for (int look = 0; look < looks && !stop.stop_requested(); ++look) {
    if (TRY(approach(files, params, stop))) break;
  }
  return ok();
}

class HeldInodes : public Held {
 public:
  static Result<std::unique_ptr<Held>> take_in(const InodeBallast& params) {
    std::unique_ptr<HeldInodes> held(new HeldInodes);
    UnnamedFiles* files = &held->files_;
    held->task_ = TRY(BackgroundTask::start(
        [files, params](const std::stop_token& stop) { return take(*files, params, stop); }));
    TRY_VOID(held->task_->wait(first_wait));
    return std::unique_ptr<Held>(std::move(held));
  }
  json::object facts() const override {
    const bool is_done = task_->is_done();
    json::object facts{{"is_done", is_done}};
    if (is_done) facts["taken"] = files_.count();
    return facts;
  }
  bool is_intact() override { return task_->problem().ok(); }

 private:
  HeldInodes() = default;

  UnnamedFiles files_;
  std::unique_ptr<BackgroundTask> task_;  // last, so that it ends first
};

Result<std::unique_ptr<Held>> hold(const InodeBallast& params, const json::object& before) {
  ::prctl(PR_SET_NAME, "squall-inodes");  // the threads inherit the name
  InodeBallast real = params;
  real.path = text_at(before, "path");
  if (render(TRY(place_of(real)).filesystem.device) != text_at(before, "device")) {
    return error(Code::conflict, fmt::format("{} leads to another filesystem now", real.path));
  }
  return HeldInodes::take_in(real);
}

Result<Presence> verify(const InodeBallast&, const json::object& before) {
  const sys::ProcessId holder = recorded_holder(before);
  return holder.pid != 0 && sys::is_alive(holder) ? Presence::in_force : Presence::absent;
}

std::string describe(const InodeBallast& params) {
  if (params.leave) {
    return fmt::format("take the inodes on {} until {} are left", printable(params.path),
                       *params.leave);
  }
  return fmt::format("take {} inodes on {}", params.count.value_or(0), printable(params.path));
}

std::string undo(const InodeBallast&) {
  return "close the empty files without a name: the kernel frees their inodes, also when squall "
         "dies";
}

}  // namespace

extern const Kind kind_disk_inode_ballast;
const Kind kind_disk_inode_ballast = make_kind<InodeBallast>({
    .name = "disk.inode_ballast",
    .about = "Some of the inodes of a filesystem are taken.",
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
