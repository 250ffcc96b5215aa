#include "sys/standard_descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

namespace squall::sys {
namespace {

bool is_null_device(int number) {
  struct stat status {};
  return ::fstat(number, &status) == 0 && S_ISCHR(status.st_mode) &&
         status.st_rdev == makedev(1, 3);
}

TEST(StandardDescriptors, AreFilledWhereTheyAreClosedAndLeftWhereTheyAreNot) {
  const pid_t child = ::fork();
  if (child == 0) {
    struct stat before {};
    struct stat after {};
    ::close(0);
    ::close(2);
    const bool told = ::fstat(1, &before) == 0 && fill_standard_descriptors();
    const bool kept = ::fstat(1, &after) == 0 && before.st_ino == after.st_ino;
    const bool next_is_higher = ::open("/dev/null", O_RDONLY) > 2;
    ::_exit(told && kept && next_is_higher && is_null_device(0) && is_null_device(2) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace squall::sys
