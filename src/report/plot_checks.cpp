// One lane per check: latency upwards on a logarithmic scale, every sample a mark, and below them a
// strip that is red while the check was broken.
//
// Marks are written as paths of zero-length strokes with round ends: some nine bytes for each. They
// are put on a raster of half a mark, and each spot is drawn once.
#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/core.h>

#include "engine/words.h"
#include "report/plot.h"

namespace squall::report {
namespace {

using engine::Sample;
using engine::WatchedCheck;

constexpr double lane_height = 104;
constexpr double dots_top = 10;
constexpr double dots_bottom = 78;
constexpr double strip_top = 86;
constexpr double strip_height = 7;
constexpr double raster = 2.5;

// The decades of latency that the lane spans, in milliseconds.
struct Decades {
  int low = 0;
  int high = 1;

  double y(double milliseconds) const {
    const double size = std::log10(std::max(milliseconds, 1e-6));
    const double share = std::clamp((size - low) / (high - low), 0.0, 1.0);
    return dots_bottom - share * (dots_bottom - dots_top);
  }
};

Decades decades_of(const std::vector<Sample>& samples) {
  if (samples.empty()) return {};
  double low = 1e9;
  double high = 1e-3;
  for (const Sample& sample : samples) {
    const double latency = std::clamp(sample.latency_ms(), 1e-3, 1e9);
    low = std::min(low, latency);
    high = std::max(high, latency);
  }
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::ceil(std::log10(high) + 1e-9));
  return {first, std::max(last, first + 1)};
}

std::string decade_text(int decade) {
  const double milliseconds = std::pow(10, decade);
  if (decade >= 3) return fmt::format("{:g} s", milliseconds / 1000);
  if (decade < 0) return fmt::format("{:g} us", milliseconds * 1000);
  return fmt::format("{:g} ms", milliseconds);
}

void draw_scale(Canvas& canvas, const Decades& decades, double y) {
  const int step = decades.high - decades.low > 4 ? 2 : 1;
  for (int decade = decades.low; decade <= decades.high; decade += step) {
    const double at = y + decades.y(std::pow(10, decade));
    canvas.line(Frame::left, at, Frame::right, at, "rule");
    canvas.text(Frame::left - 8, at + 4, "tick", decade_text(decade), Anchor::end);
  }
}

enum class State { late, good, bad };

State state_of(const WatchedCheck& check, const Sample& sample) {
  if (sample.tainted) return State::late;
  return check.is_broken_by(sample) ? State::bad : State::good;
}

std::string marks_of(const Frame& frame, const WatchedCheck& check, const Decades& decades,
                     State wanted, double y) {
  std::set<std::pair<int, int>> spots;
  for (const Sample& sample : check.samples) {
    if (state_of(check, sample) != wanted) continue;
    spots.emplace(static_cast<int>(std::lround(frame.x(sample.planned_ns) / raster)),
                  static_cast<int>(std::lround(decades.y(sample.latency_ms()) / raster)));
  }
  std::string data;
  for (const auto& [column, row] : spots) {
    const double at_x = column * raster;
    const double at_y = y + row * raster;
    if (wanted == State::bad) {
      data += fmt::format("M{} {}l5 5m-5 0l5-5", coordinate(at_x - 2.5), coordinate(at_y - 2.5));
    } else {
      data += fmt::format("M{} {}h0", coordinate(at_x), coordinate(at_y));
    }
  }
  return data;
}

// Runs of samples in one state, joined; between two samples it changes half-way.
void draw_strip(Canvas& canvas, const Frame& frame, const WatchedCheck& check, double y) {
  std::string good;
  std::string bad;
  const Sample* last = nullptr;
  double start = 0;
  const auto end_run = [&](double end) {
    std::string& data = check.is_broken_by(*last) ? bad : good;
    data += fmt::format("M{} {}h{}v{}h-{}z", coordinate(start), coordinate(y + strip_top),
                        coordinate(std::max(end - start, 1.0)), coordinate(strip_height),
                        coordinate(std::max(end - start, 1.0)));
  };
  for (const Sample& sample : check.samples) {
    if (sample.tainted) continue;
    const double x = frame.x(sample.planned_ns);
    if (last == nullptr) {
      start = x;
    } else if (check.is_broken_by(sample) != check.is_broken_by(*last)) {
      end_run(x);
      start = x;
    }
    last = &sample;
  }
  if (last != nullptr) {
    end_run(frame.x(last->planned_ns + std::min(check.plan.every, seconds(3600)).nanoseconds));
  }
  canvas.path(good, "strip-good");
  canvas.path(bad, check.plan.gate == scenario::Gate::none ? "strip-bad" : "strip-waiting");
}

}  // namespace

double draw_check(Canvas& canvas, const Frame& frame, const WatchedCheck& check, double y) {
  const Decades decades = decades_of(check.samples);
  std::int64_t counted = 0;
  std::int64_t broken = 0;
  for (const Sample& sample : check.samples) {
    if (sample.tainted) continue;
    ++counted;
    if (check.is_broken_by(sample)) ++broken;
  }
  canvas.line(0, y, Frame::right, y, "rule");
  canvas.text(0, y + 22, "name", fitted(check.plan.name, Frame::left - 72));
  const std::string demand(check.plan.gate == scenario::Gate::none
                               ? scenario::demand_name(check.plan.demand)
                               : scenario::gate_name(check.plan.gate));
  canvas.text(0, y + 38, "tick", demand);
  canvas.text(0, y + 54, "tick", engine::say_count(counted, "sample"));
  const bool is_gate = check.plan.gate != scenario::Gate::none;
  canvas.text(0, y + 70, broken > 0 && !is_gate ? "tick badly" : "tick",
              fmt::format("{} {}", broken, is_gate ? "not met" : "broken"));
  draw_scale(canvas, decades, y);
  canvas.path(marks_of(frame, check, decades, State::late, y), "late dot");
  canvas.path(marks_of(frame, check, decades, State::good, y), "good dot");
  canvas.path(marks_of(frame, check, decades, State::bad, y),
              is_gate ? "waiting cross" : "bad cross");
  draw_strip(canvas, frame, check, y);
  return y + lane_height;
}

}  // namespace squall::report
