// Markdown, JSON, JUnit XML and the summary: whole texts in tests/golden, and what no golden file
// can say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/drills_test.h"
#include "report/looks_test.h"
#include "report/odd_drills_test.h"
#include "report/report.h"
#include "report/summary.h"

namespace squall::report {
namespace {

using testing::HasSubstr;
using testing::Not;

using Format = std::string (*)(const Timeline&, const engine::Verdict&);

std::string tell(Format format, const Tale& tale) {
  return format(tale.events, engine::judge(tale.events));
}
std::string summed(const Tale& tale, bool colour = false) {
  return summary(tale.events, engine::judge(tale.events), {.has_colour = colour});
}

std::vector<std::pair<std::string, Tale>> drills() {
  return {{"held", redis_drill()},
          {"refuted", refuted_drill()},
          {"invalid", invalid_drill()},
          {"aborted", aborted_drill()},
          {"unsupported", unsupported_drill()}};
}

Tale inconclusive_drill() {
  return Tale::of({.strikes_at_ms = 400, .broken_from_ms = 400, .broken_until_ms = 600});
}

// --- Markdown

TEST(Markdown, ReadsAsTheGoldenFiles) {
  expect_golden("report-held.md", tell(markdown, redis_drill()));
  expect_golden("report-invalid.md", tell(markdown, invalid_drill()));
}

TEST(Markdown, LetsNoHostileTextFormat) {
  const std::string text = tell(markdown, hostile_drill());
  EXPECT_FALSE(has_control_characters(text));
  EXPECT_EQ(count_of(text, "<script"), count_of(text, "\\<script"));
  EXPECT_EQ(count_of(text, "*_["), 0U);
  // Every row of a table has the bars of its table and no more.
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with("|")) continue;
    const std::size_t bars = count_of(line, "|") - count_of(line, "\\|");
    EXPECT_TRUE(bars == 5 || bars == 6 || bars == 12) << line;
  }
}

// --- JSON

TEST(JsonDocument, ReadsAsTheGoldenFile) {
  expect_golden("report-held.json", tell(json_document, redis_drill()));
}

TEST(JsonDocument, CanBeParsedForEveryDrill) {
  for (const auto& [name, tale] : drills()) {
    const Result<json::value> read = parse_json(tell(json_document, tale));
    ASSERT_TRUE(read.ok()) << read.error().render();
    const json::object* verdict = object_at(read->get_object(), "verdict");
    ASSERT_NE(verdict, nullptr);
    EXPECT_EQ(text_at(*verdict, "outcome"), name);
  }
  EXPECT_TRUE(parse_json(tell(json_document, hostile_drill())).ok());
  EXPECT_TRUE(parse_json(tell(json_document, Tale())).ok());
}

// --- JUnit

TEST(Junit, ReadsAsTheGoldenFiles) {
  expect_golden("report-held.xml", tell(junit, redis_drill()));
  expect_golden("report-refuted.xml", tell(junit, refuted_drill()));
}

// The attribute of the whole suite, and the number of elements that it counts.
void expect_counts(const std::string& xml, std::size_t failures, std::size_t errors,
                   std::size_t skipped) {
  EXPECT_THAT(xml,
              HasSubstr("failures=\"" + std::to_string(failures) + "\" errors=\"" +
                        std::to_string(errors) + "\" skipped=\"" + std::to_string(skipped) + "\""));
  EXPECT_EQ(count_of(xml, "<failure "), failures);
  EXPECT_EQ(count_of(xml, "<error "), errors);
  EXPECT_EQ(count_of(xml, "<skipped "), skipped);
  EXPECT_THAT(
      xml, HasSubstr("<testsuites tests=\"" + std::to_string(count_of(xml, "<testcase ")) + "\""));
  EXPECT_EQ(first_broken_tag(xml), "");
}

TEST(Junit, PassesWhatHeldAndSkipsOnlyWhatCannotBeUndone) {
  expect_counts(tell(junit, redis_drill()), 0, 0, 1);
}

TEST(Junit, FailsWhatWasRefuted) {
  const std::string xml = tell(junit, refuted_drill());
  expect_counts(xml, 3, 0, 1);
  EXPECT_THAT(xml, HasSubstr("name=\"front page (steady)\" time=\"0.000\"/>"));
}

TEST(Junit, MakesAnInvalidRunAnErrorAndDecidesNothingElse) {
  const std::string xml = tell(junit, invalid_drill());
  expect_counts(xml, 0, 4, 1);
  EXPECT_THAT(xml, HasSubstr("<skipped message=\"not decided: the run is invalid\"/>"));
  EXPECT_THAT(xml, HasSubstr("<error type=\"invalid\" message=\"not seen: 1.1 of 2 cores busy\">"));
}

TEST(Junit, MakesAnAbortedRunAnError) {
  expect_counts(tell(junit, aborted_drill()), 0, 1, 1);
}

TEST(Junit, MakesAnInconclusiveRunAnError) {
  const std::string xml = tell(junit, inconclusive_drill());
  expect_counts(xml, 0, 2, 1);
  EXPECT_THAT(xml, HasSubstr("2 more (let the baseline last at least"));
}

TEST(Junit, SkipsWhatThisHostCannotDo) {
  expect_counts(tell(junit, unsupported_drill()), 0, 0, 3);
}

TEST(Junit, StaysXmlUnderHostileText) {
  const std::string xml = tell(junit, hostile_drill());
  EXPECT_EQ(first_broken_tag(xml), "");
  EXPECT_FALSE(has_control_characters(xml));
  EXPECT_EQ(first_broken_tag(tell(junit, Tale())), "");
}

// --- the summary

TEST(Summary, ReadsAsTheGoldenFiles) {
  for (const auto& [name, tale] : drills()) expect_golden("summary-" + name + ".txt", summed(tale));
}

TEST(Summary, HasColoursOnlyWhenAsked) {
  EXPECT_THAT(summed(redis_drill()), Not(HasSubstr("\x1b")));
  const std::string coloured = summed(redis_drill(), true);
  EXPECT_THAT(coloured, HasSubstr("\x1b[1;32mHELD\x1b[0m"));
  EXPECT_THAT(summed(refuted_drill(), true), HasSubstr("\x1b[1;31mREFUTED\x1b[0m"));
  EXPECT_THAT(summed(invalid_drill(), true), HasSubstr("\x1b[1;33mINVALID\x1b[0m"));
}

TEST(Summary, BreaksItsSentencesToTheWidth) {
  const Tale tale = refuted_drill();
  const std::string text = summary(tale.events, engine::judge(tale.events), {.width = 40});
  const std::string sentences = text.substr(text.find("REFUTED"));
  for (const std::string& line : split(sentences, '\n')) EXPECT_LE(line.size(), 40U) << line;
  EXPECT_GT(count_of(text, "\n"), count_of(summed(tale), "\n"));
}

TEST(Summary, LetsNoControlCharacterThrough) {
  EXPECT_FALSE(has_control_characters(summed(hostile_drill())));
}

TEST(Summary, SaysWhatWasNotAsked) {
  const std::string text = summed(Tale::of({}));
  EXPECT_THAT(text, HasSubstr("[2/4] detected  not asked\n"));
  EXPECT_THAT(text, HasSubstr("[3/4] healed    not asked\n"));
  EXPECT_THAT(text, HasSubstr("[4/4] verified  the steady state never broke\n"));
}

TEST(Steps, AHealThatWasNotNeededIsNeverToldAsDone) {
  const Tale tale = needless_drill();
  EXPECT_EQ(engine::judge(tale.events).outcome, engine::Outcome::held);
  EXPECT_THAT(summed(tale), HasSubstr("[3/4] healed    check \"comes back\" never broke: nothing"));
  EXPECT_THAT(tell(markdown, tale), HasSubstr("| healed | not needed |"));
  EXPECT_THAT(tell(html, tale), HasSubstr("<b>3 healed</b><span>not needed</span>"));
}

TEST(Summary, NamesEachGateWhenThereAreSeveral) {
  Tale tale = redis_drill();
  scenario::PlannedCheck second = tale.plan.checks.back();
  second.name = "pager rings";
  tale.plan.checks.push_back(second);
  tale.settle_plan();
  tale.add(4000 * ms, "gate",
           {{"gate", "detect"},
            {"check", "pager rings"},
            {"met", true},
            {"within_ns", 3000 * ms},
            {"after_ns", 3400 * ms},
            {"by_ns", 3500 * ms}});
  const std::string text = summed(tale);
  EXPECT_THAT(text, HasSubstr("[2/4] detected  (1.00 to 1.21 s) check \"alert fires\" after 1.00 "
                              "to 1.21 s (limit 3 s)\n"));
  EXPECT_THAT(text,
              HasSubstr("                check \"pager rings\" after 1.4 to 1.5 s (limit 3 s)\n"));
}

TEST(Summary, ShortensALongListOfStrikes) {
  Tale tale = Tale::of({});
  for (int number = 1; number < 9; ++number) {
    tale.add((2000 + number) * ms, "fault_commanded",
             {{"fault", "process.kill"}, {"kind", "process.kill"}, {"strike", number}});
  }
  EXPECT_THAT(summed(tale), HasSubstr("and 3 more strikes\n"));
}

TEST(Summary, OfARunThatDiedReachesNoVerification) {
  Tale tale = redis_drill();
  tale.drop([](const engine::Event& event) { return integer_at(event, "t_ns") > 2500 * ms; });
  const std::string text = summed(tale);
  EXPECT_THAT(text, HasSubstr("[2/4] detected  the run ended before it\n"));
  EXPECT_THAT(text, HasSubstr("[4/4] verified  the run ended before it\n"));
  EXPECT_THAT(text, HasSubstr("ABORTED (exit code 6)\n"));
}

}  // namespace
}  // namespace squall::report
