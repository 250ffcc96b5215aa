#include "scenario/parse.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "document/yaml.h"
#include "scenario/fake_kinds_test.h"

namespace squall::scenario {
namespace {

using fake::document;
using fake::Outcome;
using fake::parse;

Node yaml(const std::string& text) {
  Diagnostics diagnostics("yaml");
  Node node = document::parse_yaml(text, diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  return node;
}

const std::string pause_item = "  - process.pause: {select: {name: redis}}\n    for: 5 s\n";

TEST(Scenario, BecomesAPlan) {
  Options options = fake::options();
  options.sources.targets = *yaml(fake::golden("targets.yaml")).find("targets");
  options.sources.targets_file = "targets.yaml";
  const Outcome got = parse(fake::golden("redis-kill.yaml"), options);
  ASSERT_EQ(got.mistakes, "");
  fake::expect_golden("redis-kill.plan.json", pretty_json(to_json(*got.plan)) + "\n");
}

TEST(Scenario, ReportsEveryMistakeAtOnce) {
  Options options = fake::options();
  options.sources.targets = yaml("redis: {port: 6379}");
  options.sources.targets_file = "targets.yaml";
  const Outcome got = parse(fake::golden("mistakes.yaml"), options);
  EXPECT_FALSE(got.plan);
  fake::expect_golden("mistakes.txt", got.mistakes);
}

TEST(Scenario, HasDefaultsForAllButTheEssential) {
  const Outcome got = parse(document("faults:\n" + pause_item));
  ASSERT_EQ(got.mistakes, "");
  const Plan& plan = *got.plan;
  EXPECT_EQ(plan.title, "test");
  EXPECT_EQ(plan.category, "process");
  EXPECT_EQ(plan.risk_level, "low");
  EXPECT_EQ(plan.seed, 42U);
  EXPECT_EQ(plan.baseline, seconds(2));
  EXPECT_EQ(plan.recover_within, seconds(10));
  EXPECT_EQ(plan.checks[0].every, milliseconds(100));
  EXPECT_EQ(plan.checks[0].timeout, seconds(1));
  EXPECT_EQ(plan.checks[0].demand, Demand::steady);
  EXPECT_TRUE(plan.checks[0].expect.is_null());
  EXPECT_EQ(plan.faults[0].at, Duration{});
  EXPECT_EQ(plan.faults[0].lasts, seconds(5));
}

TEST(Scenario, NeedsANameASteadyStateAndAFault) {
  EXPECT_EQ(parse("title: x\n").mistakes,
            "s.yaml:1:1: \"scenario\" is missing\n"
            "  hint: The name: lower-case letters, digits and single hyphens, at most 64.\n"
            "s.yaml:1:1: \"steady_state\" is missing\n"
            "  hint: without a check that holds before and again after, a run proves nothing\n"
            "s.yaml:1:1: \"faults\" is missing\n"
            "  hint: name at least one, for example - process.pause: {select: {name: redis-*}}\n");
}

TEST(Scenario, TakesOneLineForATitleAndANameForACategory) {
  const auto mistakes = [](const std::string& line) {
    return parse(document(line + "\nfaults:\n" + pause_item)).mistakes;
  };
  EXPECT_EQ(mistakes("title: Redis dies"), "");
  EXPECT_EQ(mistakes("title: >\n  Redis\n  dies\n"), "");
  for (const std::string title : {"\"\"", "\"  \""}) {
    EXPECT_NE(mistakes("title: " + title).find("\"title\" is empty"), std::string::npos) << title;
  }
  for (const std::string title : {"\"two\\nlines\"", "\"a\\eb\"", "\"a\\u202eb\""}) {
    EXPECT_NE(mistakes("title: " + title).find("\"title\" is one line of text"), std::string::npos)
        << title;
  }
  EXPECT_EQ(mistakes("category: cache-2"), "");
  for (const std::string category : {"\"../../x\"", "a/b", "\"\"", "\"a b\"", "\"a\\nb\""}) {
    EXPECT_NE(mistakes("category: " + category).find("cannot be the name of a category"),
              std::string::npos)
        << category;
  }
}

TEST(Scenario, RefusesOtherDocuments) {
  EXPECT_EQ(parse("").mistakes,
            "s.yaml: the document is empty\n  hint: begin with scenario: NAME\n");
  EXPECT_EQ(parse("- a\n").mistakes,
            "s.yaml:1:1: a scenario is a mapping, not a sequence\n"
            "  hint: begin with scenario: NAME\n");
  EXPECT_NE(parse("a: [\n").mistakes, "");
}

TEST(Scenario, TakesOnlyPlainNames) {
  for (const char* name : {"a", "redis-kill", "x1-2"}) {
    std::string text = document("faults:\n" + pause_item);
    text.replace(10, 4, name);
    EXPECT_EQ(parse(text).mistakes, "") << name;
  }
  for (const char* name : {"Redis", "a--b", "-a", "a-", "a b", "../x", "\"\"", "a_b"}) {
    std::string text = document("faults:\n" + pause_item);
    text.replace(10, 4, name);
    EXPECT_NE(parse(text).mistakes.find("cannot be the name of a scenario"), std::string::npos)
        << name;
  }
}

TEST(Scenario, ScalesTheAuthorsDurationsOnly) {
  Options options = fake::options();
  options.time_scale = 0.1;
  const Outcome got = parse(document("baseline: 1 s\n"
                                     "detect:\n"
                                     "  - {name: seen, http: {url: x}, within: 5 s, every: 50 ms}\n"
                                     "faults:\n"
                                     "  - process.pause: {select: {name: redis}}\n"
                                     "    at: 1 s\n"
                                     "    for: 5 s\n"
                                     "abort: [{when: failing ping, for: 2 s}]\n"
                                     "recover: {within: 20 s}\n"),
                            options);
  ASSERT_EQ(got.mistakes, "");
  EXPECT_EQ(got.plan->baseline, milliseconds(100));
  EXPECT_EQ(got.plan->recover_within, seconds(2));
  EXPECT_EQ(got.plan->faults[0].at, milliseconds(100));
  EXPECT_EQ(got.plan->faults[0].lasts, milliseconds(500));
  EXPECT_EQ(got.plan->checks[1].within, milliseconds(500));
  EXPECT_EQ(got.plan->checks[1].every, milliseconds(50));
  EXPECT_EQ(got.plan->checks[1].timeout, seconds(1));
  EXPECT_EQ(got.plan->stops[0].lasting, seconds(2));
  EXPECT_EQ(got.plan->time_scale, 0.1);
  options.time_scale = 0;
  EXPECT_EQ(parse(document(""), options).mistakes,
            "s.yaml: --time-scale 0 is out of bounds\n  hint: allowed: 0.001 to 10\n");
}

TEST(Scenario, DemandsThatWhatCannotBeUndoneIsAccepted) {
  const std::string kill = "faults:\n  - process.kill: {select: {name: redis}}\n";
  EXPECT_EQ(parse(document(kill)).mistakes,
            "s.yaml:5:5: process.kill cannot be undone: a process that has ended cannot be brought "
            "back, only started anew\n"
            "  hint: if that is fine, say why: accept_irreversible: \"...\"\n");
  EXPECT_EQ(parse(document(kill + "accept_irreversible: runit starts it\n")).mistakes, "");
  for (const char* switched : {"true", "\"\"", "\" \""}) {
    const std::string line = std::string("accept_irreversible: ") + switched + "\n";
    EXPECT_NE(parse(document(kill + line)).mistakes.find("is a sentence, not a switch"),
              std::string::npos);
  }
}

TEST(Scenario, HidesMistakesThatOnlyFollowFromABadReference) {
  const Outcome got =
      parse(document("faults:\n"
                     "  - process.pause: {select: {pid: \"${redis.pid}\"}}\n"
                     "    for: ${pause.length}\n"));
  const auto lines =
      static_cast<std::size_t>(std::count(got.mistakes.begin(), got.mistakes.end(), '\n'));
  EXPECT_EQ(lines, 4U) << got.mistakes;
  EXPECT_EQ(got.mistakes.find("is not a"), std::string::npos) << got.mistakes;
}

TEST(Scenario, KeepsSecretsInTextsAndExplainsThemElsewhere) {
  Options options = fake::options();
  options.sources.demand_secrets = false;
  const Outcome kept = parse(document("during:\n"
                                      "  - {name: web, http: {url: \"http://x/${env:TOKEN}\"}}\n"
                                      "faults:\n" +
                                      pause_item),
                             options);
  ASSERT_EQ(kept.mistakes, "");
  EXPECT_EQ(text_at(kept.plan->checks[1].params, "url"), "http://x/${env:TOKEN}");
  const Outcome misplaced = parse(
      document("during:\n  - {name: web, tcp: {port: \"${env:PORT}\"}}\nfaults:\n" + pause_item),
      options);
  EXPECT_EQ(misplaced.mistakes,
            "s.yaml:5:29: port: \"${env:PORT}\" is not a whole number\n"
            "  hint: a secret is read only during the run, so it can stand only where a text is "
            "expected; use --set for other values\n");
}

TEST(Scenario, HasTargetsOfItsOwn) {
  const Outcome got =
      parse(document("targets: {redis: {name: redis-server}}\n"
                     "faults:\n"
                     "  - process.pause: {select: {name: \"${redis.name}\"}}\n"
                     "    for: 1 s\n"));
  ASSERT_EQ(got.mistakes, "");
  EXPECT_EQ(canonical_json(got.plan->faults[0].params.at("select")), R"({"name":"redis-server"})");
  EXPECT_NE(parse(document("targets: [a]\nfaults:\n" + pause_item)).mistakes, "");
}

TEST(Scenario, TakesOnlyAbsolutePathsForTheFingerprint) {
  const std::string good = "fingerprint: {files: [/etc/hosts, /tmp/x]}\nfaults:\n" + pause_item;
  EXPECT_EQ(parse(document(good)).plan->fingerprint_files,
            (std::vector<std::string>{"/etc/hosts", "/tmp/x"}));
  EXPECT_EQ(parse(document("fingerprint: {files: hosts}\nfaults:\n" + pause_item)).mistakes,
            "s.yaml:4:14: files: \"hosts\" is not an absolute path\n"
            "  hint: begin it with a slash\n");
}

TEST(Checks, AreDemandedAsTheirListSays) {
  const Outcome got =
      parse(document("during:\n"
                     "  - {name: a, tcp: {port: 1}}\n"
                     "  - {name: b, tcp: {port: 1}, never: true}\n"
                     "detect: [{name: c, tcp: {port: 1}, within: 1 s}]\n"
                     "heal: [{name: d, tcp: {port: 1}, within: 2 s}]\n"
                     "faults:\n" +
                     pause_item));
  ASSERT_EQ(got.mistakes, "");
  ASSERT_EQ(got.plan->checks.size(), 5U);
  EXPECT_EQ(got.plan->checks[1].demand, Demand::always);
  EXPECT_EQ(got.plan->checks[2].demand, Demand::never);
  EXPECT_EQ(got.plan->checks[3].demand, Demand::eventually);
  EXPECT_EQ(got.plan->checks[3].gate, Gate::detect);
  EXPECT_EQ(got.plan->checks[4].gate, Gate::heal);
  EXPECT_EQ(got.plan->checks[4].within, seconds(2));
}

TEST(Checks, ReportTheirMistakes) {
  const auto mistakes = [](const std::string& lists) {
    return parse(document(lists + "faults:\n" + pause_item)).mistakes;
  };
  EXPECT_EQ(mistakes("during: [{name: ping, tcp: {port: 1}}]\n"),
            "s.yaml:4:17: a second check has the name \"ping\"\n"
            "  hint: reports tell checks apart by their names; choose another\n");
  EXPECT_EQ(mistakes("during: [{name: a b, tcp: {port: 1}}]\n"),
            "s.yaml:4:17: \"a b\" cannot be the name of a check\n"
            "  hint: use up to 64 letters, digits, \"_\", \"-\" or \".\", without blanks\n");
  EXPECT_EQ(mistakes("during: [{name: a, tpc: {port: 1}}]\n"),
            "s.yaml:4:20: unknown probe \"tpc\"\n  hint: did you mean \"tcp\"?\n");
  EXPECT_EQ(mistakes("during: [{name: a}]\n"),
            "s.yaml:4:10: no probe is named here\n"
            "  hint: write for example http: {url: \"http://127.0.0.1:8080/health\"}\n");
  EXPECT_EQ(mistakes("during: [{name: a, tcp: {port: 1}, http: {url: x}}]\n"),
            "s.yaml:4:36: a second probe in one item: \"http\" after \"tcp\"\n"
            "  hint: begin an item of its own for it, with \"- \"\n");
  EXPECT_EQ(mistakes("during: [{name: a, tcp: {port: 1}, evry: 1 s}]\n"),
            "s.yaml:4:36: unknown key \"evry\" in an item with a probe\n"
            "  hint: did you mean \"every\"?\n");
  EXPECT_EQ(mistakes("during: [{name: a, tcp: {port: 1}, within: 1 s}]\n"),
            "s.yaml:4:44: \"within\" has no meaning here\n"
            "  hint: detect and heal have it; for the steady state write recover: {within: ...}\n");
  EXPECT_EQ(mistakes("detect: [{name: a, tcp: {port: 1}, never: true, within: 1 s}]\n"),
            "s.yaml:4:43: \"never\" has no meaning here\n"
            "  hint: checks under \"during\" may have it\n");
  EXPECT_EQ(mistakes("during: [{name: a, http: {url: \"ftp://x\"}}]\n"),
            "s.yaml:4:26: url: ftp is not spoken here\n  hint: use http://\n");
  EXPECT_NE(mistakes("detect: [{name: a, tcp: {port: 1}}]\n").find("\"within\" is missing"),
            std::string::npos);
  EXPECT_NE(mistakes("during: {name: a, tcp: {port: 1}}\n").find("a list is expected here"),
            std::string::npos);
  EXPECT_NE(mistakes("during: [a]\n").find("is there a colon missing?"), std::string::npos);
}

TEST(Checks, ReportWhatTheirToleranceFindsWrong) {
  const std::string text = "during: [{name: a, http: {url: x}, expect: {latncy: \"< 1 s\"}}]\n";
  EXPECT_NE(parse(document(text + "faults:\n" + pause_item)).mistakes.find("latncy"),
            std::string::npos);
}

TEST(Stops, AreReadInWords) {
  const Outcome got = parse(document("faults:\n" + pause_item +
                                     "abort:\n"
                                     "  - {when: \"error_rate > 20 %\", for: 2 s}\n"
                                     "  - {when: latency_p99 of ping >= 2 s, over: 10 s}\n"
                                     "  - {when: \"cpu>95%\"}\n"
                                     "  - {when: \"memory < 5 %\"}\n"
                                     "  - {when: failing ping, for: 3 s}\n"));
  ASSERT_EQ(got.mistakes, "");
  const std::vector<StopCondition>& stops = got.plan->stops;
  ASSERT_EQ(stops.size(), 5U);
  EXPECT_EQ(stops[0].metric, "error_rate");
  EXPECT_EQ(stops[0].check, "");
  EXPECT_EQ(stops[0].comparison, ">");
  EXPECT_DOUBLE_EQ(stops[0].threshold, 0.2);
  EXPECT_EQ(stops[0].lasting, seconds(2));
  EXPECT_EQ(stops[0].window, seconds(5));
  EXPECT_EQ(stops[1].check, "ping");
  EXPECT_EQ(stops[1].comparison, ">=");
  EXPECT_EQ(stops[1].threshold, 2);
  EXPECT_EQ(stops[1].window, seconds(10));
  EXPECT_DOUBLE_EQ(stops[2].threshold, 0.95);
  EXPECT_EQ(stops[2].window, Duration{});
  EXPECT_EQ(stops[3].comparison, "<");
  EXPECT_EQ(stops[4].metric, "failing");
  EXPECT_EQ(stops[4].check, "ping");
  EXPECT_EQ(stops[4].threshold, 1);
}

TEST(Stops, ReportTheirMistakes) {
  const auto mistakes = [](const std::string& when, const std::string& rest = "") {
    const std::string text = parse(document("faults:\n" + pause_item + "abort: [{when: \"" + when +
                                            "\"" + rest + "}]\n"))
                                 .mistakes;
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(mistakes("eror_rate > 20 %"),
            "s.yaml:7:16: when: \"eror_rate\" is not a quantity that is watched");
  EXPECT_EQ(mistakes("error_rate > 0.2"),
            "s.yaml:7:16: when: the share \"0.2\" has no percent sign");
  EXPECT_EQ(mistakes("error_rate > 120 %"), "s.yaml:7:16: when: error_rate never comes to 120 %");
  EXPECT_EQ(mistakes("latency_p99 > 20 %"), "s.yaml:7:16: when: \"%\" is not a unit of time");
  EXPECT_EQ(mistakes("cpu of ping > 20 %"),
            "s.yaml:7:16: when: cpu is that of the whole host, not of a check");
  EXPECT_EQ(mistakes("cpu == 20 %"), "s.yaml:7:16: when: \"==\" is not a comparison");
  EXPECT_EQ(mistakes("failing pong"), "s.yaml:7:16: when: there is no check \"pong\"");
  EXPECT_EQ(mistakes("failing"), "s.yaml:7:16: when: there is no check \"\"");
  EXPECT_EQ(mistakes("soon"), "s.yaml:7:16: when: \"soon\" is not understood");
  EXPECT_EQ(mistakes(""), "s.yaml:7:16: when: \"\" is not understood");
  EXPECT_EQ(mistakes("cpu > 20 %", ", over: 1 s"),
            "s.yaml:7:36: \"over\" has no meaning here: the quantity is taken at each moment");
  EXPECT_EQ(mistakes("cpu > 20 %", ", fro: 1 s"),
            "s.yaml:7:30: unknown key \"fro\" in a stop condition");
}

}  // namespace
}  // namespace squall::scenario
