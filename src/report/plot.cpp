#include "report/plot.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/core.h>

#include "engine/words.h"
#include "report/outline.h"

namespace squall::report {
namespace {

using engine::Story;

// 1, 2 or 5 times a power of ten, so that there are at most ten of them.
double tick_step(double span) {
  double step = std::pow(10, std::floor(std::log10(std::max(span, 1e-9))) - 1);
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    if (span / (step * factor) <= 10) return step * factor;
  }
  return step * 10;
}

void draw_axis(Canvas& canvas, const Frame& frame, double top, double bottom) {
  const double from = static_cast<double>(frame.from_ns) / 1e9;
  const double to = static_cast<double>(frame.to_ns) / 1e9;
  const double step = tick_step(to - from);
  const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 9);
  for (double tick = std::ceil(from / step) * step; tick <= to + step * 1e-6; tick += step) {
    const double x = frame.x(static_cast<std::int64_t>(tick * 1e9));
    canvas.line(x, top, x, bottom, "grid");
    canvas.text(x, bottom + 17, "tick", fmt::format("{:.{}f} s", tick + 0.0, decimals),
                Anchor::middle);
  }
}

void draw_bands(Canvas& canvas, const Frame& frame, const Story& story, double top, double bottom) {
  for (const Band& band : bands_of(story)) {
    const double x = frame.x(band.from_ns);
    if (band.is_instant) {
      canvas.line(x, top, x, bottom, "strike");
    } else {
      const double width = std::max(frame.x(band.to_ns) - x, 1.5);
      canvas.box({x, top, width, bottom - top}, "band");
    }
  }
}

void draw_legend(Canvas& canvas, double y, const Story& story) {
  double x = Frame::left;
  const auto entry = [&](std::string_view words, double symbol) {
    canvas.text(x + symbol, y + 4, "tick", words);
    x += symbol + text_width(words) + 22;
  };
  canvas.path(fmt::format("M{} {}h0", coordinate(x + 4), coordinate(y)), "good dot");
  entry("good sample", 13);
  canvas.path(fmt::format("M{} {}l5 5m-5 0l5-5", coordinate(x + 1), coordinate(y - 2.5)),
              "bad cross");
  entry("broken sample", 13);
  canvas.path(fmt::format("M{} {}h0", coordinate(x + 4), coordinate(y)), "late dot");
  entry("sent too late to count", 13);
  const std::vector<Band> bands = bands_of(story);
  const bool has_spell =
      std::any_of(bands.begin(), bands.end(), [](const Band& band) { return !band.is_instant; });
  const bool has_strike =
      std::any_of(bands.begin(), bands.end(), [](const Band& band) { return band.is_instant; });
  if (has_spell) {
    canvas.box({x, y - 6, 16, 12}, "band");
    entry("fault in force", 22);
  }
  if (has_strike) {
    canvas.line(x + 4, y - 6, x + 4, y + 6, "strike");
    entry("fault struck", 13);
  }
}

}  // namespace

double Frame::x(std::int64_t at_ns) const {
  const std::int64_t clamped = std::clamp(at_ns, from_ns, to_ns);
  const double share = static_cast<double>(clamped - from_ns) /
                       static_cast<double>(std::max<std::int64_t>(to_ns - from_ns, 1));
  return left + share * (right - left);
}

std::vector<Band> bands_of(const Story& story) {
  std::vector<Band> bands;
  for (const engine::Strike& strike : story.strikes) {
    const scenario::PlannedFault* fault = story.find_fault(strike.fault);
    Band band{strike.fault, strike.commanded_ns, story.last_ns,
              fault == nullptr || fault->lasts <= Duration{}};
    bool has_end = false;
    for (const engine::FaultEnd& end : story.ends) {
      if (end.fault != strike.fault || has_end) continue;
      band.to_ns = end.commanded_ns;
      has_end = true;
    }
    for (const engine::Edge& edge : story.edges) {
      const bool is_same = edge.fault == strike.fault && edge.strike == strike.number;
      if (!is_same || !edge.was_seen) continue;
      if (edge.is_onset) band.from_ns = edge.at.after_ns;
      if (!edge.is_onset) band.to_ns = edge.at.by_ns;
    }
    bands.push_back(std::move(band));
  }
  return bands;
}

std::string plot(const Story& story, const engine::Verdict& verdict) {
  Frame frame;
  frame.to_ns = std::max<std::int64_t>(story.last_ns, 1);
  // Bands and grid lie below the lanes, but reach as far down as those turn out to.
  Canvas lanes;
  constexpr double top = 22;
  double y = draw_phases(lanes, frame, story, 0);
  y = draw_faults(lanes, frame, story, y);
  for (const engine::WatchedCheck& check : story.checks) y = draw_check(lanes, frame, check, y);
  y = draw_clocks(lanes, frame, story, verdict, y);
  y = draw_gauges(lanes, frame, story, y);
  Canvas below;
  draw_bands(below, frame, story, top, y);
  draw_axis(below, frame, top, y);
  Canvas legend;
  draw_legend(legend, y + 40, story);
  const double height = y + 56;
  return fmt::format(
      "<svg class=\"plot\" viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"Timeline of the run: "
      "phases, faults, checks, clocks and load\">\n{2}{3}{4}</svg>\n",
      coordinate(Frame::width), coordinate(height), below.marks(), lanes.marks(), legend.marks());
}

double draw_phases(Canvas& canvas, const Frame& frame, const Story& story, double y) {
  for (std::size_t i = 0; i < story.phases.size(); ++i) {
    const engine::Phase& phase = story.phases[i];
    const std::int64_t end =
        i + 1 < story.phases.size() ? story.phases[i + 1].start_ns : story.last_ns;
    const double from = frame.x(phase.start_ns);
    const double width = frame.x(end) - from;
    if (width < 1) continue;
    canvas.box({from, y, std::max(width - 2, 1.0), 18}, i % 2 == 0 ? "phase" : "phase odd",
               fmt::format("{}: {} to {}", phase.name, engine::say_instant(phase.start_ns),
                           engine::say_instant(end)),
               3);
    if (width > text_width(phase.name) + 12) {
      canvas.text(from + (width - 2) / 2, y + 13, "tick", phase.name, Anchor::middle);
    }
  }
  return y + 26;
}

double draw_faults(Canvas& canvas, const Frame& frame, const Story& story, double y) {
  const std::vector<Band> bands = bands_of(story);
  for (const scenario::PlannedFault& fault : story.plan.faults) {
    canvas.text(0, y + 16, "name", fitted(fault.id, Frame::left - 12));
    double label_x = Frame::left;  // behind the last bar
    double first_x = Frame::right;
    std::string target;
    for (const engine::Strike& strike : story.strikes) {
      if (strike.fault == fault.id && target.empty()) target = strike.target;
    }
    for (const Band& band : bands) {
      if (band.fault != fault.id) continue;
      const double from = frame.x(band.from_ns);
      const double width = band.is_instant ? 3 : std::max(frame.x(band.to_ns) - from, 3.0);
      const double shift = band.is_instant ? -1.5 : 0;
      canvas.box({from + shift, y + 3, width, 18}, "bar",
                 fmt::format("{} {}", fault.id, describe_params(fault)), 2);
      label_x = std::max(label_x, from + (band.is_instant ? 3 : width));
      first_x = std::min(first_x, from);
    }
    // Where there is more room: behind the bars, or before them.
    const double behind = Frame::right - label_x - 8;
    const double before = first_x - Frame::left - 16;
    if (behind > 120 || behind > before) {
      canvas.text(label_x + 8, y + 16, "said", fitted(target, behind));
    } else {
      canvas.text(first_x - 8, y + 16, "said", fitted(target, before), Anchor::end);
    }
    y += 26;
  }
  return y + 4;
}

}  // namespace squall::report
