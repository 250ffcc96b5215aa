#include "faults/needs.h"

#include <gtest/gtest.h>

namespace squall::fault {
namespace {

TEST(KernelVersion, IsReadFromWhatUnameSays) {
  EXPECT_EQ(kernel_version("6.18.44"), (KernelVersion{6, 18}));
  EXPECT_EQ(kernel_version("5.10.0-28-amd64"), (KernelVersion{5, 10}));
  EXPECT_EQ(kernel_version("5.4"), (KernelVersion{5, 4}));
  for (const char* text : {"", "x", "6", "6.", "6.x"}) {
    EXPECT_LT(kernel_version(text), (KernelVersion{0, 1})) << text;
  }
}

TEST(NeedKernel, ComparesMinorVersionsAsNumbers) {
  EXPECT_TRUE(need_kernel({.kernel = "5.12.0"}, {5, 12}, "x").met);
  EXPECT_FALSE(need_kernel({.kernel = "5.9.0"}, {5, 12}, "x").met);
  EXPECT_TRUE(need_kernel({.kernel = "10.1.0"}, {5, 12}, "x").met);
}

}  // namespace
}  // namespace squall::fault
