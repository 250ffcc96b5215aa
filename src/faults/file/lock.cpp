// file.lock: a file is locked by somebody else, as by a job that hangs, a second instance, or a
// lock file on a host that nobody looked after.
//
// Programs that wait for the lock wait; those that try it are told that it is taken.
#include <fmt/core.h>

#include "core/text.h"
#include "faults/files.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

enum class How { flock, posix };
enum class Mode { exclusive, shared };

struct Lock {
  std::string path;
  How how = How::flock;
  Mode mode = Mode::exclusive;
  Bytes start;
  Bytes length;
  Duration wait = seconds(1);
};

const param::Table<Lock> table{{
    param::field("path", &Lock::path, {.about = "The file, with its full path.", .required = true}),
    param::choice("how", &Lock::how, {{"flock", How::flock}, {"posix", How::posix}},
                  "flock: as flock(2) and the program of that name take; posix: as fcntl(2) and "
                  "lockf(3) take. The two do not see each other."),
    param::choice("mode", &Lock::mode, {{"exclusive", Mode::exclusive}, {"shared", Mode::shared}},
                  "exclusive: nobody else gets any lock; shared: others may still share."),
    param::field("start", &Lock::start, {.about = "Where the locked range begins; posix only."}),
    param::field("length", &Lock::length,
                 {.about = "How long the range is; 0 B: to the end, however the file grows; posix "
                           "only."}),
    param::field("wait", &Lock::wait,
                 {.about = "How long to wait for a lock that somebody holds just then.",
                  .min = milliseconds(0),
                  .max = milliseconds(1500)}),
}};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("the right to open the file; to write it for an exclusive POSIX lock")};
}

Status check(const Lock& lock) {
  TRY_VOID(check_full_path("path", lock.path));
  if (lock.how == How::posix || (lock.start.count == 0 && lock.length.count == 0)) return ok();
  return error(Code::invalid, "start and length: flock knows no ranges",
               "leave them out, or lock with how: posix");
}

Wants wants(const Lock& lock) {
  return {.files = {lock.path}};
}

Result<Strike> plan(const Lock& lock, const Facts& facts, const Choices&, std::uint64_t) {
  TRY_VOID(existing_file(facts, lock.path));
  const json::object request = table.to_json(lock);
  json::object watch = request;
  watch.erase("wait");
  // What the lock just refuses: a witness of more would be misled by locks of the target's own.
  watch["mode"] = lock.mode == Mode::exclusive ? "shared" : "exclusive";
  return Strike{.changes = {{"file.lock", request}},
                .watches = {{"file.locked", std::move(watch)}},
                .target = printable(lock.path)};
}

}  // namespace

extern const Kind kind_file_lock;
const Kind kind_file_lock = kind_of<Lock>({
    .name = "file.lock",
    .summary = "A file is locked by somebody else, so whoever needs the lock waits or gives up.",
    .mechanism =
        "A holder process opens the file and takes the lock: flock(2), or an open file description "
        "lock of fcntl(2), which other programs meet as the POSIX lock that it is.",
    .undo = "The descriptor is closed. The kernel does that by itself when the holder dies, for "
            "whatever reason.",
    .limits =
        "Locks are advisory: programs that do not ask for them notice nothing. A lock that "
        "somebody holds is never broken; the fault is refused then, and names who holds it where "
        "the kernel tells. A program that looks only whether a lock file exists needs file.delete "
        "or file.replace. On btrfs and overlayfs the kernel lists locks under another device "
        "number, so that a flock is not witnessed there.",
    .example = R"({"path": "/var/lib/example/service.lock"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
