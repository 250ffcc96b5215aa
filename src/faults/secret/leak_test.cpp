#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

Facts with_log() {
  Facts facts;
  facts.files["/log"] = {.exists = true, .size = 1};
  return facts;
}

std::vector<std::string> leaked(std::string_view params, std::uint64_t seed = 1) {
  const Strike strike = plan({"secret.leak", params, seed}, with_log()).value();
  EXPECT_EQ(strike.changes.at(0).kind, "file.tail");
  EXPECT_EQ(strike.watches.at(0).witness, "file.lines");
  std::vector<std::string> lines;
  for (const json::value& line : *array_at(strike.changes[0].params, "lines")) {
    lines.emplace_back(line.get_string());
  }
  EXPECT_EQ(integer_at(strike.changes[0].params, "count"), static_cast<std::int64_t>(lines.size()));
  return lines;
}

std::string one(const std::string& kind, std::uint64_t seed = 1) {
  return leaked(R"({"path": "/log", "kinds": [")" + kind + R"("]})", seed).at(0);
}

// The expressions are those by which scanners find them.
TEST(SecretLeak, MakesSecretsThatAScannerMustNotice) {
  for (const auto& [kind, expression] : std::vector<std::pair<std::string, std::string>>{
           {"aws_key", "AK[I]A[A-Z2-7]{16} AWS_SECRET_ACCESS_KEY=[A-Za-z0-9]{40} "},
           {"github_token", "gh[p]_[A-Za-z0-9]{36}"},
           {"slack_token", "xox[b]-[0-9]{12}-[0-9]{12}-[A-Za-z0-9]{24}"},
           {"api_key", "AI[z]a[0-9A-Za-z_-]{35}"},
           {"password", "password=[A-Za-z0-9]{20}"},
           {"connection", "postgre[s]://[a-z]+:[A-Za-z0-9]{20}@"},
           {"bearer", "Authorization: Bearer [A-Za-z0-9]{40}"},
           {"jwt", "ey[J][A-Za-z0-9]+\\.ey[J][A-Za-z0-9]+\\.[A-Za-z0-9_-]{43}"},
           {"private_key", "-----BEGIN RSA PRIVATE KE[Y]-----"},
           {"card", "card=4[0-9]{15} "}}) {
    EXPECT_TRUE(std::regex_search(one(kind), std::regex(expression))) << one(kind);
  }
}

TEST(SecretLeak, SaysOfEachThatItIsAFake) {
  const std::vector<std::string> lines = leaked(R"({"path": "/log"})");
  EXPECT_EQ(lines.size(), 10U);
  for (const std::string& line : lines) {
    EXPECT_THAT(line, HasSubstr("FAKE SECRET"));
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  }
}

TEST(SecretLeak, MakesCardNumbersWithARightCheckDigit) {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    const std::string line = one("card", seed);
    const std::string number = line.substr(line.find("card=") + 5, 16);
    int sum = 0;
    for (std::size_t i = 0; i < number.size(); ++i) {
      const int digit = number[number.size() - 1 - i] - '0';
      sum += i % 2 == 0 ? digit : digit * 2 / 10 + digit * 2 % 10;
    }
    EXPECT_EQ(sum % 10, 0) << number;
  }
}

TEST(SecretLeak, MakesThemFromTheSeed) {
  EXPECT_EQ(one("password", 1), one("password", 1));
  EXPECT_NE(one("password", 1), one("password", 2));
}

TEST(SecretLeak, FindsMistakesInTheDocumentAlone) {
  EXPECT_THAT(mistake("secret.leak", R"({"path": "log"})"), HasSubstr("full path"));
  EXPECT_THAT(mistake("secret.leak", R"({"path": "/log", "kinds": ["aws"]})"),
              HasSubstr("no kind of secret"));
}

}  // namespace
}  // namespace squall::fault
