// Turns the signals by which an operator ends a program into a request to stop, so that everything
// is undone before it ends. Further signals are answered, and hurry nothing.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::cli {

class Interrupts {
 public:
  // Call before any other thread is started: from here on SIGINT, SIGTERM and SIGHUP reach nobody
  // else. `say` is told each signal, on a thread of its own: its name, and whether it was the
  // first.
  using Say = std::function<void(const std::string& signal, bool is_first)>;
  static Result<std::unique_ptr<Interrupts>> catch_all(Say say);
  // Afterwards the signals do again what they did before.
  ~Interrupts();

  std::stop_token stop() const { return stop_.get_token(); }

 private:
  Interrupts() = default;
  void listen(std::stop_token end);

  Say say_;
  sys::Fd signals_;
  std::stop_source stop_;
  std::jthread thread_;
};

}  // namespace squall::cli
