#include "cli/live_view.h"

#include <gtest/gtest.h>

#include "cli/live_screen.h"
#include "engine/tale_test.h"

namespace squall::cli {
namespace {

using engine::ms;
using engine::Tale;

constexpr Tale::Options pause_with_harm = {
    .is_spell = true, .broken_from_ms = 2000, .broken_until_ms = 4000};

LiveState state_at(const Tale& tale, std::int64_t at_ns) {
  LiveState state(fault::catalogue());
  for (const engine::Event& event : tale.events) {
    if (integer_at(event, "t_ns") <= at_ns) state.read(event);
  }
  return state;
}

std::string view(const Tale& tale, std::int64_t at_ns, const Style& style) {
  std::string text;
  for (const std::string& line : render_live(state_at(tale, at_ns), at_ns, style)) {
    EXPECT_LE(columns(line), style.has_colour ? 1000 : style.width) << line;
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

Tale tale_with_gauges() {
  Tale tale = Tale::of(pause_with_harm);
  for (std::int64_t at = 100; at < 6000; at += 100) {
    tale.add(at * ms, "gauge", {{"cpu", at < 3000 ? 0.1 : 0.9}, {"memory_bytes", 1 << 30}});
  }
  return tale;
}

TEST(LiveView, ShowsTheBaseline) {
  EXPECT_EQ(
      view(tale_with_gauges(), 1000 * ms, {.is_utf8 = true, .width = 90}),
      R"(redis-kill  Redis is killed and comes back by itself                                seed 7
BASELINE › fault › recovery › restore                            1.0 s, at most 4.5 s left

  process.pause                                   in 1.0 s
  ping           ▄▄▄▄▄▄                           2.00 ms; 20 good
  cpu            ▂▂▂▂▂▂                           10 %; memory 1 GiB

  Ctrl-C undoes everything and ends the run
)");
}

TEST(LiveView, ShowsAFaultInForceAndItsHarm) {
  EXPECT_EQ(
      view(tale_with_gauges(), 3000 * ms, {.is_utf8 = true, .width = 90}),
      R"(redis-kill  Redis is killed and comes back by itself                                seed 7
baseline › FAULT › recovery › restore                            3.0 s, at most 2.5 s left

  process.pause             ━━━━━━                in force for 1.0 s, 1.0 s left: redis-s…
  ping           ▄▄▄▄▄▄▄▄▄▄▄××××××                20 of 60 bad: connection refused
  cpu            ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▇                90 %; memory 1 GiB

  2.002 s  first harm: ping: connection refused
  Ctrl-C undoes everything and ends the run
)");
}

TEST(LiveView, ShowsTheEndInPlainLetters) {
  Tale tale = tale_with_gauges();
  tale.add(6003 * ms, "run_ended", {{"verdict", "refuted"}, {"exit_code", 1}});
  EXPECT_EQ(view(tale, 7000 * ms, {.width = 72}),
            R"(redis-kill  Redis is killed and comes back by itself              seed 7
baseline > fault > recovery > restore                        7.0 s, over

  process.pause        ========           over after 2.0 s: redis-serve.
  ping           ======xxxxxxx=======     2.00 ms; 40 of 120 bad
  cpu            :::::::::%%%%%%%%%%%     90 %; memory 1 GiB

  2.002 s  first harm: ping: connection refused
)");
}

TEST(LiveView, FitsIntoANarrowTerminal) {
  for (const std::size_t width : {20U, 30U, 40U, 50U, 60U}) {
    view(tale_with_gauges(), 3000 * ms, {.is_utf8 = true, .width = width});
  }
}

TEST(LiveView, FitsIntoALowTerminal) {
  const LiveState state = state_at(tale_with_gauges(), 3000 * ms);
  EXPECT_EQ(render_live(state, 3000 * ms, {.height = 6}).size(), 5U);
}

TEST(LiveView, ShowsAFaultThatStrikesAtOnceAndTheOneThatDidNotBite) {
  Tale killed = Tale::of({});
  EXPECT_NE(
      view(killed, 2500 * ms, {.width = 100}).find("struck 0.5 s ago: redis-server (pid 4711)"),
      std::string::npos);
  killed.drop("witnessed");
  killed.add(2400 * ms, "unwitnessed",
             {{"fault", "process.kill"},
              {"strike", 0},
              {"witness", "process.ended"},
              {"edge", "on"},
              {"message", "it still runs"}});
  EXPECT_NE(view(killed, 2500 * ms, {.width = 100}).find("not seen by its witness: it still runs"),
            std::string::npos);
}

TEST(LiveView, ShowsGatesAsWaitingUntilTheyAreMet) {
  Tale tale = Tale::of({.is_spell = true});
  tale.plan.checks.push_back({.name = "noticed",
                              .probe = "file",
                              .every = milliseconds(50),
                              .demand = scenario::Demand::eventually,
                              .within = seconds(1),
                              .gate = scenario::Gate::detect});
  tale.settle_plan();
  tale.add(2100 * ms, "sample", engine::sample("noticed", 2050 * ms, false));
  tale.add(2500 * ms, "gate",
           {{"gate", "detect"},
            {"check", "noticed"},
            {"met", true},
            {"after_ns", 2400 * ms},
            {"by_ns", 2500 * ms}});
  EXPECT_NE(view(tale, 2200 * ms, {.width = 100}).find("detect: not yet, within 1 s"),
            std::string::npos);
  EXPECT_NE(view(tale, 2600 * ms, {.width = 100}).find("met after 0.4 to 0.5 s"),
            std::string::npos);
}

TEST(LiveView, ASlowAnswerDoesNotOutdoANewerOne) {
  Tale tale = Tale::of({.is_spell = true});
  tale.add(4500 * ms, "sample", engine::sample("ping", 3000 * ms, false, 1500 * ms));
  const LiveState state = state_at(tale, 4600 * ms);
  EXPECT_FALSE(state.checks().front().is_broken);
  EXPECT_EQ(state.checks().front().broken, 1);
}

TEST(LiveView, DoesNotCountTaintedSamples) {
  Tale tale = Tale::of({.is_spell = true});
  engine::Event tainted = engine::sample("ping", 3000 * ms, false);
  tainted["tainted"] = true;
  tale.add(3010 * ms, "sample", tainted);
  EXPECT_EQ(state_at(tale, 7000 * ms).checks().front().broken, 0);
}

TEST(LiveView, SaysThatEverythingIsUndoneOnceItStops) {
  Tale tale = Tale::of({.is_spell = true});
  tale.add(2500 * ms, "stop", {{"reason", "operator"}, {"text", "an operator asked for it"}});
  const std::string text = view(tale, 2600 * ms, {.width = 80});
  EXPECT_NE(text.find("2.6 s, undoing"), std::string::npos) << text;
  EXPECT_NE(text.find("stopped: an operator asked for it"), std::string::npos) << text;
  EXPECT_EQ(text.find("Ctrl-C"), std::string::npos) << text;
}

TEST(LiveView, LetsNoEscapeOfTheTargetThrough) {
  Tale tale = Tale::of(pause_with_harm);
  tale.edit("fault_commanded", [](engine::Event& event) { event["target"] = "evil\x1b[2J"; });
  tale.edit("sample", [](engine::Event& event) {
    if (!bool_at(event, "good")) event["problem"] = "no\x1b]0;title\x07";
  });
  const std::string text = view(tale, 3000 * ms, {.width = 120});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\x07'), std::string::npos);
}

TEST(LiveScreen, WritesOverTheLastPicture) {
  EXPECT_EQ(redraw({"a", "b"}, 0), "\x1b[?7la\x1b[K\r\nb\x1b[K\r\n\x1b[J\x1b[?7h");
  EXPECT_EQ(redraw({"c"}, 2), "\x1b[?7l\x1b[2A\rc\x1b[K\r\n\x1b[J\x1b[?7h");
}

TEST(LiveView, ReadsEventsItDoesNotKnowAndEventsOfNoPlan) {
  LiveState state(fault::catalogue());
  state.read({{"event", "from a later version"}, {"t_ns", 1}});
  for (const engine::Event& event : Tale::of(pause_with_harm).events) {
    if (text_at(event, "event") != "run_started") state.read(event);
  }
  EXPECT_FALSE(render_live(state, 1, {}).empty());
}

}  // namespace
}  // namespace squall::cli
