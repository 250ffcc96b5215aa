// The plot of a run: time goes to the right; below each other stand the phases, the faults, one
// lane per check, the clocks, and the load of the host.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/story.h"
#include "engine/verdict.h"
#include "report/canvas.h"

namespace squall::report {

// An <svg> element. However many samples there are, it stays small: samples that would be drawn on
// the same spot are drawn once.
std::string plot(const engine::Story& story, const engine::Verdict& verdict);

// Where things stand, in px.
struct Frame {
  static constexpr double width = 1080;
  static constexpr double left = 150;  // lane names stand left of it
  static constexpr double right = 1064;
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 1;

  double x(std::int64_t at_ns) const;
};

// A time in which at least one fault was in force.
struct Band {
  std::string fault;
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;
  bool is_instant = false;
};
std::vector<Band> bands_of(const engine::Story& story);

// Each draws its lane with its top at y and gives the y below it.
double draw_phases(Canvas& canvas, const Frame& frame, const engine::Story& story, double y);
double draw_faults(Canvas& canvas, const Frame& frame, const engine::Story& story, double y);
double draw_check(Canvas& canvas, const Frame& frame, const engine::WatchedCheck& check, double y);
double draw_clocks(Canvas& canvas, const Frame& frame, const engine::Story& story,
                   const engine::Verdict& verdict, double y);
double draw_gauges(Canvas& canvas, const Frame& frame, const engine::Story& story, double y);

}  // namespace squall::report
