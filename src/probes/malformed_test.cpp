#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/load/target_test.h"
#include "net/test_server.h"
#include "probes/measure_test.h"

namespace squall::probe {
namespace {

using net::LoadTarget;
using ::testing::HasSubstr;

json::object params_for(int port, std::string_view family) {
  return {{"url", fmt::format("http://127.0.0.1:{}/", port)}, {"families", json::array{family}}};
}

LoadTarget::Serve close_with(std::string answer) {
  return [answer](std::string& bytes) {
    bytes.clear();
    return LoadTarget::Reply{answer, true};
  };
}

TEST(MalformedProbe, FindsASoundServerSound) {
  const LoadTarget sound(close_with("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"));
  const Sample sample = measure("malformed", params_for(sound.port(), "sql_injection"));
  EXPECT_EQ(sample.problem, "");
  EXPECT_EQ(sample.values.at("rejected"), 4);
  EXPECT_EQ(sample.values.at("not_rejected"), "");
  EXPECT_EQ(why_broken(sample, "malformed", R"({"accepted": 0, "failed": 0, "unanswered": 0})"),
            "");
}

TEST(MalformedProbe, NamesWhatWasNotRefused) {
  const LoadTarget careless(close_with("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  const Sample accepted = measure("malformed", params_for(careless.port(), "script"));
  EXPECT_EQ(accepted.values.at("accepted"), 3);
  EXPECT_THAT(text_in(accepted, "not_rejected"), HasSubstr("script_in_query"));
  EXPECT_NE(why_broken(accepted, "malformed", R"({"accepted": 0})"), "");
  const LoadTarget broken(close_with("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(measure("malformed", params_for(broken.port(), "script")).values.at("failed"), 3);
  const LoadTarget rude(close_with(""));
  EXPECT_EQ(measure("malformed", params_for(rude.port(), "script")).values.at("unanswered"), 3);
}

TEST(MalformedProbe, SendsOnlyGetUnlessItMay) {
  json::object params = params_for(80, "json");
  EXPECT_THAT(mistake_in("malformed", params), HasSubstr("none of their requests is a GET"));
  params["may_change"] = true;
  EXPECT_EQ(mistake_in("malformed", params), "no mistake");
}

TEST(MalformedProbe, SaysThatNobodyIsThere) {
  const Sample sample = measure("malformed", params_for(net::unused_port(), "script"));
  EXPECT_THAT(sample.problem, HasSubstr("connection refused"));
  EXPECT_EQ(sample.values.at("reached"), false);
}

TEST(MalformedProbe, ClaimsNothingWhenAStopIsAskedFor) {
  const LoadTarget silent([](std::string&) { return LoadTarget::Reply{}; });
  const auto probe = open_probe("malformed", params_for(silent.port(), "script"));
  std::stop_source source;
  const std::jthread asker([&] { source.request_stop(); });
  const Sample sample = probe->take(seconds(30), source.get_token());
  EXPECT_THAT(sample.problem, HasSubstr("stopped while"));
  EXPECT_FALSE(sample.values.contains("reached"));
}

TEST(MalformedProbe, RefusesParametersThatCannotWork) {
  EXPECT_THAT(mistake_in("malformed", {{"url", "ftp://x/"}}), HasSubstr("ftp"));
  EXPECT_THAT(mistake_in("malformed", params_for(80, "nonsense")), HasSubstr("is no family"));
}

}  // namespace
}  // namespace squall::probe
