// The head-room guard as a whole: a real guardian, real ballast, and a host that runs short. The
// guardian lives in a control group of half a gigabyte, which is all the host that it has.
#include <atomic>
#include <csignal>
#include <filesystem>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guardian/client.h"
#include "guardian/state.h"
#include "sys/clock.h"
#include "sys/controllers.h"
#include "sys/file.h"

namespace squall::guardian {
namespace {

constexpr std::size_t megabyte = 1 << 20;

bool eventually(const std::function<bool()>& condition) {
  const Duration deadline = sys::monotonic_now() + seconds(10);
  while (!condition()) {
    if (sys::monotonic_now() > deadline) return false;
    sys::sleep_until(sys::monotonic_now() + milliseconds(1));
  }
  return true;
}

class HeadRoomGuard : public testing::Test {
 protected:
  void SetUp() override {
    const auto hierarchy = sys::hierarchy_with("memory");
    if (::geteuid() != 0 || !hierarchy) GTEST_SKIP() << "needs root and a memory controller";
    if (hierarchy->is_v2) GTEST_SKIP() << "on version 2 a group with processes has none inside";
    const sys::ProcessId self = sys::read_process(::getpid()).value().id;
    home_ = sys::cgroup_directory_of(self, *hierarchy).value();
    group_ = fmt::format("{}/squall-guard-test-{}", home_, ::getpid());
    ASSERT_EQ(::mkdir(group_.c_str(), 0755), 0);
    ASSERT_TRUE(sys::write_control(group_ + "/memory.limit_in_bytes", "512M").ok());
    std::string pattern = testing::TempDir() + "guard-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    launch_.state_folder = pattern;
    launch_.program = std::string(SQUALL_BINARY_DIR) + "/squall-guardian";
    launch_.policy_file = pattern + "/policy";
    launch_.idle_limit = milliseconds(300);
    ASSERT_TRUE(sys::write_file_durably(launch_.policy_file, "memory_reserve 50 %\n").ok());
  }
  void TearDown() override {
    session_.reset();
    if (launch_.state_folder.empty()) return;
    EXPECT_TRUE(eventually([&] { return !is_state_locked(launch_.state_folder); }));
    EXPECT_TRUE(eventually([&] { return ::rmdir(group_.c_str()) == 0; })) << "a fence stays";
    std::filesystem::remove_all(launch_.state_folder);
  }
  // The guardian starts as our child, in the group; we leave again.
  void open() {
    move(group_);
    Result<Client> client = Client::connect_or_start(launch_);
    move(home_);
    ASSERT_TRUE(client.ok()) << client.error().render();
    Session::Options options{.run = "run"};
    options.on_trouble = [this](const Session::Trouble& trouble) {
      if (trouble.kind != Session::Trouble::Kind::stopped) return;
      said_ = trouble.message;
      is_stopped_ = true;
    };
    session_ = Session::open(std::move(*client), std::move(options)).value();
  }
  static void move(const std::string& group) {
    ASSERT_TRUE(sys::write_control(group + "/cgroup.procs", std::to_string(::getpid())).ok());
  }
  Result<Session::Applied> take(std::string_view size, std::string_view name = "a") {
    return session_->apply(
        std::string(name),
        {"memory.ballast",
         {{"size", size}, {"ramp", "0 s"}, {"fence", fmt::format("squall-guard-{}", name)}}});
  }
  // Somebody else in the group takes memory.
  pid_t start_neighbour(std::size_t bytes) const {
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    move(group_);
    ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
           0);
    while (true) ::pause();
  }
  bool is_fenced() const { return sys::exists(group_ + "/squall-guard-a"); }

  std::string home_;
  std::string group_;
  Launch launch_;
  std::unique_ptr<Session> session_;
  std::string said_;
  std::atomic<bool> is_stopped_ = false;
};

TEST_F(HeadRoomGuard, RefusesTwiceTheMemoryOfTheHostAndOfItsGroup) {
  open();
  const double total =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  for (const std::uint64_t bytes :
       {static_cast<std::uint64_t>(2 * total), std::uint64_t{1024} * megabyte}) {
    const auto refused = take(render(Bytes{bytes / 4096 * 4096}));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::refused);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("memory_reserve"));
    EXPECT_THAT(refused.error().next, testing::HasSubstr("ask for at most"));
  }
  EXPECT_FALSE(is_fenced()) << "nothing was touched";
}

TEST_F(HeadRoomGuard, CountsWhatALeakHasStillToTake) {
  open();
  ASSERT_TRUE(
      session_
          ->apply("leak", {"memory.ballast",
                           {{"size", "128 MiB"}, {"ramp", "1 h"}, {"fence", "squall-guard-leak"}}})
          .ok());
  const auto refused = take("144 MiB");
  ASSERT_FALSE(refused.ok()) << "it and the leak would leave less than the reserve";
  EXPECT_THAT(refused.error().message, testing::HasSubstr("of which other faults will take"));
  EXPECT_TRUE(take("64 MiB").ok());
}

TEST_F(HeadRoomGuard, EndsARunWhenTheHostRunsShortForAnyReason) {
  open();
  ASSERT_TRUE(take("64 MiB").ok());
  EXPECT_TRUE(is_fenced());
  const pid_t neighbour = start_neighbour(340 * megabyte);
  EXPECT_TRUE(eventually([&] { return is_stopped_.load(); }));
  EXPECT_THAT(said_, testing::HasSubstr("less than half of the reserve of 256 MiB"));
  EXPECT_THAT(said_, testing::HasSubstr("in the control group " + group_));
  EXPECT_TRUE(eventually([&] { return !is_fenced(); })) << "the ballast is gone";
  const auto refused = take("1 MiB", "b");
  ASSERT_FALSE(refused.ok()) << "the run is over";
  EXPECT_THAT(refused.error().message, testing::HasSubstr("this run was stopped"));
  ::kill(neighbour, SIGKILL);
  ::waitpid(neighbour, nullptr, 0);
}

}  // namespace
}  // namespace squall::guardian
