// Draws the live view in a terminal, in place, at most ten times a second, on a thread of its own.
// It changes nothing but the lines below where it began, and leaves the last picture standing.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "cli/console.h"
#include "cli/live_state.h"
#include "core/duration.h"

namespace squall::cli {

class LiveScreen {
 public:
  LiveScreen(const Console& console, const fault::Catalogue& faults);
  // Ends like finish().
  ~LiveScreen();
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  void start();
  // Draws once more, and gives the cursor back. Idempotent.
  void finish();

  // Both may be called from any thread at any time.
  void read(const engine::Event& event);
  // A sentence among the messages of the picture.
  void remark(const std::string& text);

 private:
  void draw_until(std::stop_token stop);
  void draw();

  const Console& console_;
  std::mutex mutex_;
  LiveState state_;
  Duration started_;  // the run's time zero on CLOCK_MONOTONIC
  bool has_started_ = false;
  std::size_t drawn_ = 0;  // lines of the last picture
  std::size_t width_ = 0;  // of the last picture
  std::jthread thread_;
};

// What to write so that `lines` stand where the last `drawn` lines stood.
std::string redraw(const std::vector<std::string>& lines, std::size_t drawn);

}  // namespace squall::cli
