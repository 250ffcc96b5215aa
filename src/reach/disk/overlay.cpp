// disk.overlay: a folder is covered by a view of itself in which operations on files fail, are
// late, or do less than they say.
//
// A FUSE filesystem is mounted over the folder (overlay_files.h). The process serves it from a few
// threads; when it ends in order it takes the mount away first, so that paths lead to the folder
// itself again. When it is killed the mount stays, and every access to it fails with ENOTCONN until
// somebody unmounts it: that is what the change kind does.
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "param/table.h"
#include "reach/disk/overlay_files.h"
#include "reach/typed.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/mounts.h"

namespace squall::reach {
namespace {

struct Overlay {
  std::string path;
  std::string name;
  OverlayEffect effect = OverlayEffect::fail;
  std::string error;
  std::vector<std::string> works;
  std::string files;
  Share share{1};
  Duration delay;
  std::int64_t seed = 0;
};

const param::Table<Overlay> table{{
    param::field("path", &Overlay::path, {.about = "The folder, a real path.", .required = true}),
    param::field("name", &Overlay::name,
                 {.about = "What the mount is called in the mount table.", .required = true}),
    param::choice("effect", &Overlay::effect,
                  {{"fail", OverlayEffect::fail},
                   {"wait", OverlayEffect::wait},
                   {"tear", OverlayEffect::tear},
                   {"lose", OverlayEffect::lose},
                   {"hold", OverlayEffect::hold}},
                  "What becomes of operations that are hit."),
    param::field("error", &Overlay::error, {.about = "With fail: which error, such as EIO."}),
    param::field(
        "works", &Overlay::works,
        {.about = "Which: read, write, sync, open, open_to_write, names.", .required = true}),
    param::field("files", &Overlay::files,
                 {.about = "Which files, by a pattern of their path below the folder."}),
    param::field("share", &Overlay::share,
                 {.about = "The share of them that is hit.", .max = Share{1}}),
    param::field("delay", &Overlay::delay, {.about = "How late those are that are hit."}),
    param::field("seed", &Overlay::seed, {.about = "Decides which are hit."}),
}};

constexpr std::string_view overlay_type = "fuse.squall";
constexpr Duration farewell = milliseconds(150);  // whoever holds us waits not much longer
// Somebody may have found the mount before it went and not have asked us anything yet.
constexpr Duration quiet = milliseconds(40);
constexpr int workers = 24;  // as many operations can be late at once

Result<OverlayRule> rule_of(const Overlay& params) {
  OverlayRule rule {
    .effect = params.effect, .works = TRY(parse_works(params.works))
    , .files = params.files, .share = params.share, .delay = params.delay,
      .seed = static_cast<std::uint64_t>(params.seed)
  };
  if (params.effect == OverlayEffect::fail) rule.error = TRY(parse_file_error(params.error));
  return rule;
}

class OverlayServing final : public Serving {
 public:
  static Result<std::unique_ptr<Serving>> start(const Overlay& params) {
    std::unique_ptr<OverlayServing> made(new OverlayServing);
    sys::Fd folder = TRY(sys::open_file(params.path, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    made->stop_ = sys::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    made->path_ = params.path;
    made->name_ = params.name;
    made->holds_ = params.effect == OverlayEffect::hold;
    made->files_ =
        std::make_unique<OverlayFiles>(std::move(folder), TRY(rule_of(params)), made->stop_);
    TRY_VOID(made->mount());
    try {
      for (int i = 0; i < workers; ++i) {
        made->threads_.emplace_back([self = made.get()] { self->serve(); });
      }
    } catch (const std::system_error& problem) {
      return errno_error(problem.code().value(), "starting threads to serve the overlay");
    }
    return std::unique_ptr<Serving>(std::move(made));
  }

  ~OverlayServing() override {
    end();
    if (session_ != nullptr) ::fuse_session_destroy(session_);
  }
  bool is_intact() override { return ::fuse_session_exited(session_) == 0; }
  std::string finish() override {
    end();
    const OverlayJudge& judge = files_->judge();
    std::string text = fmt::format("{} of {} operations hit", judge.hit(), judge.asked());
    if (holds_) {
      const VolatileCache::Held held = files_->cache()->held();
      text += fmt::format("; {} blocks of 4 KiB in {} files were never synced, and are lost",
                          held.blocks, held.files);
    }
    const std::int64_t open = files_->open_count();
    if (open > 0) text += fmt::format("; {} files that are still open fail from now on", open);
    return text;
  }

 private:
  OverlayServing() = default;

  Status mount() {
    const std::string options =
        fmt::format("allow_other,default_permissions,fsname={},subtype=squall", name_);
    std::array<std::string, 3> words{"squall-reach", "-o", options};
    std::array<char*, 4> pointers{words[0].data(), words[1].data(), words[2].data(), nullptr};
    fuse_args arguments = FUSE_ARGS_INIT(3, pointers.data());
    session_ = ::fuse_session_new(&arguments, &overlay_operations(), sizeof(fuse_lowlevel_ops),
                                  files_.get());
    ::fuse_opt_free_args(&arguments);
    if (session_ == nullptr) return error(Code::failed, "libfuse refused the overlay's options");
    if (::fuse_session_mount(session_, path_.c_str()) != 0) {
      return error(Code::failed,
                   fmt::format("the overlay could not be mounted over {}", printable(path_)),
                   "needs root and /dev/fuse; in a container, both given on purpose");
    }
    is_mounted_ = true;
    const int device = ::fuse_session_fd(session_);
    ::fcntl(device, F_SETFL, ::fcntl(device, F_GETFL) | O_NONBLOCK);
    return ok();
  }

  // The mount first: nobody new comes in, and what is opened from now on is the folder itself.
  // Whoever is in gets a moment to finish, without faults from now on; what waits for a sync waits.
  void end() {
    if (!std::exchange(is_mounted_, false)) return;
    detach();
    const Duration deadline = sys::monotonic_now() + farewell;
    if (!holds_) files_->judge().rest();
    Duration quiet_since = sys::monotonic_now();
    for (std::uint64_t seen = requests_; sys::monotonic_now() < deadline;) {
      if (files_->open_count() > 0 || requests_ != seen) quiet_since = sys::monotonic_now();
      seen = requests_;
      if (sys::monotonic_now() - quiet_since > quiet) break;
      sys::sleep_until(sys::monotonic_now() + milliseconds(1));
    }
    const std::uint64_t one = 1;
    static_cast<void>(::write(stop_.get(), &one, sizeof one));
    threads_.clear();
  }
  void detach() const {
    const Result<std::vector<sys::Mount>> mounts = sys::read_mounts(::getpid());
    if (!mounts.ok()) return;
    for (const sys::Mount& mount : *mounts) {
      if (mount.source == name_ && mount.type == overlay_type) {
        static_cast<void>(sys::detach_mount(mount).ok());
      }
    }
  }

  // All threads wait for the same descriptor, and each request wakes only one of them.
  void serve() {
    sys::use_precise_timers();
    const sys::Fd poller(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event requests{.events = EPOLLIN | EPOLLEXCLUSIVE, .data = {.u64 = 0}};
    epoll_event stop{.events = EPOLLIN, .data = {.u64 = 1}};
    ::epoll_ctl(poller.get(), EPOLL_CTL_ADD, ::fuse_session_fd(session_), &requests);
    ::epoll_ctl(poller.get(), EPOLL_CTL_ADD, stop_.get(), &stop);
    fuse_buf buffer{};
    while (::fuse_session_exited(session_) == 0) {
      epoll_event event{};
      const int ready = ::epoll_wait(poller.get(), &event, 1, -1);
      if (ready < 0 && errno != EINTR) break;
      if (ready > 0 && event.data.u64 == 1) break;
      // Whoever comes too late for a request gets none.
      const int got = ::fuse_session_receive_buf(session_, &buffer);
      if (got <= 0) continue;
      ++requests_;
      ::fuse_session_process_buf(session_, &buffer);
    }
    std::free(buffer.mem);
  }

  std::string path_;
  std::string name_;
  bool holds_ = false;
  bool is_mounted_ = false;
  sys::Fd stop_;
  std::unique_ptr<OverlayFiles> files_;
  fuse_session* session_ = nullptr;
  std::atomic<std::uint64_t> requests_ = 0;
  std::vector<std::jthread> threads_;
};

Result<std::unique_ptr<Serving>> serve(const Overlay& params) {
  rlimit descriptors{};  // one for each file and folder that is in use
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
  ::prctl(PR_SET_NAME, "squall-overlay");  // the threads inherit the name
  ::umask(0);                              // modes come from who asks, whose umask was applied
  return OverlayServing::start(params);
}

}  // namespace

extern const Verb verb_disk_overlay;
const Verb verb_disk_overlay{.name = "disk.overlay",
                             .about = "a folder shown with failing operations on files",
                             .table = &table,
                             .serve = serve_with<table, serve>};

}  // namespace squall::reach
