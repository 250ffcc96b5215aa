#include "param/secret_codec.h"

#include <gtest/gtest.h>

#include "param/table.h"

namespace squall::param {
namespace {

struct Login {
  Secret password;
};
const Table<Login> table{{field("password", &Login::password, {.about = "To get in."})}};

TEST(SecretCodec, TakesOnlyReferences) {
  for (const std::string_view good : {"", "${env:TOKEN}", "${file:/run/secret}"}) {
    const Result<Login> login = table.from_json({{"password", good}});
    ASSERT_TRUE(login.ok()) << good;
    EXPECT_EQ(login->password.reference, good);
    EXPECT_EQ(text_at(table.to_json(*login), "password"), good);
  }
  EXPECT_EQ(table.from_json({})->password, Secret{});
}

TEST(SecretCodec, RefusesTheSecretItselfAndDoesNotRepeatIt) {
  for (const std::string_view bad :
       {"hunter2", "Bearer ${env:TOKEN}", "${env:TOKEN} ", "${env:A}${env:B}", "${password}"}) {
    const Result<Login> login = table.from_json({{"password", bad}});
    ASSERT_FALSE(login.ok()) << bad;
    EXPECT_EQ(login.error().message.find(bad), std::string::npos) << login.error().message;
    EXPECT_NE(login.error().next.find("${env:NAME}"), std::string::npos);
  }
  EXPECT_FALSE(table.from_json({{"password", json::array{"${env:A}"}}}).ok());
}

}  // namespace
}  // namespace squall::param
