#include <fcntl.h>

#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

// Other work on this host opens files too, but not thousands within a moment.
TEST(HostDescriptors, SeesThatManyMoreFilesAreOpenAndTheirEnd) {
  const auto witness = scenes::open("host.descriptors", {{"at_least", 5000}}).value();
  EXPECT_FALSE(witness->look()->on);
  {
    const auto open_many = [] {
      for (int i = 0; i < 900; ++i) static_cast<void>(::open("/dev/null", O_RDONLY));
    };
    const scenes::Child a(open_many), b(open_many), c(open_many), d(open_many), e(open_many);
    EXPECT_FALSE(witness->look()->on) << "4500 are not enough";
    const scenes::Child f(open_many), g(open_many);
    const auto on = scenes::see(*witness, true);
    ASSERT_TRUE(on.has_value());
    EXPECT_NEAR(on->dose, 6300, 1000);
  }
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST(HostDescriptors, WantsToKnowHowMany) {
  EXPECT_FALSE(scenes::open("host.descriptors", {}).ok());
  EXPECT_FALSE(scenes::open("host.descriptors", {{"at_least", 0}}).ok());
}

}  // namespace
}  // namespace squall::witness
