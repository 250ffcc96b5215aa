// The clocks as marked intervals, and the load of the host as areas.
#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "core/units.h"
#include "engine/words.h"
#include "report/outline.h"
#include "report/plot.h"

namespace squall::report {
namespace {

using engine::Gauge;
using engine::Story;

constexpr double row_height = 20;
constexpr double gauge_height = 46;

void draw_clock(Canvas& canvas, const Frame& frame, const ClockLine& clock, double y) {
  const double middle = y + row_height / 2;
  const bool has_happened = clock.at.has_value();
  canvas.text(0, middle + 4, has_happened ? "name small" : "tick", clock.name);
  if (!has_happened) {
    canvas.text(Frame::left + 8, middle + 4, "tick faint", "did not happen");
    return;
  }
  const double from = frame.x(clock.at->after_ns);
  const double to = frame.x(clock.at->by_ns);
  const std::string tip = fmt::format("{} ({}): {}", clock.name, clock.about, clock.when);
  // An interval too narrow to see is marked by a diamond at its place.
  if (to - from < 5) {
    const double x = (from + to) / 2;
    canvas.path(fmt::format("M{} {}l5 5l-5 5l-5-5z", coordinate(x), coordinate(middle - 5)),
                "clock", tip);
  } else {
    canvas.box({from, middle - 4, to - from, 8}, "clock", tip, 2);
  }
  const std::string said = clock.since.empty() ? "at " + clock.when : clock.since;
  if (to + 10 + text_width(said) <= Frame::right) {
    canvas.text(std::max(to, from + 5) + 8, middle + 4, "said", said);
  } else {
    canvas.text(from - 10, middle + 4, "said", said, Anchor::end);
  }
}

// The highest value in each column of the raster, as an outline closed along the foot.
std::string area(const Frame& frame, const std::vector<Gauge>& gauges,
                 double (*value)(const Gauge&), double full, double top, double foot) {
  constexpr double column = 3;
  std::string data;
  double last_x = -1;
  double highest = 0;
  const auto point = [&](double x) {
    const double share = full > 0 ? std::clamp(highest / full, 0.0, 1.0) : 0;
    const double y = foot - share * (foot - top);
    data += fmt::format(
        "{}{} {}", data.empty() ? fmt::format("M{} {}L", coordinate(x), coordinate(foot)) : "L",
        coordinate(x), coordinate(y));
  };
  for (const Gauge& gauge : gauges) {
    const double x = frame.x(gauge.at_ns);
    if (last_x >= 0 && x - last_x >= column) {
      point(last_x);
      highest = 0;
      last_x = x;
    }
    if (last_x < 0) last_x = x;
    highest = std::max(highest, value(gauge));
  }
  if (last_x < 0) return {};
  point(last_x);
  return data + fmt::format("L{} {}z", coordinate(last_x), coordinate(foot));
}

struct GaugeLane {
  std::string_view name;
  double (*value)(const Gauge&);
  double full;
  std::string full_text;
  std::string highest_text;
};

void draw_gauge(Canvas& canvas, const Frame& frame, const std::vector<Gauge>& gauges,
                const GaugeLane& lane, double y) {
  const double top = y + 8;
  const double foot = y + gauge_height - 4;
  canvas.line(0, y, Frame::right, y, "rule");
  canvas.text(0, y + 20, "name", lane.name);
  canvas.text(0, y + 36, "tick", "peak " + lane.highest_text);
  canvas.text(Frame::left - 8, top + 6, "tick", lane.full_text, Anchor::end);
  canvas.text(Frame::left - 8, foot, "tick", "0", Anchor::end);
  canvas.line(Frame::left, foot, Frame::right, foot, "rule");
  canvas.path(area(frame, gauges, lane.value, lane.full, top, foot), "area");
}

}  // namespace

double draw_clocks(Canvas& canvas, const Frame& frame, const Story& story,
                   const engine::Verdict& verdict, double y) {
  canvas.line(0, y, Frame::right, y, "rule");
  y += 6;
  for (const ClockLine& clock : make_outline(story, verdict).clocks) {
    draw_clock(canvas, frame, clock, y);
    y += row_height;
  }
  return y + 6;
}

double draw_gauges(Canvas& canvas, const Frame& frame, const Story& story, double y) {
  if (story.gauges.empty()) return y;
  const auto cpu = [](const Gauge& gauge) { return gauge.cpu; };
  const auto memory = [](const Gauge& gauge) { return gauge.memory_bytes; };
  double cpu_peak = 0;
  double memory_peak = 1;
  for (const Gauge& gauge : story.gauges) {
    cpu_peak = std::max(cpu_peak, gauge.cpu);
    memory_peak = std::max(memory_peak, gauge.memory_bytes);
  }
  const std::string memory_text =
      render_rounded(Bytes{static_cast<std::uint64_t>(std::min(memory_peak, 1e18))});
  draw_gauge(canvas, frame, story.gauges,
             {"cpu", cpu, 1, "100 %", engine::say_share(std::min(cpu_peak, 1.0))}, y);
  y += gauge_height;
  draw_gauge(canvas, frame, story.gauges, {"memory", memory, memory_peak, "", memory_text}, y);
  return y + gauge_height;
}

}  // namespace squall::report
