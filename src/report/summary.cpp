#include "report/summary.h"

#include <fmt/core.h>

#include "core/text.h"
#include "report/steps.h"

namespace squall::report {
namespace {

struct Paint {
  bool is_on = false;
  std::string operator()(std::string_view code, std::string_view text) const {
    const std::string shown = printable(text);
    return is_on ? fmt::format("\x1b[{}m{}\x1b[0m", code, shown) : shown;
  }
};

constexpr std::string_view green = "32";
constexpr std::string_view red = "31";
constexpr std::string_view yellow = "33";
constexpr std::string_view faint = "2";

std::string_view tone_of(StepState state) {
  switch (state) {
    case StepState::passed:
      return green;
    case StepState::failed:
      return red;
    case StepState::not_asked:
    case StepState::not_needed:
    case StepState::not_reached:
      return faint;
  }
  return faint;
}

std::string_view tone_of(engine::Outcome outcome) {
  if (outcome == engine::Outcome::held) return green;
  return outcome == engine::Outcome::refuted ? red : yellow;
}

std::string upper(std::string_view text) {
  std::string shout(text);
  for (char& letter : shout) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return shout;
}

std::string step_lines(const Step& step, int number, const Paint& paint) {
  constexpr std::string_view indent = "                ";
  std::string text = fmt::format("[{}/4] {} ", number,
                                 paint(tone_of(step.state), fmt::format("{:<9}", step.name)));
  // The time of the first step stands in its details, strike by strike.
  const bool shows_time = number > 1 && !step.time.empty();
  if (shows_time) text += fmt::format("({}) ", printable(step.time));
  for (std::size_t i = 0; i < step.details.size(); ++i) {
    if (i > 0) text += indent;
    text += printable(step.details[i]) + "\n";
  }
  return text;
}

// Broken to the width, each further line under the first word of the sentence.
std::string sentence(std::string_view mark, std::string_view words, std::size_t width) {
  const std::string shown = printable(words);
  if (width <= mark.size()) return fmt::format("{}{}\n", mark, shown);
  std::string text;
  for (const std::string& line : wrap(shown, width - mark.size())) {
    text += text.empty() ? std::string(mark) : std::string(mark.size(), ' ');
    text += line + "\n";
  }
  return text;
}

}  // namespace

std::string summary(const Timeline& timeline, const engine::Verdict& verdict, SummaryStyle style) {
  const Paint paint{style.has_colour};
  const engine::Evidence evidence(timeline);
  std::string text;
  int number = 0;
  for (const Step& step : steps_of(evidence, verdict)) text += step_lines(step, ++number, paint);
  text += fmt::format("\n{} (exit code {})\n",
                      paint(std::string("1;") + std::string(tone_of(verdict.outcome)),
                            upper(engine::outcome_name(verdict.outcome))),
                      engine::exit_code(verdict.outcome));
  for (const std::string& reason : verdict.reasons) {
    text += sentence("  - ", reason, style.width);
  }
  return text + "\n" + sentence("", verdict.learnt, style.width);
}

}  // namespace squall::report
