#include "sys/process.h"

#include <algorithm>
#include <csignal>
#include <set>
#include <thread>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "sys/clock.h"
#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::sys {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::int64_t> pids_of(const std::vector<Process>& processes) {
  std::vector<std::int64_t> pids;
  for (const Process& process : processes) pids.push_back(process.id.pid);
  return pids;
}

std::vector<std::int64_t> find(const Selector& selector) {
  return pids_of(find_processes(selector).value());
}

void call_oneself(const std::string& name) {
  ::prctl(PR_SET_NAME, name.c_str());
}

// A name that no other process of this host has, because it holds our pid. At most 15 bytes.
std::string own_name(const std::string& start) {
  return start + std::to_string(::getpid() % 100000);
}

// A new process that has exactly this pid, where the kernel grants it; it waits for its SIGKILL.
pid_t start_with_pid(pid_t pid) {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.set_tid = reinterpret_cast<std::uintptr_t>(&pid);
  arguments.set_tid_size = 1;
  const long made = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (made == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true) ::pause();
  }
  return static_cast<pid_t>(made);
}

TEST(Processes, ReadOneAsItIs) {
  const Child child([] { call_oneself("squall reader"); });
  const Process process = read_process(child.pid()).value();
  EXPECT_EQ(process.id.pid, child.pid());
  EXPECT_GT(process.id.start_ticks, 0U);
  EXPECT_EQ(process.parent, ::getpid());
  EXPECT_EQ(process.name, "squall reader");
  EXPECT_EQ(process.uid, ::geteuid());
  EXPECT_FALSE(process.is_kernel_thread);
}

TEST(Processes, NamesMayHoldBracketsBlanksAndLineBreaks) {
  for (const std::string name : {") R 1 1 (", "a b) c", "((", "x\n) S 2", ") Z 0"}) {
    const Child child([&] { call_oneself(name); });
    const Process process = read_process(child.pid()).value();
    EXPECT_EQ(process.name, name);
    EXPECT_EQ(process.parent, ::getpid()) << name;
    EXPECT_NE(process.state, 'Z') << name;
  }
}

TEST(Processes, ArgumentsAreJoinedByOneSpace) {
  const Child child("/bin/sleep", {"a name (with) [brackets]", "1000"});
  EXPECT_EQ(read_process(child.pid())->command_line, "a name (with) [brackets] 1000");
}

TEST(Processes, OwnerIsTheEffectiveUserEvenWhenProcShowsRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to change the user of a process";
  constexpr uid_t nobody = 65534;
  // A process that changes its user without a new program belongs to root in /proc.
  const Child child([] { CHECK(::setresuid(0, nobody, nobody) == 0, "another user"); });
  EXPECT_EQ(read_process(child.pid())->uid, nobody);
  EXPECT_THAT(find({.parent = ::getpid(), .user = "nobody"}), ElementsAre(child.pid()));
  EXPECT_THAT(find({.parent = ::getpid(), .user = "65534"}), ElementsAre(child.pid()));
  EXPECT_THAT(find({.parent = ::getpid(), .user = "root"}), IsEmpty());
}

TEST(Processes, MissingOnesAreNotFound) {
  EXPECT_EQ(read_process(0x7FFFFFF0).error().code, Code::not_found);
  EXPECT_EQ(read_process(-1).error().code, Code::not_found);
  EXPECT_EQ(open_process({-1, 1}).error().code, Code::not_found);
  EXPECT_EQ(open_process({(1LL << 32) + 1, 1}).error().code, Code::not_found);
}

TEST(Processes, ThreadsAreNone) {
  std::jthread([] { EXPECT_THAT(find({.pid = ::gettid()}), IsEmpty()); }).join();
  EXPECT_THAT(find({.pid = ::getpid()}), ElementsAre(::getpid()));
}

TEST(Processes, ZombiesAreNotAlive) {
  const Child child;
  const ProcessId id = child.id();
  EXPECT_TRUE(is_alive(id));
  child.kill();
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(read_process(child.pid())->state, 'Z');
  EXPECT_FALSE(is_alive(id));
  EXPECT_THAT(find({.pid = child.pid()}), IsEmpty());
}

TEST(Pidfd, IsRefusedForAnotherStartTime) {
  const Child child;
  const ProcessId id = child.id();
  EXPECT_TRUE(open_process(id).ok());
  const Result<Fd> refused = open_process({id.pid, id.start_ticks - 1});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::not_found);
  EXPECT_THAT(refused.error().message, HasSubstr("belongs to another one"));
  EXPECT_FALSE(is_alive({id.pid, id.start_ticks - 1}));
}

TEST(Pidfd, NeverReachesTheNextProcessOfThePid) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to choose the pid of a process";
  Child child;
  const ProcessId first = child.id();
  const Fd pidfd = open_process(first).value();
  child.end();
  // Born in the same tick, a process could not be told from its predecessor: until time moves on.
  Process second;
  const Duration deadline = monotonic_now() + seconds(10);
  do {
    const pid_t pid = start_with_pid(static_cast<pid_t>(first.pid));
    if (pid < 0) GTEST_SKIP() << "the kernel does not let this test choose a pid";
    second = read_process(pid).value();
    if (second.id != first) break;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  } while (monotonic_now() < deadline);
  ASSERT_EQ(second.id.pid, first.pid);
  ASSERT_NE(second.id.start_ticks, first.start_ticks);

  EXPECT_EQ(send_signal(pidfd, SIGKILL).error().code, Code::not_found);
  EXPECT_EQ(open_process(first).error().code, Code::not_found);
  EXPECT_FALSE(is_alive(first));
  EXPECT_TRUE(is_alive(second.id));
  ::kill(static_cast<pid_t>(second.id.pid), SIGKILL);
  ::waitpid(static_cast<pid_t>(second.id.pid), nullptr, 0);
}

TEST(Pidfd, CarriesSignalsAndReportsTheEnd) {
  const Child child;
  const Fd pidfd = open_process(child.id()).value();
  EXPECT_FALSE(wait_for_end(pidfd, milliseconds(1)));
  EXPECT_FALSE(wait_for_end(pidfd, milliseconds(-5)));
  ASSERT_TRUE(send_signal(pidfd, SIGKILL).ok());
  EXPECT_TRUE(wait_for_end(pidfd, seconds(5)));
}

TEST(Pidfd, SignalsToForeignProcessesAreRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  const Child victim;
  const Fd pidfd = open_process(victim.id()).value();
  bool was_refused = false;
  std::jthread([&] {  // the user is changed for this thread alone, below the C library
    ::syscall(SYS_setresuid, 65534, 65534, 65534);
    const Status sent = send_signal(pidfd, SIGTERM);
    was_refused = !sent.ok() && sent.error().code == Code::refused;
  })
      .join();
  EXPECT_TRUE(was_refused);
}

TEST(Selector, FindsByName) {
  const std::string name = own_name("[sq] ");
  const Child child([&] { call_oneself(name); });
  EXPECT_THAT(find({.name = "[[]sq] *"}), IsEmpty());  // brackets are no pattern here
  EXPECT_THAT(find({.name = name}), ElementsAre(child.pid()));
  EXPECT_THAT(find({.name = "[sq] *", .parent = ::getpid()}), ElementsAre(child.pid()));
  EXPECT_THAT(find({.name = name.substr(0, 5)}), IsEmpty());
}

TEST(Selector, FindsByCommandLine) {
  const std::string mark = own_name("mark-");
  const Child child("/bin/sleep", {"a " + mark, "1000"});
  EXPECT_THAT(find({.command_line = mark + " 1000"}), ElementsAre(child.pid()));
  EXPECT_THAT(find({.command_line = mark + " 2000"}), IsEmpty());
}

TEST(Selector, FindsByPidAndParentAndAllOfThemTogether) {
  const Child older([] { call_oneself("sq-older"); });
  const Child younger([] { call_oneself("sq-younger"); });
  EXPECT_THAT(find({.pid = younger.pid()}), ElementsAre(younger.pid()));
  std::vector<std::int64_t> both = {older.pid(), younger.pid()};
  EXPECT_THAT(find({.parent = ::getpid()}), ::testing::UnorderedElementsAreArray(both));
  EXPECT_THAT(find({.name = "sq-*", .parent = ::getpid(), .user = std::to_string(::geteuid())}),
              ::testing::UnorderedElementsAreArray(both));
  EXPECT_THAT(find({.name = "sq-older", .pid = younger.pid()}), IsEmpty());
  EXPECT_THAT(find({.parent = older.pid()}), IsEmpty());
}

TEST(Selector, FindsByTheFirstWordOfAPidFile) {
  const Child child;
  const ScratchFolder folder;
  const std::string path = folder / "a pid\nfile";
  const std::string pid = std::to_string(child.pid());
  for (const std::string& text : {pid, pid + "\n", "  " + pid + " and more\nlines", pid + "\r\n"}) {
    ASSERT_TRUE(write_file_durably(path, text).ok());
    EXPECT_THAT(find({.pid_file = path}), ElementsAre(child.pid())) << text;
  }
  for (const std::string text : {"", " \n", "x", "-1", "0", "12a", "99999999999999999999"}) {
    ASSERT_TRUE(write_file_durably(path, text).ok());
    EXPECT_EQ(find_processes({.pid_file = path}).error().code, Code::invalid) << text;
  }
  EXPECT_EQ(find_processes({.pid_file = folder / "none"}).error().code, Code::not_found);
}

TEST(Selector, APipeAsPidFileDoesNotBlock) {
  const ScratchFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(find_processes({.pid_file = folder / "pipe"}).error().code, Code::invalid);
  EXPECT_EQ(find_processes({.pid_file = folder.path()}).error().code, Code::invalid);
  EXPECT_EQ(find_processes({.pid_file = "/dev/zero"}).error().code, Code::invalid);
}

TEST(Selector, RefusesWhatNamesNothingOrNobody) {
  EXPECT_EQ(find_processes({}).error().code, Code::invalid);
  EXPECT_EQ(find_processes({.user = "no such user"}).error().code, Code::not_found);
  EXPECT_EQ(find_processes({.user = "-1"}).error().code, Code::invalid);
  EXPECT_EQ(find_processes({.user = "4294967296"}).error().code, Code::invalid);
  EXPECT_EQ(find_processes({.unit = "no-such.service"}).error().code, Code::not_found);
  EXPECT_EQ(find_processes({.cgroup = "../../etc"}).error().code, Code::not_found);
}

TEST(Selector, NeverMatchesKernelThreads) {
  for (const Process& process : find_processes({.name = "*"}).value()) {
    EXPECT_FALSE(process.is_kernel_thread);
    EXPECT_NE(process.id.pid, 2);
  }
}

// A cgroup of this test in some hierarchy, with one folder inside; removed at the end.
class Cgroups : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a cgroup";
    for (const std::string root :
         {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
      const std::string folder = root + "/" + name_;
      if (!exists(root + "/cgroup.procs") || ::mkdir(folder.c_str(), 0755) != 0) continue;
      folder_ = folder;
      ASSERT_EQ(::mkdir((folder_ + "/web.service").c_str(), 0755), 0);
      return;
    }
    GTEST_SKIP() << "no cgroup hierarchy takes a new group here";
  }
  void TearDown() override {
    for (Child* child : {&inner_, &outer_}) child->end();
    if (folder_.empty()) return;
    ::rmdir((folder_ + "/web.service").c_str());
    EXPECT_EQ(::rmdir(folder_.c_str()), 0);
  }
  static void move(const Child& child, const std::string& folder) {
    ASSERT_TRUE(write_control(folder + "/cgroup.procs", std::to_string(child.pid())).ok());
  }

  const std::string name_ = own_name("sq-test-") + ".service";
  std::string folder_;
  Child outer_;
  Child inner_;
};

TEST_F(Cgroups, UnitsAreFoundByNameAtAnyDepth) {
  EXPECT_THAT(find_cgroups(name_), ElementsAre(folder_));
  EXPECT_THAT(find_cgroups("web.service"), ::testing::Contains(folder_ + "/web.service"));
}

TEST_F(Cgroups, PathsAreFoundExactly) {
  EXPECT_THAT(find_cgroups(name_ + "/web.service"), ElementsAre(folder_ + "/web.service"));
  EXPECT_THAT(find_cgroups("/" + name_ + "/"), ElementsAre(folder_));
  EXPECT_THAT(find_cgroups("/web.service"), IsEmpty());
  EXPECT_THAT(find_cgroups(name_ + "/../" + name_), IsEmpty());
  EXPECT_THAT(find_cgroups(name_ + "/cgroup.procs"), IsEmpty());
  EXPECT_THAT(find_cgroups("/"), IsEmpty());
  EXPECT_THAT(find_cgroups(""), IsEmpty());
}

TEST_F(Cgroups, SelectorsFindContainersByTheirIds) {
  const std::string id = "feed" + std::string(52, '0') + own_name("");
  const std::string whole = id + std::string(64 - id.size(), 'f');
  const std::string folder = folder_ + "/docker-" + whole + ".scope";
  ASSERT_EQ(::mkdir(folder.c_str(), 0755), 0);
  move(inner_, folder);
  EXPECT_THAT(find({.container = whole}), ElementsAre(inner_.pid()));
  EXPECT_THAT(find({.parent = ::getpid(), .container = whole.substr(0, 12)}),
              ElementsAre(inner_.pid()));
  EXPECT_THAT(find({.pid = outer_.pid(), .container = whole}), IsEmpty());
  EXPECT_THAT(find({.container = whole.substr(0, 63) + "e"}), IsEmpty());
  inner_.end();
  EXPECT_EQ(::rmdir(folder.c_str()), 0);
}

// As a unit that has a group in each hierarchy of version 1.
TEST_F(Cgroups, AMemberOfTwoGroupsOfOneNameIsOneProcess) {
  const std::string again = folder_ + "/web.service/" + name_;
  ASSERT_EQ(::mkdir(again.c_str(), 0755), 0);
  move(inner_, again);
  EXPECT_THAT(find({.unit = name_}), ElementsAre(inner_.pid()));
  inner_.end();
  EXPECT_EQ(::rmdir(again.c_str()), 0);
}

TEST_F(Cgroups, SelectorsFindMembersAndThoseBelow) {
  move(outer_, folder_);
  move(inner_, folder_ + "/web.service");
  std::vector<std::int64_t> both = {outer_.pid(), inner_.pid()};
  std::sort(both.begin(), both.end());
  EXPECT_EQ(cgroup_members(folder_), both);
  EXPECT_THAT(find({.unit = name_}), ::testing::UnorderedElementsAreArray(both));
  EXPECT_THAT(find({.cgroup = "/" + name_ + "/web.service"}), ElementsAre(inner_.pid()));
  EXPECT_THAT(find({.pid = outer_.pid(), .cgroup = name_ + "/web.service"}), IsEmpty());
  EXPECT_THAT(find({.pid = inner_.pid(), .cgroup = name_}), ElementsAre(inner_.pid()));
  // A selector's cgroup is a path from the root, even when it is a single name.
  const Result<std::vector<Process>> inner_name =
      find_processes({.pid = inner_.pid(), .cgroup = "web.service"});
  EXPECT_TRUE(!inner_name.ok() || inner_name->empty());
  EXPECT_THAT(find({.pid = inner_.pid(), .unit = "web.service"}), ElementsAre(inner_.pid()));
}

std::vector<Process> make_processes(int count) {
  std::vector<Process> made;
  for (int i = 0; i < count; ++i) {
    made.push_back({.id = {1000 + i, 5}, .command_line = i % 2 == 0 ? "worker" : "other"});
  }
  return made;
}

TEST(Pick, OneAllCountAndShare) {
  const Choices choices(7, "fault");
  const auto count = [&](const std::string& pick, int of) {
    return pick_processes({.pick = pick}, make_processes(of), choices, 0).size();
  };
  EXPECT_EQ(count("one", 10), 1U);
  EXPECT_EQ(count("all", 10), 10U);
  EXPECT_EQ(count("3", 10), 3U);
  EXPECT_EQ(count("30", 10), 10U);
  EXPECT_EQ(count("30 %", 10), 3U);
  EXPECT_EQ(count("1 %", 10), 1U);
  EXPECT_EQ(count("100 %", 10), 10U);
  EXPECT_EQ(count("one", 0), 0U);
}

TEST(Pick, TheSameSeedPicksTheSamePlaces) {
  std::set<std::vector<std::int64_t>> outcomes;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Choices choices(seed, "fault");
    const auto picked = pids_of(pick_processes({.pick = "2"}, make_processes(9), choices, 3));
    EXPECT_EQ(picked, pids_of(pick_processes({.pick = "2"}, make_processes(9), choices, 3)));
    EXPECT_TRUE(std::is_sorted(picked.begin(), picked.end()));
    outcomes.insert(picked);
  }
  EXPECT_GT(outcomes.size(), 10U);
}

TEST(Pick, EachStrikePicksAnew) {
  const Choices choices(7, "fault");
  std::set<std::vector<std::int64_t>> outcomes;
  for (std::uint64_t ordinal = 0; ordinal < 20; ++ordinal) {
    outcomes.insert(pids_of(pick_processes({.pick = "one"}, make_processes(9), choices, ordinal)));
  }
  EXPECT_GT(outcomes.size(), 4U);
}

TEST(Pick, PidsDoNotMatterToTheChoice) {
  const Choices choices(7, "fault");
  std::vector<Process> renumbered = make_processes(9);
  for (Process& process : renumbered) process.id.pid += 5000;
  const auto picked = pids_of(pick_processes({.pick = "2"}, make_processes(9), choices, 0));
  auto again = pids_of(pick_processes({.pick = "2"}, renumbered, choices, 0));
  for (std::int64_t& pid : again) pid -= 5000;
  EXPECT_EQ(picked, again);
}

TEST(Ancestors, ReachTheFirstProcess) {
  const Child child;
  const std::vector<std::int64_t> chain = ancestors(child.pid());
  ASSERT_GE(chain.size(), 3U);
  EXPECT_EQ(chain[0], child.pid());
  EXPECT_EQ(chain[1], ::getpid());
  EXPECT_EQ(chain.back(), 1);
}

TEST(Signals, AreReadByNameAndNumber) {
  EXPECT_EQ(parse_signal("15").value(), SIGTERM);
  EXPECT_EQ(parse_signal("TERM").value(), SIGTERM);
  EXPECT_EQ(parse_signal("SIGKILL").value(), SIGKILL);
  EXPECT_EQ(parse_signal("RTMIN").value(), SIGRTMIN);
  EXPECT_EQ(parse_signal("SIGRTMIN+3").value(), SIGRTMIN + 3);
  EXPECT_EQ(parse_signal("RTMAX-1").value(), SIGRTMAX - 1);
  for (const std::string text : {"", "0", "-9", "65", "SIG", "SIGSIGTERM", "term ", "9x", "RTMIN-1",
                                 "RTMIN+", "RTMIN+99", "RTMAX+1", "RTMIN+-1", "RTMIN 1"}) {
    EXPECT_EQ(parse_signal(text).error().code, Code::invalid) << text;
  }
  EXPECT_EQ(signal_name(SIGSTOP), "SIGSTOP");
  EXPECT_EQ(signal_name(SIGRTMIN), "SIGRTMIN");
  EXPECT_EQ(signal_name(SIGRTMAX), fmt::format("SIGRTMIN+{}", SIGRTMAX - SIGRTMIN));
  EXPECT_EQ(signal_name(33), "signal 33") << "the C library keeps it for itself";
}

}  // namespace
}  // namespace squall::sys
