#include "cli/plain_lines.h"

#include <gtest/gtest.h>

#include "engine/tale_test.h"

namespace squall::cli {
namespace {

using engine::ms;
using engine::Tale;

std::string tell(const Tale& tale) {
  PlainLines lines(fault::catalogue());
  std::string text;
  for (const engine::Event& event : tale.events) text += lines.read(event, {});
  return text;
}

TEST(PlainLines, TellARunThatWentWell) {
  EXPECT_EQ(tell(Tale::of({.is_spell = true, .broken_from_ms = 2500, .broken_until_ms = 2600})),

            "    0.000 s  phase      gates\n"
            "    0.000 s  phase      baseline\n"
            "    2.000 s  phase      fault\n"
            "    2.000 s  fault      process.pause strikes redis-server (pid 4711)\n"
            "    2.001 s  applied    stops pid 4711; to undo: continues pid 4711\n"
            "    2.001 s  witnessed  process.pause seen to begin by process.stopped at "
            "2.0008 to 2.0013 s: pid 4711 is no more\n"
            "    2.500 s  harm       ping: connection refused\n"
            "    4.000 s  revert     process.pause\n"
            "    4.001 s  reverted   process.pause: restored\n"
            "    4.001 s  gone       process.pause seen to end by process.stopped at "
            "4.0005 to 4.0010 s: pid 4711 runs\n"
            "    4.002 s  phase      recovery\n"
            "    6.000 s  phase      restore\n"
            "    6.002 s  phase      verdict\n");
}

TEST(PlainLines, TellARunThatWasRefused) {
  Tale tale = Tale::of({});
  tale.drop([](const engine::Event& event) {
    return integer_at(event, "t_ns") > 1999 * ms || text_at(event, "event") == "sample";
  });
  tale.edit("need", [](engine::Event& event) {
    event["met"] = false;
    event["reason"] = "run it with sudo";
  });
  tale.add(2000 * ms, "change_refused",
           {{"fault", "process.kill"},
            {"kind", "process.signal"},
            {"code", "refused"},
            {"message", "pid 1 is protected"},
            {"next", "name another process"}});
  tale.add(2001 * ms, "run_ended", {{"verdict", "aborted"}, {"exit_code", 6}});
  EXPECT_EQ(tell(tale),
            "    0.000 s  phase      gates\n"
            "    0.000 s  missing    process.kill needs leave to signal other processes: run it "
            "with sudo\n"
            "    0.000 s  phase      baseline\n"
            "    2.000 s  refused    process.kill: pid 1 is protected; next: name another process\n"
            "    2.001 s  verdict    aborted\n");
}

TEST(PlainLines, LetNoEscapeOfTheTargetThrough) {
  Tale tale = Tale::of({.is_spell = true, .broken_until_ms = 4000});
  const auto poison = [](engine::Event& event) {
    for (const char* key : {"target", "describe", "undo", "detail", "problem", "why", "reason"}) {
      if (event.contains(key)) event[key] = "\x1b[31mred";
    }
  };
  for (const char* name : {"fault_commanded", "change_applied", "witnessed", "sample", "need"}) {
    tale.edit(name, poison);
  }
  EXPECT_EQ(tell(tale).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace squall::cli
