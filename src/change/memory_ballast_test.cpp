#include <csignal>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/executor.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::change {
namespace {

constexpr std::uint64_t megabyte = 1 << 20;

const Kind& kind() {
  return *find(catalogue(), "memory.ballast");
}
json::object params_of(std::string_view size, std::string_view ramp = "0 s") {
  return {{"size", size}, {"ramp", ramp}, {"fence", fmt::format("squall-ballast-{}", ::getpid())}};
}

// A ballast in force, with what a record of it would hold.
class Loaded {
 public:
  explicit Loaded(const json::object& params)
      : params_(params),
        image_(kind().capture(params).value()),
        holder_(Holder::start(kind(), params, image_, seconds(2)).value()) {
    image_["holder_pid"] = holder_.id().pid;
    image_["holder_start"] = static_cast<std::int64_t>(holder_.id().start_ticks);
  }
  ~Loaded() { end(); }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  Reverted end() {
    holder_.release(seconds(1));
    return kind().revert(params_, image_).value();
  }
  // As the kernel accounts it to the process, in bytes. Shares nothing with how it is filled.
  std::uint64_t resident() const { return status_of("RssAnon:") * 1024; }
  // What a fork of this process brings along, before the ballast.
  static std::uint64_t brought_along() { return status_of("RssAnon:", ::getpid()) * 1024; }
  std::uint64_t status_of(std::string_view key) const { return status_of(key, holder_.id().pid); }
  static std::uint64_t status_of(std::string_view key, std::int64_t pid) {
    const std::string text = sys::read_file(fmt::format("/proc/{}/status", pid)).value();
    for (const std::string& line : split(text, '\n')) {
      if (line.starts_with(key)) return std::stoull(line.substr(key.size()));
    }
    return 0;
  }
  std::string fence() const { return text_at(image_, "fence"); }
  json::object& image() { return image_; }
  Holder& holder() { return holder_; }
  Presence presence() const { return kind().verify(params_, image_).value(); }
  Demand outstanding() const { return kind().outstanding(params_, image_); }

 private:
  json::object params_;
  json::object image_;
  Holder holder_;
};

TEST(MemoryBallast, TakesWhatIsAskedWithinOnePercent) {
  Loaded ballast(params_of("200 MiB"));
  const double asked = 200.0 * megabyte;
  const auto resident = static_cast<double>(ballast.resident());
  EXPECT_GE(resident, asked * 0.99);
  EXPECT_LE(resident, asked * 1.01 + static_cast<double>(Loaded::brought_along()));
  EXPECT_EQ(integer_at(ballast.holder().facts(), "filled_bytes"), 200 * megabyte);
  EXPECT_EQ(ballast.presence(), Presence::in_force);
  EXPECT_EQ(ballast.outstanding().memory.count, 0U);
}

TEST(MemoryBallast, LeaksEvenlyOverItsRamp) {
  const Duration start = sys::monotonic_now();
  Loaded ballast(params_of("128 MiB", "800 ms"));
  std::uint64_t halfway = 0;
  while (sys::monotonic_now() - start < milliseconds(400)) halfway = ballast.resident();
  const double share = (sys::monotonic_now() - start).seconds() / 0.8;
  EXPECT_GT(static_cast<double>(halfway), 128.0 * megabyte * (share - 0.3));
  EXPECT_LT(static_cast<double>(halfway), 128.0 * megabyte * (share + 0.3));
  EXPECT_GT(ballast.outstanding().memory.count, 10 * megabyte) << "it has still to take something";
  while (ballast.resident() < 127 * megabyte && sys::monotonic_now() - start < seconds(5)) {
  }
  EXPECT_GE(ballast.resident(), 127 * megabyte);
  EXPECT_GE(sys::monotonic_now() - start, milliseconds(700)) << "it came too early";
}

TEST(MemoryBallast, StandsInAFenceAndIsTheFirstToDie) {
  Loaded ballast(params_of("16 MiB"));
  const std::string score =
      sys::read_file(fmt::format("/proc/{}/oom_score_adj", ballast.holder().id().pid)).value();
  EXPECT_EQ(trim(score), "1000");
  if (ballast.fence().empty()) GTEST_SKIP() << "no control group can be made here";
  const std::string members = sys::read_file(ballast.fence() + "/cgroup.procs").value();
  EXPECT_EQ(trim(members), std::to_string(ballast.holder().id().pid));
  const bool is_v1 = sys::exists(ballast.fence() + "/memory.limit_in_bytes");
  const std::string limit = is_v1 ? "/memory.limit_in_bytes" : "/memory.max";
  const std::uint64_t bytes = std::stoull(sys::read_file(ballast.fence() + limit).value());
  EXPECT_GE(bytes, 17 * megabyte);
  EXPECT_LE(bytes, 64 * megabyte);
}

TEST(MemoryBallast, IsGoneWithItsHolderAndLeavesAnEmptyFenceToRemove) {
  Loaded ballast(params_of("16 MiB"));
  ::kill(static_cast<pid_t>(ballast.holder().id().pid), SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(ballast.holder().id().pid), &info, WEXITED | WNOWAIT);
  EXPECT_EQ(ballast.presence(), Presence::absent);
  const bool had_fence = !ballast.fence().empty();
  EXPECT_EQ(sys::exists(ballast.fence()), had_fence);
  EXPECT_EQ(ballast.end().ending, had_fence ? Ending::restored : Ending::was_absent);
  EXPECT_FALSE(sys::exists(ballast.fence()));
  EXPECT_EQ(ballast.end().ending, Ending::was_absent);
}

TEST(MemoryBallast, MovesAStrangerOutOfTheFenceAndReportsAGroupInIt) {
  Loaded ballast(params_of("4 MiB"));
  if (ballast.fence().empty()) GTEST_SKIP() << "no control group can be made here";
  const pid_t stranger = ::fork();
  if (stranger == 0) {
    ::alarm(60);
    while (true) ::pause();
  }
  ASSERT_TRUE(sys::write_control(ballast.fence() + "/cgroup.procs", std::to_string(stranger)).ok());
  const std::string inner = ballast.fence() + "/inner";
  ASSERT_EQ(::mkdir(inner.c_str(), 0755), 0);
  const Reverted left = ballast.end();
  EXPECT_EQ(left.ending, Ending::foreign);
  EXPECT_NE(left.detail.find("inner"), std::string::npos) << left.detail;
  ASSERT_EQ(::rmdir(inner.c_str()), 0);
  EXPECT_EQ(ballast.end().ending, Ending::restored);
  EXPECT_EQ(::kill(stranger, SIGKILL), 0) << "the stranger lives";
  ::waitpid(stranger, nullptr, 0);
}

TEST(MemoryBallast, SaysWhatItDemandsOfTheHost) {
  const Footprint footprint = kind().footprint(params_of("3 GiB")).value();
  EXPECT_EQ(footprint.demand.memory.count, 3 * 1024 * megabyte);
  EXPECT_EQ(footprint.resources.size(), 1U);
}

TEST(MemoryBallast, RefusesWhatMakesNoSense) {
  json::object elsewhere = params_of("16 MiB");
  elsewhere["fence"] = "squall-a/../../b";
  EXPECT_EQ(kind().capture(elsewhere).error().code, Code::invalid);
  elsewhere["fence"] = "system.slice";
  EXPECT_EQ(kind().capture(elsewhere).error().code, Code::invalid);
  EXPECT_FALSE(kind().footprint(params_of("1 KiB")).ok());
  EXPECT_FALSE(kind().footprint(params_of("16")).ok());
  EXPECT_FALSE(kind().footprint(params_of("16 MiB", "-1 s")).ok());
  const Loaded ballast(params_of("4 MiB"));
  if (ballast.fence().empty()) return;
  EXPECT_EQ(kind().capture(params_of("4 MiB")).error().code, Code::conflict);
}

}  // namespace
}  // namespace squall::change
