#include "cli/plain_lines.h"

#include <fmt/core.h>

#include "core/text.h"
#include "engine/words.h"

namespace squall::cli {
namespace {

struct Told {
  std::string_view word;
  std::string text;
  Colour colour = Colour::plain;
};

std::string shown(const engine::Event& event, std::string_view key) {
  return printable(text_at(event, key));
}

Told tell_phase(const engine::Event& event) {
  return {"phase", shown(event, "phase"), Colour::bold};
}

Told tell_need(const engine::Event& event) {
  if (bool_at(event, "met")) return {};
  return {"missing",
          fmt::format("{} needs {}: {}", shown(event, "fault"), shown(event, "what"),
                      shown(event, "reason")),
          Colour::bad};
}

Told tell_commanded(const engine::Event& event) {
  const std::string target = shown(event, "target");
  const std::int64_t strike = integer_at(event, "strike");
  std::string text = shown(event, "fault") + " strikes";
  if (strike > 0) text += fmt::format(" again (strike {})", strike + 1);
  if (!target.empty()) text += " " + target;
  return {"fault", std::move(text), Colour::warning};
}

Told tell_applied(const engine::Event& event) {
  return {"applied",
          fmt::format("{}; to undo: {}", shown(event, "describe"), shown(event, "undo"))};
}

Told tell_refused(const engine::Event& event) {
  const std::string next = shown(event, "next");
  return {"refused",
          fmt::format("{}: {}{}", shown(event, "fault"), shown(event, "message"),
                      next.empty() ? "" : "; next: " + next),
          Colour::bad};
}

Told tell_witnessed(const engine::Event& event) {
  const bool is_on = text_at(event, "edge") != "off";
  const engine::Interval at{integer_at(event, "after_ns"), integer_at(event, "by_ns")};
  const std::string detail = shown(event, "detail");
  return {is_on ? "witnessed" : "gone",
          fmt::format("{} seen to {} by {} at {}{}", shown(event, "fault"), is_on ? "begin" : "end",
                      shown(event, "witness"), engine::say_interval(at),
                      detail.empty() ? "" : ": " + detail),
          Colour::accent};
}

Told tell_unwitnessed(const engine::Event& event) {
  return {"unseen",
          fmt::format("the witness {} did not see {} {}: {}", shown(event, "witness"),
                      shown(event, "fault"), text_at(event, "edge") == "off" ? "end" : "begin",
                      shown(event, "message")),
          Colour::bad};
}

Told tell_revert_commanded(const engine::Event& event) {
  return {"revert", shown(event, "fault")};
}

Told tell_reverted(const engine::Event& event) {
  const std::string ending = shown(event, "ending");
  const std::string detail = shown(event, "detail");
  const bool is_foreign = ending == "foreign";
  std::string text = fmt::format("{}: {}", shown(event, "fault"),
                                 is_foreign ? "left, somebody else changed it" : ending);
  if (!detail.empty()) text += ", " + detail;
  return {"reverted", std::move(text), is_foreign ? Colour::bad : Colour::good};
}

Told tell_lost(const engine::Event& event) {
  return {"lost", fmt::format("{}: {}", shown(event, "fault"), shown(event, "message")),
          Colour::bad};
}

Told tell_gate(const engine::Event& event) {
  const bool is_met = bool_at(event, "met");
  const engine::Interval at{integer_at(event, "after_ns"), integer_at(event, "by_ns")};
  return {shown(event, "gate") == "heal" ? "heal" : "detect",
          is_met ? fmt::format("{}: met at {}", shown(event, "check"), engine::say_interval(at))
                 : fmt::format("{}: {}, {}", shown(event, "check"),
                               engine::say_unmet(bool_at(event, "proves_nothing"),
                                                 bool_at(event, "needless")),
                               shown(event, "why")),
          is_met ? Colour::good : Colour::bad};
}

Told tell_stop(const engine::Event& event) {
  return {"stop", shown(event, "text") + "; everything is undone now", Colour::bad};
}

Told tell_disturbed(const engine::Event& event) {
  return {"disturbed", shown(event, "message"), Colour::bad};
}

Told tell_note(const engine::Event& event) {
  return {"note", shown(event, "message")};
}

Told tell_ended(const engine::Event& event) {
  const bool is_held = text_at(event, "verdict") == "held";
  return {"verdict", shown(event, "verdict"), is_held ? Colour::good : Colour::bad};
}

struct Teller {
  std::string_view event;
  Told (*tell)(const engine::Event&);
};
constexpr Teller tellers[] = {
    {"phase", tell_phase},
    {"need", tell_need},
    {"fault_commanded", tell_commanded},
    {"change_applied", tell_applied},
    {"change_refused", tell_refused},
    {"witnessed", tell_witnessed},
    {"unwitnessed", tell_unwitnessed},
    {"revert_commanded", tell_revert_commanded},
    {"change_reverted", tell_reverted},
    {"change_lost", tell_lost},
    {"gate", tell_gate},
    {"stop", tell_stop},
    {"disturbed", tell_disturbed},
    {"note", tell_note},
    {"run_ended", tell_ended},
};

std::string line(std::int64_t at_ns, const Told& told, const Style& style) {
  return fmt::format("{:>11}  {}  {}\n", engine::say_instant(at_ns),
                     paint(style, told.colour, fit(style, told.word, 9)), told.text);
}

}  // namespace

std::string PlainLines::read(const engine::Event& event, const Style& style) {
  const bool had_harm = state_.first_harm().has_value();
  state_.read(event);
  std::string lines;
  if (!had_harm && state_.first_harm()) {
    const std::string text = state_.first_harm()->text;
    lines += line(state_.first_harm()->at_ns,
                  {"harm", text.substr(text.find(": ") + 2), Colour::bad}, style);
  }
  const std::string name = text_at(event, "event");
  for (const Teller& teller : tellers) {
    if (teller.event != name) continue;
    const Told told = teller.tell(event);
    if (!told.word.empty()) lines += line(integer_at(event, "t_ns"), told, style);
  }
  return lines;
}

}  // namespace squall::cli
