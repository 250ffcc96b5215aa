// power.supply: the programs of one mount namespace see an emulated battery and mains adapter.
//
// Programs read the state of power from /sys/class/power_supply. A small filesystem in memory with
// the files of a battery and an adapter is filled first and then mounted over that folder, inside
// the mount namespace of the victim: so it appears there as a whole, and nowhere else. A victim
// that shares the host's namespace is refused, and so is a folder whose mounts the host would see
// through propagation.
//
// Held and cleared: the holder stands in the namespace and keeps the charge going along its curve.
// When it dies the values stand still and the mount stays, so the undo takes the mount away, by its
// source, which names the victim: no other mount is touched. Programs that had files open go on
// reading the old ones.
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/supply_folder.h"
#include "change/typed.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/mounts.h"

namespace squall::change {
namespace {

struct PowerSupply {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  Share from{1};
  Share to{1};
  Duration over;
  bool mains_online = false;

  sys::ProcessId id() const { return {pid, static_cast<std::uint64_t>(start_ticks)}; }
  SupplyCurve curve() const { return {from.fraction, to.fraction, over, mains_online}; }
  std::string source() const { return fmt::format("squall-power-{}-{}", pid, start_ticks); }
};

const param::Table<PowerSupply> table{{
    param::field("pid", &PowerSupply::pid,
                 {.about = "A process of the mount namespace.", .required = true, .min = 1}),
    param::field(
        "start_ticks", &PowerSupply::start_ticks,
        {.about = "Its start time in clock ticks since boot.", .required = true, .min = 0}),
    param::field("from", &PowerSupply::from,
                 {.about = "The charge at the start.", .max = Share{1}}),
    param::field("to", &PowerSupply::to, {.about = "The charge at the end.", .max = Share{1}}),
    param::field("over", &PowerSupply::over,
                 {.about = "How long the way takes.", .max = minutes(7 * 24 * 60)}),
    param::field("mains_online", &PowerSupply::mains_online,
                 {.about = "Whether the adapter has power."}),
}};

const std::string folder = "/sys/class/power_supply";

Status refuse_shared(const PowerSupply& params, std::string_view how) {
  return error(Code::unsupported,
               fmt::format("what process {} sees in {} is also seen by the host: {}", params.pid,
                           folder, how),
               "run the victim in a mount namespace of its own: a container, a unit with "
               "PrivateMounts=yes, or unshare --mount --propagation private");
}

// The folder of the victim must be its own affair. The host is init and us; where init may not be
// looked at, as in some sandboxes, it is us.
Status check_privacy(const PowerSupply& params, const std::string& name) {
  const std::vector<sys::Mount> mounts = TRY(sys::read_mounts(params.pid));
  const sys::Mount* below = sys::mount_of(mounts, folder);
  const std::int64_t group = below == nullptr ? 0 : below->peer_group;
  for (const std::int64_t host : {std::int64_t{1}, std::int64_t{::getpid()}}) {
    const Result<std::string> its = sys::mount_namespace_of(host);
    if (!its.ok() && host == 1) continue;
    if (TRY(its) == name) return refuse_shared(params, "they share a mount namespace");
    for (const sys::Mount& mount : TRY(sys::read_mounts(host))) {
      if (group != 0 && mount.peer_group == group) {
        return refuse_shared(params, "mounts propagate between them");
      }
    }
  }
  return ok();
}

Result<Footprint> footprint(const PowerSupply& params) {
  const std::string name = TRY(sys::mount_namespace_of(params.pid));
  return Footprint{.processes = {params.id()},
                   .resources = {fmt::format("power supply of {}", name)}};
}

Result<json::object> capture(const PowerSupply& params) {
  const sys::Process process = TRY(sys::read_process(params.pid));
  if (process.id != params.id()) {
    return error(Code::not_found, fmt::format("process {} is gone", params.pid));
  }
  const std::string name = TRY(sys::mount_namespace_of(params.pid));
  TRY_VOID(check_privacy(params, name));
  struct stat status {};
  const std::string seen = fmt::format("/proc/{}/root{}", params.pid, folder);
  if (::stat(seen.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return error(Code::unsupported, fmt::format("process {} has no folder {}", params.pid, folder),
                 "mount sysfs in its namespace; a kernel without CONFIG_POWER_SUPPLY has none");
  }
  for (const sys::Mount& mount : TRY(sys::read_mounts(params.pid))) {
    if (mount.point == folder && mount.source.starts_with("squall-power-")) {
      return error(Code::conflict,
                   fmt::format("{} of process {} is emulated already", folder, params.pid),
                   "wait until that ended: squall status");
    }
  }
  return json::object{{"namespace", json::string(name)}};
}

// Where our mount is, seen by somebody who lives in the namespace.
struct Found {
  sys::ProcessId member;
  std::vector<sys::Mount> ours;
  bool is_covered = false;  // somebody mounted something over it
};

// Code::not_found when the namespace is gone with its last process.
Result<Found> find_mount(const PowerSupply& params, const json::object& before) {
  const std::string name = text_at(before, "namespace");
  const Result<std::string> of_victim = sys::mount_namespace_of(params.pid);
  Found found;
  const bool is_there = of_victim.ok() && *of_victim == name && sys::is_alive(params.id());
  found.member = is_there ? params.id() : TRY(sys::member_of_mount_namespace(name));
  const std::vector<sys::Mount> mounts = TRY(sys::read_mounts(found.member.pid));
  for (const sys::Mount& mount : mounts) {
    if (mount.source == params.source() && mount.type == "tmpfs") found.ours.push_back(mount);
  }
  for (const sys::Mount& ours : found.ours) {
    for (const sys::Mount& mount : mounts) found.is_covered |= mount.parent == ours.id;
  }
  return found;
}

class HeldSupply final : public Held {
 public:
  HeldSupply(SupplyCurve curve, sys::Fd supplies, sys::Fd mounts, std::string source)
      : curve_(curve),
        supplies_(std::move(supplies)),
        mounts_(std::move(mounts)),
        source_(std::move(source)),
        start_(sys::monotonic_now()) {}

  bool is_intact() override {
    const Result<std::string> all = sys::read_at(mounts_, 0, 1 << 20);
    if (all.ok() && all->find(source_) == std::string::npos) return false;
    const Duration elapsed = sys::monotonic_now() - start_;
    // Once at the end of its way the charge stays.
    if (is_at_end_) return true;
    is_at_end_ = elapsed >= curve_.over;
    return write_supply_folder(supplies_, curve_, elapsed).ok();
  }

 private:
  SupplyCurve curve_;
  sys::Fd supplies_;
  sys::Fd mounts_;  // the victim's mountinfo
  std::string source_;
  Duration start_;
  bool is_at_end_ = false;
};

Result<std::unique_ptr<Held>> hold(const PowerSupply& params, const json::object&) {
  sys::Fd supplies = TRY(make_supply_folder(params.source(), params.curve()));
  sys::Fd mounts = TRY(sys::open_file(fmt::format("/proc/{}/mountinfo", params.pid), O_RDONLY));
  TRY_VOID(sys::enter_mounts_of(params.id()));
  const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH;
  if (::move_mount(supplies.get(), "", AT_FDCWD, folder.c_str(), flags) != 0) {
    return errno_error(errno, fmt::format("mounting over {} of process {}", folder, params.pid));
  }
  return std::make_unique<HeldSupply>(params.curve(), std::move(supplies), std::move(mounts),
                                      params.source());
}

Result<Presence> verify(const PowerSupply& params, const json::object& before) {
  const Result<Found> found = find_mount(params, before);
  if (!found.ok() && found.error().code == Code::not_found) return Presence::absent;
  if (!found.ok()) return Error(found.error());
  if (found->ours.empty()) return Presence::absent;
  return found->is_covered ? Presence::foreign : Presence::in_force;
}

Result<Reverted> revert(const PowerSupply& params, const json::object& before) {
  const Result<Found> found = find_mount(params, before);
  if (!found.ok() && found.error().code == Code::not_found) {
    return Reverted{Ending::gone, "the mount namespace is gone"};
  }
  if (!found.ok()) return Error(found.error());
  if (found->ours.empty()) return Reverted{Ending::was_absent, "nothing of ours is mounted"};
  if (found->is_covered) {
    return Reverted{Ending::foreign, "somebody mounted something over the emulated supplies"};
  }
  TRY_VOID(sys::within_mounts_of(found->member, [&]() -> Status {
    for (const sys::Mount& mount : found->ours) {
      if (::umount2(mount.point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) {
        return errno_error(errno, "unmounting " + printable(mount.point));
      }
    }
    return ok();
  }));
  return Reverted{Ending::restored, ""};
}

std::string describe(const PowerSupply& params) {
  const std::string way =
      params.from == params.to
          ? fmt::format("with {}", squall::render(params.from))
          : fmt::format("that goes from {} to {} within {}", squall::render(params.from),
                        squall::render(params.to), squall::render(params.over));
  return fmt::format("show the mount namespace of process {} a battery {}, and {} power",
                     params.pid, way, params.mains_online ? "mains" : "no mains");
}

std::string undo(const PowerSupply& params) {
  return fmt::format("unmount the emulated supplies of process {}", params.pid);
}

}  // namespace

extern const Kind kind_power_supply;
const Kind kind_power_supply = make_kind<PowerSupply>({
    .name = "power.supply",
    .about = "The programs of one mount namespace see an emulated battery and mains adapter.",
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
