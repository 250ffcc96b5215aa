// file.access: other processes are refused a file, or wait for it.
//
// The holder owns a fanotify group that watches the file, or the files of a folder and its
// subfolders, and answers each access (access_watch.h). Held: when the group closes, for whatever
// reason, the kernel lets through what waits and forgets the watch.
//
// A holder that hangs would hang every accessor. The guardian kills one that is silent; but the
// guardian itself might be waiting for such a file. So the holder has a watchdog of its own, a
// child without any descriptor of the group, which kills it when it is silent for 1.5 s.
//
// squall's own processes are never refused (own_programs.h).
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "change/access_watch.h"
#include "change/own_programs.h"
#include "change/typed.h"
#include "change/watchdog.h"
#include "core/choices.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/file_identity.h"
#include "sys/place.h"

namespace squall::change {
namespace {

using On = AccessWatch::On;

struct FileAccess {
  std::string path;
  On on = On::use;
  std::int64_t error_number = 0;
  Duration delay;
  Share share{1};
  std::int64_t seed = 0;
  bool any_error = true;
  json::value processes = json::array{};
};

const param::Table<FileAccess> table{{
    param::field("path", &FileAccess::path,
                 {.about = "The file, or the folder whose files are meant.", .required = true}),
    param::choice("on", &FileAccess::on, {{"open", On::open}, {"read", On::read}, {"use", On::use}},
                  "Which accesses are answered."),
    param::field("error", &FileAccess::error_number,
                 {.about = "The error number; 0 lets them through.", .min = 0, .max = 255}),
    param::field("delay", &FileAccess::delay,
                 {.about = "How long each waits.", .min = milliseconds(0), .max = seconds(60)}),
    param::field("share", &FileAccess::share,
                 {.about = "Which part of them is meant.", .max = Share{1}}),
    param::field("seed", &FileAccess::seed, {.about = "Which ones, where not all are."}),
    param::field("any_error", &FileAccess::any_error,
                 {.about = "Whether the kernel is asked for errors other than EPERM."}),
    param::field("processes", &FileAccess::processes,
                 {.about = "Who is meant: list of {pid, start_ticks}; empty: everybody."}),
}};

constexpr std::size_t folders_max = 4096;
constexpr Duration watchdog_limit = milliseconds(1500);

struct Target {
  sys::Fd fd;
  std::string path;
  bool is_folder = false;
  struct stat status {};
};

Result<Target> open_target(const FileAccess& params) {
  Target target;
  target.path = TRY(sys::real_path(params.path));
  const sys::Place place = TRY(sys::open_place(target.path));
  target.fd = TRY(sys::open_at(place, place.name, O_PATH));
  if (::fstat(target.fd.get(), &target.status) != 0) {
    return errno_error(errno, "looking at " + printable(target.path));
  }
  target.is_folder = S_ISDIR(target.status.st_mode);
  if (target.is_folder || S_ISREG(target.status.st_mode)) return target;
  return error(Code::invalid, printable(target.path) + " is neither a file nor a folder");
}

// Who is meant, by descriptors that never come to mean another process.
using Victims = std::map<std::int64_t, sys::Fd>;

Result<Victims> open_victims(const FileAccess& params) {
  Victims victims;
  const json::array* items = params.processes.if_array();
  if (items == nullptr) return error(Code::invalid, "processes must be a list");
  for (const json::value& item : *items) {
    const json::object* process = item.if_object();
    if (process == nullptr) return error(Code::invalid, "a process needs pid and start_ticks");
    const sys::ProcessId id{integer_at(*process, "pid"),
                            static_cast<std::uint64_t>(integer_at(*process, "start_ticks"))};
    victims.emplace(id.pid, TRY(sys::open_process(id)));
  }
  return victims;
}

// A witness cannot tell of what it does not feel, so its child is always meant.
bool is_meant(std::int64_t pid, const Victims& victims, const OwnPrograms& own) {
  const Kinship kinship = kinship_of(pid, own);
  if (kinship == Kinship::own) return false;
  if (victims.empty() || kinship == Kinship::witness) return true;
  const auto found = victims.find(pid);
  return found != victims.end() && !sys::wait_for_end(found->second, {});
}

Result<Footprint> footprint(const FileAccess& params) {
  const Target target = TRY(open_target(params));
  Footprint made{
      .paths = {target.path},
      .resources = {fmt::format("access {}:{}", target.status.st_dev, target.status.st_ino)}};
  made.demand.processes = 2;  // the holder and its watchdog
  for (const auto& [pid, victim] : TRY(open_victims(params))) {
    made.processes.push_back(TRY(sys::read_process(pid)).id);
  }
  return made;
}

Result<json::object> capture(const FileAccess& params) {
  const Target target = TRY(open_target(params));
  return json::object{{"path", target.path}, {"file", TRY(sys::file_identity(target.fd))}};
}

class Access final : public Held {
 public:
  Access(Watchdog watchdog, std::unique_ptr<AccessWatch> watch, std::size_t folders)
      : watchdog_(std::move(watchdog)), watch_(std::move(watch)), folders_(folders) {}

  json::object facts() const override {
    return {{"backend", watch_->backend()}, {"folders", static_cast<std::int64_t>(folders_)}};
  }
  bool is_intact() override { return watchdog_.beat() && watch_->is_serving(); }

 private:
  Watchdog watchdog_;  // outlives the watch, whose end may hang
  std::unique_ptr<AccessWatch> watch_;
  std::size_t folders_;
};

AccessWatch::Decide decision(const FileAccess& params, Victims opened) {
  const AccessWatch::Answer answer{static_cast<int>(params.error_number), params.delay};
  const auto victims = std::make_shared<Victims>(std::move(opened));
  return [answer, victims, share = params.share.fraction, own = own_programs(),
          choices = Choices(static_cast<std::uint64_t>(params.seed), "file.access"),
          count = std::uint64_t{0}](std::int64_t pid) mutable -> AccessWatch::Answer {
    if (!is_meant(pid, *victims, own)) return {};
    const bool is_chosen = share >= 1 || choices.unit("", "access", count) < share;
    ++count;
    return is_chosen ? answer : AccessWatch::Answer{};
  };
}

// The folder itself and every folder below it on the same filesystem; links are not followed.
Result<std::vector<std::string>> folders_below(const Target& target) {
  std::vector<std::string> folders{target.path};
  for (std::size_t i = 0; i < folders.size() && folders.size() <= folders_max; ++i) {
    const Result<std::vector<std::string>> names = sys::list_subfolders(folders[i]);
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>{}) {
      struct stat status {};
      const std::string path = folders[i] + "/" + name;
      const bool is_there = ::lstat(path.c_str(), &status) == 0;
      if (is_there && status.st_dev == target.status.st_dev) folders.push_back(path);
    }
  }
  if (folders.size() <= folders_max) return folders;
  return error(Code::invalid,
               fmt::format("{} has more than {} folders below it", target.path, folders_max),
               "name a smaller part of it");
}

Result<std::unique_ptr<Held>> hold(const FileAccess& params, const json::object& before) {
  Watchdog watchdog = TRY(Watchdog::start(watchdog_limit));
  const Target target = TRY(open_target(params));
  if (TRY(sys::file_identity(target.fd)) != text_at(before, "file")) {
    return error(Code::conflict, target.path + " was replaced while squall looked at it");
  }
  std::unique_ptr<AccessWatch> watch =
      TRY(AccessWatch::make({.on = params.on, .any_error = params.any_error}));
  // Answers first: what is watched and not answered hangs.
  watch->serve(decision(params, TRY(open_victims(params))));
  if (!target.is_folder) TRY_VOID(watch->add(target.fd, false, target.path));
  std::vector<std::string> folders;
  if (target.is_folder) folders = TRY(folders_below(target));
  for (const std::string& path : folders) {
    const Result<sys::Fd> folder = sys::open_file(path, O_PATH | O_NOFOLLOW | O_DIRECTORY);
    if (folder.ok()) TRY_VOID(watch->add(*folder, true, path));  // else it was removed meanwhile
  }
  return std::make_unique<Access>(std::move(watchdog), std::move(watch), folders.size());
}

// The kernel lists a group's marks with its descriptor: those of the holder are looked at.
Result<Presence> verify(const FileAccess&, const json::object& before) {
  const sys::ProcessId holder{integer_at(before, "holder_pid"),
                              static_cast<std::uint64_t>(integer_at(before, "holder_start"))};
  if (holder.pid == 0 || !sys::is_alive(holder)) return Presence::absent;
  const std::string folder = fmt::format("/proc/{}/fdinfo", holder.pid);
  const Result<std::vector<std::string>> descriptors = sys::list_folder(folder);
  if (!descriptors.ok()) return Presence::absent;  // it ended a moment ago
  for (const std::string& name : *descriptors) {
    const Result<std::string> info = sys::read_file(folder + "/" + name, 4 << 20);
    if (info.ok() && info->find("fanotify ino:") != std::string::npos) return Presence::in_force;
  }
  return Presence::absent;
}

std::string describe(const FileAccess& params) {
  static constexpr std::array<std::string_view, 3> verbs = {"opening", "reading", "using"};
  const std::string_view verb = verbs.at(static_cast<std::size_t>(params.on));
  std::string text = fmt::format("{} {}", verb, printable(params.path));
  if (params.delay.nanoseconds > 0) text += " takes " + squall::render(params.delay) + " longer";
  const char* name = ::strerrorname_np(static_cast<int>(params.error_number));
  if (params.error_number != 0) text += fmt::format(" fails with {}", name == nullptr ? "?" : name);
  if (params.share.fraction < 1) text += fmt::format(", {} of the times", render(params.share));
  const bool is_pre_content = params.any_error || params.on == On::use;
  return text + (is_pre_content ? " (fanotify pre-content)" : " (fanotify content)");
}

std::string undo(const FileAccess&) {
  return "close the fanotify group, which lets through what waits; the kernel "
         "does it when the "
         "holder dies";
}

}  // namespace

extern const Kind kind_file_access;
const Kind kind_file_access = make_kind<FileAccess>({
    .name = "file.access",
    .about = "Other processes are refused a file, or wait for it.",
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
