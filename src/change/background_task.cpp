#include "change/background_task.h"

#include <system_error>

namespace squall::change {

Result<std::unique_ptr<BackgroundTask>> BackgroundTask::start(Body body) {
  std::unique_ptr<BackgroundTask> task(new BackgroundTask);
  BackgroundTask* self = task.get();
  try {
    task->thread_ = std::jthread([self, body = std::move(body)](const std::stop_token& stop) {
      Status outcome = body(stop);
      const std::unique_lock lock(self->mutex_);
      self->outcome_ = std::move(outcome);
      self->is_done_ = true;
      self->ended_.notify_all();
    });
  } catch (const std::system_error& problem) {
    return errno_error(problem.code().value(), "starting a thread of a holder");
  }
  return task;
}

Status BackgroundTask::wait(Duration limit) {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, std::chrono::nanoseconds(limit.nanoseconds), [this] { return is_done_; });
  return outcome_;
}

bool BackgroundTask::is_done() const {
  const std::unique_lock lock(mutex_);
  return is_done_;
}

Status BackgroundTask::problem() const {
  const std::unique_lock lock(mutex_);
  return outcome_;
}

}  // namespace squall::change
