#include "faults/victims.h"

#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::victim;

TEST(ChoiceNames, TellEqualCommandLinesApartByTheirPlace) {
  EXPECT_EQ(choice_names({victim(7, "a"), victim(8, "b"), victim(9, "a")}),
            (std::vector<std::string>{"a#0", "b#0", "a#1"}));
}

TEST(ChoiceNames, FallBackToTheNameOfAProcessWithoutACommandLine) {
  sys::Process process = victim(7, "");
  process.name = "forker";
  EXPECT_EQ(choice_names({process}), (std::vector<std::string>{"forker#0"}));
}

}  // namespace
}  // namespace squall::fault
