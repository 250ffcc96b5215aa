#include "sys/user.h"

#include <gtest/gtest.h>

namespace squall::sys {
namespace {

TEST(UserId, KnowsNamesAndNumbers) {
  EXPECT_EQ(user_id("root").value(), 0U);
  EXPECT_EQ(user_id("65534").value(), 65534U);
  EXPECT_EQ(group_id("root").value(), 0U);
  EXPECT_EQ(group_id("7").value(), 7U);
}

TEST(UserId, RefusesWhatIsNone) {
  EXPECT_EQ(user_id("no-such-user").error().code, Code::not_found);
  EXPECT_EQ(group_id("no-such-group").error().code, Code::not_found);
  EXPECT_EQ(user_id("-1").error().code, Code::invalid);
  EXPECT_EQ(user_id("4294967295").error().code, Code::invalid) << "the kernel means nobody by it";
  EXPECT_FALSE(user_id("").ok());
}

}  // namespace
}  // namespace squall::sys
