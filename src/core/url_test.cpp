#include "core/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

using ::testing::HasSubstr;

TEST(Url, ReadsHostPortAndTarget) {
  const Result<Url> url = parse_url(" http://example.org:8080/a/b?c=d&e#part ");
  ASSERT_TRUE(url.ok()) << url.error().render();
  EXPECT_EQ(url->host, "example.org");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(url->target, "/a/b?c=d&e");
  EXPECT_EQ(authority(*url), "example.org:8080");
}

TEST(Url, FillsInWhatMayBeLeftOut) {
  const Result<Url> url = parse_url("HTTP://example.org");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->port, 80);
  EXPECT_EQ(url->target, "/");
  EXPECT_EQ(authority(*url), "example.org");
  EXPECT_EQ(parse_url("http://example.org?x=1")->target, "/?x=1");
  EXPECT_EQ(parse_url("http://example.org:/")->port, 80);
}

TEST(Url, ReadsIpv6AddressesInBrackets) {
  const Result<Url> url = parse_url("http://[fd00::1]:81/");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->host, "fd00::1");
  EXPECT_EQ(url->port, 81);
  EXPECT_EQ(authority(*url), "[fd00::1]:81");
  EXPECT_EQ(authority(*parse_url("http://[::1]/")), "[::1]");
}

TEST(Url, SaysThatTlsIsNotBuiltIn) {
  const Result<Url> url = parse_url("https://example.org/");
  ASSERT_FALSE(url.ok());
  EXPECT_EQ(url.error().code, Code::unsupported);
  EXPECT_THAT(url.error().message, HasSubstr("TLS"));
}

struct Bad {
  std::string text;
  std::string message;
};
class BadUrl : public testing::TestWithParam<Bad> {};

TEST_P(BadUrl, IsRefusedWithAReason) {
  const Result<Url> url = parse_url(GetParam().text);
  ASSERT_FALSE(url.ok());
  EXPECT_EQ(url.error().code, Code::invalid);
  EXPECT_THAT(url.error().message, HasSubstr(GetParam().message));
  EXPECT_NE(url.error().next, "");
}

INSTANTIATE_TEST_SUITE_P(
    All, BadUrl,
    testing::Values(Bad{"", "does not start with http://"},
                    Bad{"ftp://example.org", "does not start with http://"},
                    Bad{"example.org/health", "does not start with http://"},
                    Bad{"http:///path", "names no host"}, Bad{"http://:80/", "names no host"},
                    Bad{"http://[::1", "open \"[\""}, Bad{"http://[::1]x/", "text after \"]\""},
                    Bad{"http://::1/", "more than one \":\""},
                    Bad{"http://[[]", "has the host \"[\""},
                    Bad{"http://[a]/", "has the host \"a\""}, Bad{"http://[]/", "has the host"},
                    Bad{"http://a,b/", "has the host \"a,b\""},
                    Bad{"http://a:0/", "the port \"0\""},
                    Bad{"http://a:65536/", "the port \"65536\""},
                    Bad{"http://a:8o/", "the port \"8o\""}, Bad{"http://a/b c", "blanks"},
                    Bad{"http://a/\r\nX: y", "blanks"}, Bad{"http://a/\xC3\xBC", "beyond ASCII"},
                    Bad{"http://a/" + std::string(9000, 'x'), "too long"}));

TEST(Url, NeverShowsAPasswordInItsMistake) {
  const Result<Url> url = parse_url("http://user:secret@example.org/");
  ASSERT_FALSE(url.ok());
  EXPECT_THAT(url.error().message, HasSubstr("no user name or password"));
  EXPECT_THAT(url.error().render(), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace squall
