// The file that keeps what a proxy did and decided: every event as a line of JSON, in its order,
// written by a thread of its own, so that no disk holds a connection up. Where the disk is slower
// than the events, a line says how many are missing.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/result.h"
#include "proxy/events.h"
#include "sys/fd.h"

namespace squall::proxy {

class DecisionLog {
 public:
  // Appends to the file. `on_failure` is called once, on the thread of the log, when it cannot be
  // written any more. Errors: as from the kernel.
  static Result<std::unique_ptr<DecisionLog>> open(const std::string& path,
                                                   std::shared_ptr<Events> events,
                                                   std::function<void(const Error&)> on_failure);
  // What was told before is in the file.
  ~DecisionLog();
  DecisionLog(const DecisionLog&) = delete;
  DecisionLog& operator=(const DecisionLog&) = delete;

 private:
  // What the reader wakes; it may do so when the log is gone.
  struct Bell {
    std::mutex mutex;
    std::condition_variable_any rings;
    bool is_rung = false;
  };

  DecisionLog(std::string path, sys::Fd file, std::shared_ptr<Events> events);
  void begin(std::function<void(const Error&)> on_failure);
  void subscribe();
  void run(std::stop_token stop);
  Status write(const std::string& lines) const;

  std::string path_;
  sys::Fd file_;
  std::shared_ptr<Events> events_;
  std::function<void(const Error&)> on_failure_;
  std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  std::shared_ptr<EventReader> reader_;
  std::jthread thread_;  // last: it uses the members above
};

}  // namespace squall::proxy
