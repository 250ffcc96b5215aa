// Work of a holder that may take longer than a command: it goes on in a thread after the hold was
// reported. When it fails then, the holder should end (Held::is_intact), so that the run is told.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "core/duration.h"
#include "core/result.h"

namespace squall::change {

// How long a hold waits for its task; the guardian gives a holder two seconds to answer.
inline constexpr Duration first_wait = milliseconds(1200);

class BackgroundTask {
 public:
  using Body = std::function<Status(const std::stop_token&)>;

  // `body` returns when all is done, when it failed, or soon after a stop is asked for.
  static Result<std::unique_ptr<BackgroundTask>> start(Body body);
  // Asks it to stop and waits for it.
  ~BackgroundTask() = default;
  BackgroundTask(const BackgroundTask&) = delete;
  BackgroundTask& operator=(const BackgroundTask&) = delete;

  // Waits until the body returned, at most for `limit`, and returns problem().
  Status wait(Duration limit);
  bool is_done() const;
  // How the body failed; ok while it runs.
  Status problem() const;

 private:
  BackgroundTask() = default;

  mutable std::mutex mutex_;
  std::condition_variable ended_;
  bool is_done_ = false;
  Status outcome_ = ok();
  std::jthread thread_;  // last, so that it ends first
};

}  // namespace squall::change
