#include "core/cpu_list.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace squall {
namespace {

TEST(CpuListTest, IsReadAsTheKernelWritesIt) {
  EXPECT_EQ(parse_cpu_list("0").value(), (CpuList{0}));
  EXPECT_EQ(parse_cpu_list("0-2,5\n").value(), (CpuList{0, 1, 2, 5}));
  EXPECT_EQ(parse_cpu_list(" 3 , 1 - 2 ").value(), (CpuList{1, 2, 3}));
  EXPECT_EQ(parse_cpu_list("").value(), CpuList{});
  EXPECT_EQ(render_cpu_list({0, 1, 2, 5, 7, 8}), "0-2,5,7-8");
  EXPECT_EQ(render_cpu_list({}), "");
}

TEST(CpuListTest, RefusesWhatIsNone) {
  for (const char* text : {"a", "-1", "1-", "-", ",", "1,,2", "2-1", "1-2-3", "0x1", "8192",
                           "0-99999999999999999999", "0-8192", "1 2"}) {
    const Result<CpuList> list = parse_cpu_list(text);
    ASSERT_FALSE(list.ok()) << text;
    EXPECT_EQ(list.error().code, Code::invalid);
    EXPECT_FALSE(list.error().next.empty());
  }
}

TEST(CpuListTest, SaysWhetherOneIncludesAnother) {
  EXPECT_TRUE(includes({0, 1, 2}, {0, 2}));
  EXPECT_TRUE(includes({0}, {}));
  EXPECT_FALSE(includes({0, 1}, {2}));
}

RC_GTEST_PROP(CpuListTest, ReadsWhatItWrites, (const std::set<std::uint16_t>& numbers)) {
  CpuList processors;
  for (const std::uint16_t number : numbers) processors.insert(number % (cpu_number_max + 1));
  RC_ASSERT(parse_cpu_list(render_cpu_list(processors)).value() == processors);
}

}  // namespace
}  // namespace squall
