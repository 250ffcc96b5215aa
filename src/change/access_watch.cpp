#include "change/access_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/clock.h"

namespace squall::change {
namespace {

// Since Linux 6.14, and not yet in the headers of many systems.
constexpr std::uint64_t pre_access = 0x00100000;  // FAN_PRE_ACCESS
constexpr unsigned errno_shift = 24;              // FAN_DENY_ERRNO

// A thread that was not at work for so long stands still.
constexpr Duration standstill = milliseconds(600);
constexpr Duration longest_sleep = milliseconds(100);
// Each waiting access costs a descriptor; those beyond are let through at once.
constexpr std::size_t waiting_max = 512;

std::uint64_t event_mask(AccessWatch::On on) {
  switch (on) {
    case AccessWatch::On::open:
      return FAN_OPEN_PERM;
    case AccessWatch::On::read:
      return FAN_ACCESS_PERM;
    case AccessWatch::On::use:
      break;
  }
  return pre_access;
}

}  // namespace

Result<std::unique_ptr<AccessWatch>> AccessWatch::make(Options options) {
  std::unique_ptr<AccessWatch> watch(new AccessWatch);
  watch->options_ = options;
  watch->wake_ = sys::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!watch->wake_.valid()) return errno_error(errno, "making an eventfd");
  const bool is_pre_content = options.any_error || options.on == On::use;
  const unsigned flags = (is_pre_content ? FAN_CLASS_PRE_CONTENT : FAN_CLASS_CONTENT) |
                         FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_MARKS;
  watch->group_ = sys::Fd(::fanotify_init(flags, O_RDONLY | O_LARGEFILE | O_CLOEXEC));
  if (watch->group_.valid()) return watch;
  if (errno == EPERM) {
    return error(Code::refused, "watching accesses takes CAP_SYS_ADMIN", "run squall as root");
  }
  if (errno != EINVAL && errno != ENOSYS) return errno_error(errno, "making a fanotify group");
  return error(Code::unsupported, "this kernel lets nobody decide over accesses to files",
               "it needs CONFIG_FANOTIFY_ACCESS_PERMISSIONS");
}

Status AccessWatch::add(const sys::Fd& target, bool is_folder, const std::string& shown) {
  const std::uint64_t mask = event_mask(options_.on) | (is_folder ? FAN_EVENT_ON_CHILD : 0);
  const std::string path = fmt::format("/proc/self/fd/{}", target.get());
  if (::fanotify_mark(group_.get(), FAN_MARK_ADD, mask, AT_FDCWD, path.c_str()) == 0) return ok();
  const int number = errno;
  if (number != EINVAL && number != EOPNOTSUPP && number != ENODEV) {
    return errno_error(number, "watching " + printable(shown));
  }
  return error(Code::unsupported,
               options_.on == On::use
                   ? fmt::format("neither this kernel nor the filesystem of {} may be without "
                                 "pre-content events, and one of them is (FAN_PRE_ACCESS)",
                                 printable(shown))
                   : fmt::format("accesses to {} cannot be watched", printable(shown)),
               "Linux 6.14 with ext4, xfs or btrfs has them; elsewhere use on: open or "
               "on: read");
}

void AccessWatch::serve(Decide decide) {
  decide_ = std::move(decide);
  last_turn_ns_ = sys::monotonic_now().nanoseconds;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

AccessWatch::~AccessWatch() {
  thread_.request_stop();
  ::eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

bool AccessWatch::is_serving() const {
  const Duration idle = sys::monotonic_now() - Duration{last_turn_ns_.load()};
  return !has_failed_ && idle < standstill;
}

std::string AccessWatch::backend() const {
  const bool is_pre_content = options_.any_error || options_.on == On::use;
  return is_pre_content ? "fanotify pre-content" : "fanotify content";
}

void AccessWatch::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Duration now = sys::monotonic_now();
    last_turn_ns_ = now.nanoseconds;
    answer_due(now);
    Duration sleep = longest_sleep;
    if (!waiting_.empty()) sleep = std::clamp(waiting_.begin()->first - now, Duration{}, sleep);
    const timespec limit{sleep.nanoseconds / 1'000'000'000, sleep.nanoseconds % 1'000'000'000};
    std::array<pollfd, 2> entries = {{{group_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
    const int ready = ::ppoll(entries.data(), entries.size(), &limit, nullptr);
    if (ready > 0 && entries[0].revents != 0 && !take_events()) {
      has_failed_ = true;
      break;
    }
  }
  answer_due(Duration{std::numeric_limits<std::int64_t>::max()});
}

bool AccessWatch::take_events() {
  alignas(fanotify_event_metadata) std::array<char, 8192> buffer;
  const ssize_t got = ::read(group_.get(), buffer.data(), buffer.size());
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  auto length = static_cast<std::size_t>(got);
  const auto* event = reinterpret_cast<const fanotify_event_metadata*>(buffer.data());
  const Duration now = sys::monotonic_now();
  for (; FAN_EVENT_OK(event, length); event = FAN_EVENT_NEXT(event, length)) {
    if (event->vers != FANOTIFY_METADATA_VERSION || event->fd < 0) continue;
    const Answer decided = decide_(event->pid);
    if (decided.delay.nanoseconds <= 0 || waiting_.size() >= waiting_max) {
      answer(event->fd, decided.error_number);
    } else {
      waiting_.emplace(now + decided.delay, std::pair(event->fd, decided.error_number));
    }
  }
  return true;
}

void AccessWatch::answer_due(Duration now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const auto [event, error_number] = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    answer(event, error_number);
  }
}

// The kernel knows an access that waits by its descriptor, which therefore stays open until then.
void AccessWatch::answer(int event, int error_number) const {
  const sys::Fd fd(event);
  fanotify_response response{event, FAN_ALLOW};
  if (error_number != 0) {
    response.response = FAN_DENY;
    if (options_.any_error) response.response |= static_cast<unsigned>(error_number) << errno_shift;
  }
  if (::write(group_.get(), &response, sizeof response) == sizeof response) return;
  response.response = FAN_ALLOW;  // an error that this kernel does not know
  static_cast<void>(::write(group_.get(), &response, sizeof response));
}

}  // namespace squall::change
