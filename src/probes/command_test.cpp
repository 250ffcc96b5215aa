#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/measure_test.h"
#include "sys/process.h"

namespace squall::probe {
namespace {

using ::testing::HasSubstr;

Sample run(json::array argv, Duration timeout = seconds(20), json::object params = {}) {
  params["argv"] = std::move(argv);
  return measure("command", params, timeout);
}

TEST(CommandProbe, MeasuresHowTheProgramEnded) {
  const Sample sample = run({"sh", "-c", "echo out; echo bad >&2; exit 3"});
  EXPECT_EQ(sample.problem, "");
  EXPECT_EQ(sample.values.at("reached"), true);
  EXPECT_EQ(sample.values.at("exit_code"), 3);
  EXPECT_EQ(sample.values.at("stdout"), "out\n");
  EXPECT_EQ(sample.values.at("stderr"), "bad\n");
  EXPECT_GT(duration_in(sample, "latency"), Duration{0});
  EXPECT_EQ(why_broken(sample, "command", R"({"exit_code": 0})"), "exit_code is 3, not 0");
}

TEST(CommandProbe, TakesFolderAndEnvironment) {
  const Sample sample = run({"sh", "-c", "pwd; echo $WORD"}, seconds(20),
                            {{"directory", "/usr"}, {"environment", {{"WORD", "two words"}}}});
  EXPECT_EQ(sample.values.at("stdout"), "/usr\ntwo words\n");
}

TEST(CommandProbe, HasAProblemWhenTheProgramIsMissing) {
  const Sample sample = run({"no-such-program-here"});
  EXPECT_EQ(sample.problem, "there is no program \"no-such-program-here\" in PATH");
  EXPECT_EQ(canonical_json(sample.values), R"({"reached":false})");
  EXPECT_EQ(why_broken(sample, "command", R"({"exit_code": "!= 0"})"), sample.problem);
}

TEST(CommandProbe, CountsAKilledProgramAsShellsDo) {
  const Sample sample = run({"sh", "-c", "kill -9 $$"});
  EXPECT_EQ(sample.problem, "");
  EXPECT_EQ(sample.values.at("exit_code"), 137);
}

TEST(CommandProbe, KillsAHangingProgramWithItsChildren) {
  const Sample sample = run({"sh", "-c", "sleep 600 & echo $!; sleep 600"}, milliseconds(300));
  EXPECT_EQ(sample.problem, "sh did not end within 300 ms and was killed");
  EXPECT_EQ(sample.values.at("reached"), false);
  EXPECT_FALSE(sample.values.contains("exit_code"));
  const std::int64_t child = std::stoll(std::string(sample.values.at("stdout").as_string()));
  const Result<sys::Process> process = sys::read_process(child);
  if (process.ok()) {
    const Result<sys::Fd> pidfd = sys::open_process(process->id);
    EXPECT_TRUE(!pidfd.ok() || sys::wait_for_end(*pidfd, seconds(5)));
  }
}

TEST(CommandProbe, KeepsAnOutputThatIsNoTextWithinBounds) {
  const Sample sample = run({"head", "-c", "300000", "/dev/zero"});
  EXPECT_EQ(sample.values.at("stdout").as_string().size(), 65536U);
  const Sample broken = run({"printf", "a\\377b"});
  EXPECT_EQ(broken.values.at("stdout"),
            "a\xEF\xBF\xBD"
            "b");
}

TEST(CommandProbe, ClaimsNothingWhenAStopIsAskedFor) {
  const auto probe = open_probe("command", {{"argv", json::array{"sleep", "600"}}});
  std::stop_source source;
  const std::jthread asker([&] { source.request_stop(); });
  const Sample sample = probe->take(seconds(30), source.get_token());
  EXPECT_EQ(sample.problem, "stopped while sleep was running");
  EXPECT_FALSE(sample.values.contains("reached"));
}

TEST(CommandProbe, RefusesParametersThatCannotWork) {
  EXPECT_THAT(mistake_in("command", {}), HasSubstr("\"argv\" is missing"));
  EXPECT_THAT(mistake_in("command", {{"argv", json::array{}}}), HasSubstr("name of a program"));
  EXPECT_THAT(mistake_in("command", {{"argv", "true"}, {"environment", {{"A=B", "c"}}}}),
              HasSubstr("cannot be set"));
}

}  // namespace
}  // namespace squall::probe
