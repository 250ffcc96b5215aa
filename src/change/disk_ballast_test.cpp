#include <csignal>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "change/holder.h"
#include "sys/clock.h"
#include "sys/scratch_mount_test.h"

namespace squall::change {
namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

const Kind& kind() {
  return *find(catalogue(), "disk.ballast");
}

class DiskBallast : public testing::Test {
 protected:
  void SetUp() override {
    if (!mount_.is_mounted()) GTEST_SKIP() << "needs root to mount a filesystem";
  }
  json::object size(std::string_view text) const {
    return {{"path", mount_.path()}, {"size", text}};
  }
  Result<Holder> start(const json::object& params) const {
    return Holder::start(kind(), params, TRY(kind().capture(params)), seconds(2));
  }
  json::object image_of(const Holder& holder) const {
    json::object image = kind().capture(size("1 MiB")).value();
    image["holder_pid"] = holder.id().pid;
    image["holder_start"] = static_cast<std::int64_t>(holder.id().start_ticks);
    return image;
  }
  sys::ScratchMount mount_;
};

TEST_F(DiskBallast, TakesTheSpaceUntilItIsReleased) {
  const std::uint64_t before = mount_.free_bytes();
  Holder holder = start(size("5 MiB")).value();
  EXPECT_EQ(before - mount_.free_bytes(), 5 * mebibyte);
  EXPECT_EQ(canonical_json(holder.facts()), R"({"by":"fallocate","is_done":true,"taken":"5 MiB"})");
  EXPECT_EQ(kind().verify(size("5 MiB"), image_of(holder)).value(), Presence::in_force);
  const json::object image = image_of(holder);
  holder.release(seconds(1));
  EXPECT_EQ(mount_.free_bytes(), before);
  EXPECT_EQ(kind().verify(size("5 MiB"), image).value(), Presence::absent);
}

TEST_F(DiskBallast, IsGoneWithItsHolder) {
  const std::uint64_t before = mount_.free_bytes();
  Holder holder = start({{"path", mount_.path()}, {"leave", "1 MiB"}}).value();
  EXPECT_EQ(mount_.free_bytes(), mebibyte);
  ::kill(static_cast<pid_t>(holder.id().pid), SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(holder.id().pid), &info, WEXITED | WNOWAIT);
  EXPECT_EQ(mount_.free_bytes(), before);
  holder.release({});
}

TEST_F(DiskBallast, NamesWhatItDemandsOfTheHost) {
  const Footprint touched = kind().footprint(size("5 MiB")).value();
  EXPECT_TRUE(touched.paths.empty()) << "no file of the folder is touched";
  ASSERT_EQ(touched.demand.disk.size(), 1U);
  EXPECT_EQ(touched.demand.disk[0].space, Bytes{5 * mebibyte});
  EXPECT_EQ(touched.demand.memory, Bytes{5 * mebibyte}) << "a tmpfs lies in memory";
  const json::object leave{{"path", mount_.path()}, {"leave", "1 MiB"}};
  EXPECT_EQ(kind().footprint(leave)->demand.disk.at(0).space, Bytes{15 * mebibyte});
}

TEST_F(DiskBallast, RefusesMoreThanThereIs) {
  const Result<json::object> image = kind().capture(size("17 MiB"));
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().code, Code::refused);
  EXPECT_NE(image.error().message.find("only 16 MiB"), std::string::npos) << image.error().message;
}

TEST_F(DiskBallast, TakesExactlyOneOfSizeAndLeave) {
  EXPECT_EQ(kind().capture({{"path", mount_.path()}}).error().code, Code::invalid);
  json::object both = size("1 MiB");
  both["leave"] = "1 MiB";
  EXPECT_EQ(kind().capture(both).error().code, Code::invalid);
}

TEST_F(DiskBallast, RefusesAFilesystemThatIsReadOnly) {
  ASSERT_EQ(::mount("none", mount_.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const Result<json::object> image = kind().capture(size("1 MiB"));
  ASSERT_FALSE(image.ok());
  EXPECT_NE(image.error().message.find("read-only"), std::string::npos);
}

TEST_F(DiskBallast, NoticesAnotherFilesystemUnderTheSamePath) {
  const json::object image = kind().capture(size("1 MiB")).value();
  ASSERT_EQ(::mount("other", mount_.path().c_str(), "tmpfs", 0, "size=4m"), 0);
  const Result<Holder> holder = Holder::start(kind(), size("1 MiB"), image, seconds(2));
  ASSERT_FALSE(holder.ok());
  EXPECT_EQ(holder.error().code, Code::conflict) << holder.error().render();
}

}  // namespace
}  // namespace squall::change
