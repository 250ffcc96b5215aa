#include "sys/secret.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::sys {
namespace {

using ::testing::HasSubstr;

TEST(Secret, IsReadFromTheEnvironmentAndFromFiles) {
  ::setenv("SQUALL_TEST_SECRET", "hunter2", 1);
  EXPECT_EQ(reveal("${env:SQUALL_TEST_SECRET}").value(), "hunter2");
  ::unsetenv("SQUALL_TEST_SECRET");
  const ScratchFolder scratch;
  const std::string path = scratch / "token";
  ASSERT_TRUE(write_file_durably(path, " a b\n").ok());
  EXPECT_EQ(reveal("${file:" + path + "}").value(), "a b");
  EXPECT_EQ(reveal("").value(), "");
}

TEST(Secret, CanBeReadByOthersWhoAreNotToldIt) {
  ::setenv("SQUALL_TEST_SHARED", "hunter2", 1);
  const std::string shared = share_secret("${env:SQUALL_TEST_SHARED}").value();
  EXPECT_EQ(share_secret("${env:SQUALL_TEST_SHARED}").value(), shared);
  ::unsetenv("SQUALL_TEST_SHARED");
  EXPECT_TRUE(shared.starts_with("${file:/proc/")) << shared;
  EXPECT_EQ(reveal(shared).value(), "hunter2");
  EXPECT_EQ(share_secret("${file:/run/token}").value(), "${file:/run/token}");
  EXPECT_EQ(share_secret("").value(), "");
  EXPECT_EQ(share_secret("${env:SQUALL_NO_SUCH_VARIABLE}").error().code, Code::not_found);
}

TEST(Secret, SaysWhereItLookedWhenThereIsNone) {
  EXPECT_THAT(reveal("${env:SQUALL_NO_SUCH_VARIABLE}").error().message,
              HasSubstr("\"SQUALL_NO_SUCH_VARIABLE\" is not set"));
  EXPECT_THAT(reveal("${file:relative}").error().message, HasSubstr("is not absolute"));
  EXPECT_EQ(reveal("${file:/no/such/file}").error().code, Code::not_found);
  EXPECT_EQ(reveal("${file:/dev/null}").error().code, Code::invalid);
}

}  // namespace
}  // namespace squall::sys
