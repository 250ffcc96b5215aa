#include "net/load/malformed.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/load/http_load.h"
#include "net/load/load.h"
#include "net/load/target_test.h"

namespace squall::net {
namespace {

using ::testing::HasSubstr;

HttpRequest good() {
  return {.method = "POST",
          .url = {.host = "127.0.0.1", .target = "/orders?shop=1"},
          .headers = {{"Authorization", "Bearer t"}, {"Content-Type", "application/json"}},
          .body = R"({"item": "x", "amount": 2})"};
}

TEST(Malformed, HasEveryFamilyAndNoNameTwice) {
  const std::vector<LoadForm> forms =
      malformed_requests({.good = good(), .too_early = {"POST /orders/1/ship"}}).value();
  std::set<std::string> names;
  std::set<std::string> families;
  for (const LoadForm& form : forms) {
    EXPECT_TRUE(names.insert(form.name).second) << form.name;
    families.insert(form.family);
    EXPECT_NE(form.bytes, render_request(good(), Closing::keep_alive)) << form.name;
    EXPECT_THAT(form.bytes, HasSubstr("\r\n\r\n")) << form.name;
  }
  EXPECT_EQ(families,
            std::set<std::string>(malformed_families().begin(), malformed_families().end()));
  EXPECT_GT(forms.size(), 40U);
  for (const char* name : {"other_type_of_amount", "without_item", "too_early_/orders/1/ship"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(Malformed, GetsPastALoginButIsNoGoodRequest) {
  const std::vector<LoadForm> forms =
      malformed_requests({.good = good(), .families = {"sql_injection", "script"}}).value();
  for (const LoadForm& form : forms) {
    EXPECT_THAT(form.bytes, HasSubstr("Authorization: Bearer t\r\n")) << form.name;
  }
  EXPECT_THAT(forms.front().bytes, HasSubstr("GET /orders/%27%20OR"));
}

TEST(Malformed, CanLeaveOutWhatWouldChangeSomething) {
  const std::vector<LoadForm> forms =
      malformed_requests({.good = good(), .may_change = false}).value();
  EXPECT_GT(forms.size(), 15U);
  for (const LoadForm& form : forms) EXPECT_TRUE(form.bytes.starts_with("GET ")) << form.name;
}

TEST(Malformed, RefusesFamiliesAndStepsThatAreNone) {
  const auto mistake = [](MalformedOrder order) {
    const auto forms = malformed_requests(order);
    return forms.ok() ? "none" : forms.error().message + " / " + forms.error().next;
  };
  EXPECT_THAT(mistake({.good = good(), .families = {"sql"}}), HasSubstr("use sql_injection,"));
  for (const char* step : {"POST", "POST orders", "BREW /coffee", "GET /a b"}) {
    EXPECT_THAT(mistake({.good = good(), .too_early = {step}}), HasSubstr("is not a step")) << step;
  }
}

// A server that takes everything: each form must come back as accepted, under its own name.
TEST(Malformed, FindsAServerThatAcceptsEverything) {
  const LoadTarget target([](std::string& bytes) {
    const bool is_some = !bytes.empty();
    bytes.clear();
    return LoadTarget::Reply{is_some ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" : "", true};
  });
  const std::vector<LoadForm> forms = malformed_requests({.good = good()}).value();
  const auto count = static_cast<std::int64_t>(forms.size());
  const LoadOrder order{.endpoint = {.host = "127.0.0.1", .port = target.port()},
                        .rate = {500},
                        .connections = 4,
                        .count = count,
                        .duration = seconds(10),
                        .timeout = seconds(5),
                        .invalid = Share{1}};
  const LoadTally tally =
      Load::start(order, std::make_unique<HttpLoad>(good(), forms)).value()->wait();
  EXPECT_EQ(tally.due, count);
  EXPECT_EQ(tally.sum(LoadTally::rejected), 0);
  EXPECT_GT(tally.sum(LoadTally::accepted), count * 9 / 10);
}

}  // namespace
}  // namespace squall::net
