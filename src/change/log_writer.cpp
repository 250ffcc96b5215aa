#include "change/log_writer.h"

#include <algorithm>

#include "sys/clock.h"
#include "sys/file.h"

namespace squall::change {
namespace {

constexpr std::size_t batch_max = 64 << 10;

}  // namespace

Result<std::unique_ptr<Held>> LogWriter::start(sys::Fd log, LogLines lines, Pace pace) {
  std::unique_ptr<LogWriter> writer(new LogWriter(std::move(log), std::move(lines), pace));
  LogWriter* self = writer.get();
  if (pace.rate.per_second <= 0) {
    TRY_VOID(self->write_up_to(pace.count));
  } else {
    TRY_VOID(self->write_up_to(1));
    self->thread_ = std::jthread([self](const std::stop_token& stop) { self->run(stop); });
  }
  return std::unique_ptr<Held>(std::move(writer));
}

LogWriter::~LogWriter() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

Status LogWriter::write_up_to(std::int64_t end) {
  while (written_ < end) {
    std::string batch;
    while (written_ < end && batch.size() < batch_max) batch += lines_.line(written_++);
    TRY_VOID(sys::write_all(log_, batch), "appending to the log");
  }
  return ok();
}

// Follows an absolute grid, so that a late turn is made up for.
void LogWriter::run(const std::stop_token& stop) {
  const Duration begun = sys::monotonic_now();
  const double per_second = pace_.rate.per_second;
  while (written_ < pace_.count && !stop.stop_requested()) {
    const double elapsed = static_cast<double>((sys::monotonic_now() - begun).nanoseconds) * 1e-9;
    const double due = std::min(elapsed * per_second + 1, static_cast<double>(pace_.count));
    if (!write_up_to(static_cast<std::int64_t>(due)).ok()) {
      has_failed_ = true;
      return;
    }
    const double next_ns = static_cast<double>(written_) / per_second * 1e9;
    sys::sleep_until(begun + Duration{static_cast<std::int64_t>(next_ns)}, stop);
  }
}

}  // namespace squall::change
