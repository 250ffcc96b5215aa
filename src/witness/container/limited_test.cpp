#include <gmock/gmock.h>

#include "witness/container_scenes_test.h"

namespace squall::witness {
namespace {

using scenes::open;
using scenes::see;
using scenes::stays_off;
using testing::HasSubstr;

class ContainerLimited : public scenes::WithDockerd {
 protected:
  std::unique_ptr<Witness> witness(json::object limits) const {
    return open("container.limited", params("fragile", std::move(limits))).value();
  }
  void update(std::vector<std::string> options) const {
    options.insert(options.begin(), "update");
    options.emplace_back("fragile");
    dockerd_->docker(options);
  }
};

TEST_F(ContainerLimited, SeesALimitOfEachKindByItself) {
  const auto memory = witness({{"memory", "64 MiB"}});
  const auto cpu = witness({{"cpu", "50 %"}});
  const auto processes = witness({{"processes", 20}});
  EXPECT_TRUE(stays_off(*memory, 3) && stays_off(*cpu, 3) && stays_off(*processes, 3));
  EXPECT_EQ(memory->look()->detail, "no limit on bytes of memory");
  update({"--memory", "64m", "--memory-swap", "-1"});
  const auto bound = see(*memory, true);
  ASSERT_TRUE(bound.has_value());
  EXPECT_EQ(bound->detail, "at most 67108864 bytes of memory");
  EXPECT_TRUE(stays_off(*cpu, 3) && stays_off(*processes, 3));
  update({"--cpus", "0.5"});
  EXPECT_EQ(see(*cpu, true)->detail, "at most 0.5 cores");
  EXPECT_TRUE(stays_off(*processes, 3));
  update({"--pids-limit", "20"});
  EXPECT_TRUE(see(*processes, true).has_value());
  update({"--pids-limit", "-1"});
  EXPECT_TRUE(see(*processes, false).has_value());
}

TEST_F(ContainerLimited, SeesSeveralOnlyWhenAllOfThemBind) {
  const auto eyes = witness({{"cpu", "50 %"}, {"processes", 20}});
  update({"--pids-limit", "20"});
  const Sighting half = eyes->look().value();
  EXPECT_FALSE(half.on);
  EXPECT_EQ(half.dose, 1.0);
  update({"--cpus", "0.6"});
  EXPECT_TRUE(stays_off(*eyes, 3)) << "that is more than asked";
  update({"--cpus", "0.4"});
  const auto both = see(*eyes, true);
  ASSERT_TRUE(both.has_value());
  EXPECT_EQ(both->dose, 2.0);
}

TEST_F(ContainerLimited, SeesNoLimitOnWhatHasEnded) {
  update({"--pids-limit", "20"});
  const auto eyes = witness({{"processes", 20}});
  EXPECT_TRUE(see(*eyes, true).has_value());
  kill("fragile");
  EXPECT_TRUE(see(*eyes, false).has_value());
  const auto nothing = open("container.limited", params("healed"));
  ASSERT_FALSE(nothing.ok());
  EXPECT_THAT(nothing.error().message, HasSubstr("nothing to look for"));
}

}  // namespace
}  // namespace squall::witness
