#include <csignal>

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "change/holder.h"
#include "change/unnamed_files.h"
#include "core/check.h"
#include "sys/scratch_mount_test.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "disk.inode_ballast");
}

class DiskInodeBallast : public testing::Test {
 protected:
  void SetUp() override {
    if (!mount_.is_mounted()) GTEST_SKIP() << "needs root to mount a filesystem";
  }
  json::object with(std::string_view name, std::int64_t number) const {
    return {{"path", mount_.path()}, {name, number}};
  }
  Result<Holder> start(const json::object& params) const {
    return Holder::start(kind(), params, TRY(kind().capture(params)), seconds(2));
  }
  sys::ScratchMount mount_;
};

TEST_F(DiskInodeBallast, TakesACountUntilItIsReleased) {
  const std::uint64_t before = mount_.free_inodes();
  Holder holder = start(with("count", 300)).value();
  EXPECT_EQ(before - mount_.free_inodes(), 300U);
  EXPECT_EQ(canonical_json(holder.facts()), R"({"is_done":true,"taken":300})");
  holder.release(seconds(1));
  EXPECT_EQ(mount_.free_inodes(), before);
}

TEST_F(DiskInodeBallast, LeavesNoneSoThatNoFileCanBeMade) {
  Holder holder = start(with("leave", 0)).value();
  EXPECT_EQ(mount_.free_inodes(), 0U);
  const auto file = sys::open_file(mount_.path() + "/victim", O_CREAT | O_WRONLY);
  ASSERT_FALSE(file.ok());
  EXPECT_NE(file.error().message.find("No space left"), std::string::npos);
  holder.release(seconds(1));
  EXPECT_TRUE(sys::open_file(mount_.path() + "/victim", O_CREAT | O_WRONLY).ok());
}

// Between our look at what is free and the last file that we make, others make and remove theirs.
TEST_F(DiskInodeBallast, LeavesWhatItIsToldAlsoWhileOthersComeAndGo) {
  const json::object params = with("leave", 0);
  const json::object before = kind().capture(params).value();
  const pid_t others = ::fork();
  if (others == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true) {
      UnnamedFiles files;
      CHECK(files.add(mount_.path(), 50, {}).ok(), "running out of inodes is no error");
    }
  }
  constexpr int rounds = 20;
  for (int round = 0; round < rounds; ++round) {
    Result<Holder> holder = Holder::start(kind(), params, before, seconds(10));
    ASSERT_TRUE(holder.ok()) << holder.error().render();
    EXPECT_TRUE(holder->check()) << "round " << round;
    holder->release(seconds(1));
  }
  EXPECT_EQ(::kill(others, SIGKILL), 0);
  int status = 0;
  ::waitpid(others, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it came and went till then";
}

TEST_F(DiskInodeBallast, NamesWhatItDemandsOfTheHost) {
  const Demand demand = kind().footprint(with("count", 300))->demand;
  EXPECT_EQ(demand.disk.at(0).inodes, 300U);
  EXPECT_EQ(demand.descriptors, 300);
  EXPECT_EQ(demand.memory, Bytes{300 * 1800});
}

TEST_F(DiskInodeBallast, RefusesMoreThanThereAre) {
  const Result<json::object> image = kind().capture(with("count", 100'000));
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().code, Code::refused) << image.error().render();
}

TEST_F(DiskInodeBallast, RefusesMoreThanItCanGiveBackInTime) {
  const sys::ScratchMount large({.inodes = 3'000'000});
  const json::object params{{"path", large.path()}, {"leave", 0}};
  const Result<json::object> image = kind().capture(params);
  ASSERT_FALSE(image.ok());
  EXPECT_NE(image.error().message.find("kernel memory"), std::string::npos);
}

TEST_F(DiskInodeBallast, TakesExactlyOneOfCountAndLeave) {
  EXPECT_EQ(kind().capture({{"path", mount_.path()}}).error().code, Code::invalid);
  EXPECT_EQ(kind().capture(with("count", -1)).error().code, Code::invalid);
}

TEST_F(DiskInodeBallast, IsUnsupportedWhereInodesCannotRunOut) {
  const Result<json::object> image = kind().capture({{"path", "/proc"}, {"leave", 0}});
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().code, Code::unsupported) << image.error().render();
}

}  // namespace
}  // namespace squall::change
