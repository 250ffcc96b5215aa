#include "proxy/decision_log.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "core/text.h"

namespace squall::proxy {

Result<std::unique_ptr<DecisionLog>> DecisionLog::open(
    const std::string& path, std::shared_ptr<Events> events,
    std::function<void(const Error&)> on_failure) {
  sys::Fd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (!file.valid()) return errno_error(errno, fmt::format("opening {}", printable(path)));
  std::unique_ptr<DecisionLog> log(new DecisionLog(path, std::move(file), std::move(events)));
  log->begin(std::move(on_failure));
  return log;
}

DecisionLog::DecisionLog(std::string path, sys::Fd file, std::shared_ptr<Events> events)
    : path_(std::move(path)), file_(std::move(file)), events_(std::move(events)) {}

void DecisionLog::begin(std::function<void(const Error&)> on_failure) {
  on_failure_ = std::move(on_failure);
  subscribe();
  thread_ = std::jthread([this](std::stop_token stop) { run(std::move(stop)); });
}

DecisionLog::~DecisionLog() {
  thread_.request_stop();
  thread_.join();
}

void DecisionLog::subscribe() {
  reader_ = events_->read();
  reader_->on_ready([bell = bell_] {
    const std::lock_guard lock(bell->mutex);
    bell->is_rung = true;
    bell->rings.notify_one();
  });
}

void DecisionLog::run(std::stop_token stop) {
  bool is_last = false;
  while (!is_last) {
    {
      std::unique_lock lock(bell_->mutex);
      bell_->rings.wait(lock, stop, [&] { return bell_->is_rung; });
      bell_->is_rung = false;
    }
    is_last = stop.stop_requested();
    const std::string lines = reader_->take();
    if (reader_->is_over()) subscribe();
    if (const Status written = write(lines); !written.ok()) {
      reader_.reset();
      return on_failure_(written.error());
    }
  }
}

Status DecisionLog::write(const std::string& lines) const {
  for (std::size_t at = 0; at < lines.size();) {
    const ssize_t wrote = ::write(file_.get(), lines.data() + at, lines.size() - at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return errno_error(errno, fmt::format("writing {}", printable(path_)));
    at += static_cast<std::size_t>(wrote);
  }
  return ok();
}

}  // namespace squall::proxy
