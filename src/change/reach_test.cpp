#include "change/reach.h"

#include <gtest/gtest.h>

namespace squall::change {
namespace {

TEST(Reach, SaysThatAVerbWhichDoesNotExistGaveNoAnswer) {
  const Result<json::object> answer = reach_call("no.such", {}, seconds(5));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::failed);
  EXPECT_NE(answer.error().render().find("no.such ended without an answer"), std::string::npos)
      << answer.error().render();
  EXPECT_FALSE(reach_hold("no.such", {}, seconds(5)).ok());
}

}  // namespace
}  // namespace squall::change
