#include "cli/live_view.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "core/units.h"
#include "engine/words.h"

namespace squall::cli {
namespace {

constexpr std::array<std::string_view, 4> phases = {"baseline", "fault", "recovery", "restore"};
constexpr std::string_view stop_hint = "Ctrl-C undoes everything and ends the run";
constexpr std::size_t widest_name = 22;
constexpr std::size_t widest_row = 60;
constexpr std::size_t narrowest_row = 8;

// "3.4 s" below two minutes, then "2 min 5 s": times that tick are not shown finer than they do.
std::string ticking(std::int64_t span_ns) {
  constexpr std::int64_t two_minutes = 120'000'000'000;
  if (span_ns >= two_minutes) return render_rounded(nanoseconds(span_ns));
  return fmt::format("{:.1f} s", static_cast<double>(std::max<std::int64_t>(span_ns, 0)) / 1e9);
}

// How the columns are laid out: a name, a row of cells, a status.
struct Layout {
  std::size_t name = 0;
  std::size_t row = 0;
  std::size_t status = 0;
};

Layout layout_of(const LiveState& state, const Style& style) {
  std::size_t name = 6;
  for (const LiveFault& fault : state.faults()) name = std::max(name, columns(fault.plan.id));
  for (const LiveCheck& check : state.checks()) name = std::max(name, columns(check.plan.name));
  Layout layout;
  layout.name = std::min({name, widest_name, style.width / 3});
  const std::size_t left = style.width - std::min(style.width, layout.name + 6);
  layout.row = std::clamp(left * 45 / 100, narrowest_row, widest_row);
  layout.status = left - std::min(left, layout.row);
  return layout;
}

std::string line_of(const Layout& layout, std::string_view name, const std::string& row,
                    std::string_view status, Colour colour, const Style& style) {
  return "  " + fit(style, name, layout.name) + "  " + row + "  " +
         paint(style, colour, clip(style, status, layout.status));
}

// Where two texts stand at both ends of a line; the left one gives way.
std::string both_ends(std::string_view left, Colour left_colour, std::string_view right,
                      const Style& style) {
  if (style.width < columns(right) + 3) return clip(style, right, style.width);
  const std::size_t room = style.width - columns(right) - 2;
  return paint(style, left_colour, fit(style, left, room)) + "  " +
         paint(style, Colour::dim, right);
}

std::string phase_line(const LiveState& state, std::int64_t now_ns, const Style& style) {
  std::string time = ticking(now_ns);
  const std::string& phase = state.phase();
  const bool counts_down = phase == "baseline" || phase == "fault" || phase == "recovery";
  if (state.has_ended()) {
    time += ", over";
  } else if (state.is_stopping() || phase == "restore") {
    time += ", undoing";
  } else if (counts_down) {
    time += fmt::format(", at most {} left", ticking(state.latest_end_ns() - now_ns));
  }
  std::string text;
  std::size_t used = 0;
  const auto current = std::find(phases.begin(), phases.end(), phase);
  for (auto one = phases.begin(); one != phases.end(); ++one) {
    if (one != phases.begin()) {
      text += paint(style, Colour::dim, style.is_utf8 ? " › " : " > ");
      used += 3;
    }
    const bool is_now = one == current;
    std::string word(*one);
    // Without colours the current phase stands out by its letters.
    if (is_now && !style.has_colour) {
      std::transform(word.begin(), word.end(), word.begin(), [](unsigned char letter) {
        return static_cast<char>(letter - ('a' <= letter && letter <= 'z' ? 'a' - 'A' : 0));
      });
    }
    text += paint(style, is_now ? Colour::bold : Colour::dim, word);
    used += word.size();
  }
  if (used + 2 + columns(time) > style.width) {
    return both_ends(phase, Colour::bold, time, style);
  }
  return text + std::string(style.width - used - columns(time), ' ') + time;
}

std::string fault_row(const LiveFault& fault, const Window& window, std::int64_t now_ns,
                      const Style& style) {
  enum class Mark { none, planned, commanded, in_force, struck };
  std::vector<Mark> marks(window.cells, Mark::none);
  const auto put = [&](std::int64_t from_ns, std::int64_t to_ns, Mark mark) {
    const std::int64_t first = std::max<std::int64_t>(window.cell_of(from_ns), 0);
    const std::int64_t last = window.cell_of(to_ns);
    for (std::int64_t i = first; i <= last && i < static_cast<std::int64_t>(marks.size()); ++i) {
      marks[static_cast<std::size_t>(i)] = std::max(marks[static_cast<std::size_t>(i)], mark);
    }
  };
  for (const LiveFault::Span& span : fault.spans) {
    const Mark seen = fault.is_spell() ? Mark::in_force : Mark::struck;
    put(span.from_ns, span.to_ns.value_or(now_ns), span.is_witnessed ? seen : Mark::commanded);
  }
  std::string row;
  for (const Mark mark : marks) {
    switch (mark) {
      case Mark::none:
      case Mark::planned:
        row += ' ';
        break;
      case Mark::commanded:
        row += paint(style, Colour::warning, style.is_utf8 ? "─" : "-");
        break;
      case Mark::in_force:
        row += paint(style, Colour::warning, style.is_utf8 ? "━" : "=");
        break;
      case Mark::struck:
        row += paint(style, Colour::warning, style.is_utf8 ? "┃" : "!");
        break;
    }
  }
  return row;
}

struct Said {
  std::string text;
  Colour colour = Colour::plain;
};

Said say_fault(const LiveFault& fault, const LiveState& state, std::int64_t now_ns) {
  const std::string on = fault.target.empty() ? "" : ": " + fault.target;
  const std::string strikes = fault.strikes_planned > 1
                                  ? fmt::format(" ({} of {})", fault.strikes, fault.strikes_planned)
                                  : "";
  const std::int64_t since = fault.spans.empty() ? 0 : now_ns - fault.spans.back().from_ns;
  switch (fault.state) {
    case LiveFault::State::waiting:
      if (state.has_ended() || state.is_stopping()) return {"never struck", Colour::dim};
      return {fmt::format("in {}", ticking(state.zero_ns() + fault.plan.at.nanoseconds - now_ns)),
              Colour::dim};
    case LiveFault::State::commanded:
      return {fmt::format("commanded, not seen yet{}{}", strikes, on), Colour::warning};
    case LiveFault::State::in_force:
      return {fmt::format("in force for {}, {} left{}", ticking(since),
                          ticking(fault.plan.lasts.nanoseconds - since), on),
              Colour::warning};
    case LiveFault::State::over: {
      const LiveFault::Span& last = fault.spans.back();
      if (!fault.is_spell()) {
        return {fmt::format("struck{} {} ago{}", strikes, ticking(since), on), Colour::plain};
      }
      return {
          fmt::format("over after {}{}", ticking(last.to_ns.value_or(now_ns) - last.from_ns), on),
          Colour::plain};
    }
    case LiveFault::State::unseen:
      return {fmt::format("not seen by its witness: {}", fault.problem), Colour::bad};
    case LiveFault::State::refused:
      break;
  }
  return {fmt::format("refused: {}", fault.problem), Colour::bad};
}

Said say_check(const LiveCheck& check) {
  if (check.is_gate()) {
    if (check.gate == LiveCheck::Gate::met) return {check.gate_text, Colour::good};
    if (check.gate == LiveCheck::Gate::missed) return {check.gate_text, Colour::bad};
    return {fmt::format("{}: not yet, within {}", scenario::gate_name(check.plan.gate),
                        render_rounded(check.plan.within)),
            Colour::dim};
  }
  if (check.samples == 0) return {"not asked yet", Colour::dim};
  const std::string bad = fmt::format("{} of {} bad", check.broken, check.samples);
  if (check.is_broken) return {fmt::format("{}: {}", bad, check.why), Colour::bad};
  return {fmt::format("{}; {}", engine::say_milliseconds(check.latency_ms),
                      check.broken == 0 ? fmt::format("{} good", check.samples) : bad),
          Colour::plain};
}

std::string load_line(const LiveState& state, const Layout& layout, const Window& window,
                      const Style& style) {
  const double cpu = state.cpu().empty() ? 0 : state.cpu().back().value;
  const Bytes memory{static_cast<std::uint64_t>(std::max(state.memory_bytes(), 0.0))};
  return line_of(layout, "cpu", render_sparkline(state.cpu(), window, 1, style),
                 fmt::format("{:.0f} %; memory {}", cpu * 100, render_rounded(memory)),
                 Colour::plain, style);
}

}  // namespace

std::vector<std::string> render_live(const LiveState& state, std::int64_t now_ns,
                                     const Style& style) {
  const Layout layout = layout_of(state, style);
  const Window window = window_at(now_ns, state.latest_end_ns(), layout.row);
  std::vector<std::string> lines;
  const std::string title = state.title().empty() || state.title() == state.scenario()
                                ? state.scenario()
                                : state.scenario() + "  " + state.title();
  lines.push_back(both_ends(title, Colour::bold, fmt::format("seed {}", state.seed()), style));
  lines.push_back(phase_line(state, now_ns, style));
  lines.emplace_back();
  for (const LiveFault& fault : state.faults()) {
    const Said said = say_fault(fault, state, now_ns);
    lines.push_back(line_of(layout, fault.plan.id, fault_row(fault, window, now_ns, style),
                            said.text, said.colour, style));
  }
  for (const LiveCheck& check : state.checks()) {
    // Less than 5 ms never fills a cell: the noise of a fast target is no mountain range.
    const Said said = say_check(check);
    lines.push_back(line_of(layout, check.plan.name,
                            render_sparkline(check.points, window, 5, style), said.text,
                            said.colour, style));
  }
  if (!state.cpu().empty()) lines.push_back(load_line(state, layout, window, style));
  lines.emplace_back();
  for (const Message& message : state.messages()) {
    lines.push_back(
        "  " +
        paint(style, message.colour,
              clip(style, fmt::format("{}  {}", engine::say_instant(message.at_ns), message.text),
                   style.width - 2)));
  }
  if (!state.has_ended() && !state.is_stopping()) {
    lines.push_back("  " + paint(style, Colour::dim, clip(style, stop_hint, style.width - 2)));
  }
  const std::size_t most = std::max<std::size_t>(style.height, 4) - 1;
  if (lines.size() > most) lines.resize(most);
  return lines;
}

}  // namespace squall::cli
