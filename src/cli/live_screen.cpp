// The size is asked for anew with every picture, so that a resized terminal needs no signal. What a
// terminal makes of older lines when its width changes differs from one to the other, so the screen
// is then cleared and the picture begins at its top.
#include "cli/live_screen.h"

#include "cli/live_view.h"
#include "sys/clock.h"

namespace squall::cli {
namespace {

constexpr Duration pause = milliseconds(100);
constexpr std::string_view hide_cursor = "\x1b[?25l";
constexpr std::string_view show_cursor = "\x1b[?25h";
constexpr std::string_view no_wrap = "\x1b[?7l";
constexpr std::string_view wrap_again = "\x1b[?7h";
constexpr std::string_view clear_to_end_of_line = "\x1b[K";
constexpr std::string_view clear_below = "\x1b[J";
constexpr std::string_view clear_screen = "\x1b[H\x1b[2J";

}  // namespace

std::string redraw(const std::vector<std::string>& lines, std::size_t drawn) {
  std::string text(no_wrap);
  if (drawn > 0) text += "\x1b[" + std::to_string(drawn) + "A\r";
  for (const std::string& line : lines) {
    text += line;
    text += clear_to_end_of_line;
    text += "\r\n";
  }
  text += clear_below;
  text += wrap_again;
  return text;
}

LiveScreen::LiveScreen(const Console& console, const fault::Catalogue& faults)
    : console_(console), state_(faults) {}

LiveScreen::~LiveScreen() {
  finish();
}

void LiveScreen::start() {
  console_.print(hide_cursor);
  thread_ = std::jthread([this](std::stop_token stop) { draw_until(stop); });
}

void LiveScreen::finish() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  draw();
  console_.print(show_cursor);
}

void LiveScreen::read(const engine::Event& event) {
  const std::lock_guard lock(mutex_);
  if (!has_started_) {
    started_ = sys::monotonic_now() - nanoseconds(integer_at(event, "t_ns"));
    has_started_ = true;
  }
  state_.read(event);
}

void LiveScreen::remark(const std::string& text) {
  const std::lock_guard lock(mutex_);
  const Duration now = has_started_ ? sys::monotonic_now() - started_ : Duration{};
  state_.remark(now.nanoseconds, text);
}

void LiveScreen::draw_until(std::stop_token stop) {
  Duration next = sys::monotonic_now();
  while (sys::sleep_until(next = next + pause, stop)) draw();
}

void LiveScreen::draw() {
  Style style = look_at_output(console_.output());
  --style.width;  // in the last column a terminal waits to wrap, and clearing would eat a letter
  std::vector<std::string> lines;
  {
    const std::lock_guard lock(mutex_);
    if (!has_started_) return;
    const Duration now = sys::monotonic_now() - started_;
    lines = render_live(state_, now.nanoseconds, style);
  }
  if (width_ != 0 && width_ != style.width) {
    console_.print(clear_screen);
    drawn_ = 0;
  }
  width_ = style.width;
  console_.print(redraw(lines, drawn_));
  drawn_ = lines.size();
}

}  // namespace squall::cli
