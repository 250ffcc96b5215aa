// Appends lines to a log, all at once or at a rate, for as long as it lives.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "change/change.h"
#include "change/log_lines.h"
#include "core/units.h"
#include "sys/fd.h"

namespace squall::change {

class LogWriter final : public Held {
 public:
  struct Pace {
    std::int64_t count = 1;
    Rate rate;  // 0 /s: all at once
  };
  // `log` was opened with O_APPEND. Has written the first line on return, or all of them where no
  // rate is given. Each write holds whole lines, which nobody else's bytes can come between.
  static Result<std::unique_ptr<Held>> start(sys::Fd log, LogLines lines, Pace pace);
  ~LogWriter() override;
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // False once a line could not be written: the disk is full, for example.
  bool is_intact() override { return !has_failed_; }

 private:
  LogWriter(sys::Fd log, LogLines lines, Pace pace)
      : log_(std::move(log)), lines_(std::move(lines)), pace_(pace) {}
  Status write_up_to(std::int64_t end);
  void run(const std::stop_token& stop);

  sys::Fd log_;
  LogLines lines_;
  Pace pace_;
  std::int64_t written_ = 0;
  std::atomic<bool> has_failed_ = false;
  std::jthread thread_;
};

}  // namespace squall::change
