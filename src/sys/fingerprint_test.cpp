#include "sys/fingerprint.h"

#include <functional>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "sys/clock.h"
#include "sys/command.h"
#include "sys/file.h"
#include "sys/nft.h"
#include "sys/test_props.h"

namespace squall::sys {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Fingerprint take(const FingerprintScope& scope = {}) {
  return take_fingerprint(scope).value();
}

// The differences that speak of `about`: other processes of this host go their own ways meanwhile.
std::vector<std::string> differences_about(const std::string& about, const Fingerprint& before,
                                           const Fingerprint& after) {
  std::vector<std::string> found;
  for (std::string& sentence : differences(before, after)) {
    if (sentence.find(about) != std::string::npos) found.push_back(std::move(sentence));
  }
  return found;
}

std::string words_of(const Child& child) {
  return "process " + std::to_string(child.pid()) + " ";
}

void run(const std::vector<std::string>& argv) {
  Patience patience(seconds(20));
  const Result<CommandResult> result = run_command({.argv = argv}, patience);
  ASSERT_TRUE(result.ok()) << result.error().render();
  ASSERT_EQ(result->exit_code, 0) << argv[0] << ": " << result->error_output;
}

// In a network namespace of its own nothing changes but by the test: there all differences count.
// `change` and `undo` are made, and only `change` may leave some; those are returned.
std::vector<std::string> seen_in_own_network(const std::function<void()>& prepare,
                                             const std::function<void()>& change,
                                             const std::function<void()>& undo) {
  std::vector<std::string> found;
  in_new_namespaces(CLONE_NEWNET, [&] {
    // Entered by its path, so that the items of this network alone can be told from the others.
    const std::string path = "/proc/thread-self/ns/net";
    const FingerprintScope scope{.network_namespaces = {path}, .every_process_limit = false};
    const std::string about = "netns " + path + " ";
    prepare();
    const Fingerprint before = take(scope);
    EXPECT_THAT(differences_about(about, before, take(scope)), IsEmpty());
    change();
    found = differences_about(about, before, take(scope));
    undo();
    EXPECT_THAT(differences_about(about, before, take(scope)), IsEmpty());
  });
  return found;
}

TEST(Fingerprint, OfAStoppedProcessNamesItUntilItGoesOn) {
  const Child child([] { ::prctl(PR_SET_NAME, "squall) T ("); });
  const Fingerprint before = take();
  child.stop();
  const Fingerprint stopped = take();
  EXPECT_THAT(differences_about(words_of(child), before, stopped),
              ElementsAre(HasSubstr("(squall) T () ran before and is stopped")));
  EXPECT_THAT(differences_about(words_of(child), stopped, stopped), IsEmpty());
  child.go_on();
  EXPECT_THAT(differences_about(words_of(child), before, take()), IsEmpty());
  EXPECT_THAT(differences_about(words_of(child), stopped, take()),
              ElementsAre(HasSubstr("was stopped before and runs")));
}

TEST(Fingerprint, ForgivesProcessesThatComeAndGoButNotANewStoppedOne) {
  Child goes;
  goes.stop();
  const std::string words_of_gone = words_of(goes);
  const Fingerprint before = take();
  goes.end();
  const Child comes;
  const Fingerprint after = take();
  EXPECT_THAT(differences_about(words_of_gone, before, after), IsEmpty());
  EXPECT_THAT(differences_about(words_of(comes), before, after), IsEmpty());
  comes.stop();
  EXPECT_THAT(differences_about(words_of(comes), before, take()),
              ElementsAre(HasSubstr("is new and stopped")));
}

TEST(Fingerprint, AZombieIsGone) {
  const Child child;
  child.stop();
  const Fingerprint before = take();
  child.kill();
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_THAT(differences_about(words_of(child), before, take()), IsEmpty());
}

TEST(Fingerprint, OfALimitNamesTheProcessAndBothValues) {
  const Child child;
  const Fingerprint before = take();
  rlimit original{};
  ASSERT_EQ(::prlimit(child.pid(), RLIMIT_NOFILE, nullptr, &original), 0);
  const rlimit lowered{17, original.rlim_max};
  ASSERT_EQ(::prlimit(child.pid(), RLIMIT_NOFILE, &lowered, nullptr), 0);
  EXPECT_THAT(differences_about(words_of(child), before, take()),
              ElementsAre(AllOf(HasSubstr("the limit nofile 17/"),
                                HasSubstr("before " + std::to_string(original.rlim_cur) + "/"))));
  EXPECT_THAT(differences_about(words_of(child), before, take({.every_process_limit = false})),
              IsEmpty());
  ASSERT_EQ(::prlimit(child.pid(), RLIMIT_NOFILE, &original, nullptr), 0);
  EXPECT_THAT(differences_about(words_of(child), before, take()), IsEmpty());
}

TEST(Fingerprint, OfHowAProcessIsScheduledNamesBothValues) {
  const Child child;
  const Fingerprint before = take();
  const int own = ::getpriority(PRIO_PROCESS, 0);
  ASSERT_EQ(::setpriority(PRIO_PROCESS, static_cast<id_t>(child.pid()), 7), 0);
  EXPECT_THAT(differences_about(words_of(child), before, take()),
              ElementsAre(HasSubstr(fmt::format("has the nice value 7, before {}", own))));
  cpu_set_t all;
  CPU_ZERO(&all);
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  if (CPU_COUNT(&all) < 2) GTEST_SKIP() << "needs two processors";
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int number = 0; CPU_COUNT(&one) == 0; ++number) {
    if (CPU_ISSET(number, &all)) CPU_SET(number, &one);
  }
  ASSERT_EQ(::sched_setaffinity(child.pid(), sizeof one, &one), 0);
  EXPECT_THAT(differences_about(words_of(child), before, take()),
              ElementsAre(HasSubstr("has the affinity "), HasSubstr("has the nice value 7")));
}

TEST(Fingerprint, KnowsEveryLimitOfTheKernel) {
  const Child child;
  const Fingerprint fingerprint = take();
  const std::string start = "limit " + std::to_string(child.pid()) + "@";
  std::size_t count = 0;
  for (const auto& [key, value] : fingerprint.items) count += key.starts_with(start) ? 1 : 0;
  EXPECT_EQ(count, std::size_t{RLIM_NLIMITS});
}

TEST(Fingerprint, OfACgroupComparesAttributesAndForgivesItsEnd) {
  const std::string parent = "/sys/fs/cgroup/cpu";
  const std::string folder = parent + "/sq-print-" + std::to_string(::getpid());
  const std::string ours = parent + "/squall-" + std::to_string(::getpid());
  if (::geteuid() != 0 || !exists(parent + "/cpu.shares")) {
    GTEST_SKIP() << "needs root and the cpu controller of cgroup v1";
  }
  const Fingerprint without = take();
  ASSERT_EQ(::mkdir(folder.c_str(), 0755), 0);
  EXPECT_THAT(differences_about(folder, without, take()), IsEmpty());
  const Fingerprint before = take();
  ASSERT_TRUE(write_control(folder + "/cpu.cfs_quota_us", "20000").ok());
  EXPECT_THAT(differences_about(folder, before, take()),
              ElementsAre("cgroup " + folder + " cpu.cfs_quota_us is now: 20000, before: -1"));
  ASSERT_TRUE(write_control(folder + "/cpu.cfs_quota_us", "-1").ok());
  EXPECT_THAT(differences_about(folder, before, take()), IsEmpty());
  ASSERT_EQ(::rmdir(folder.c_str()), 0);
  EXPECT_THAT(differences_about(folder, before, take()), IsEmpty());

  ASSERT_EQ(::mkdir(ours.c_str(), 0755), 0);
  const Fingerprint with_ours = take();
  EXPECT_THAT(differences_about(ours, before, with_ours), ElementsAre(HasSubstr("is new")));
  ASSERT_EQ(::rmdir(ours.c_str()), 0);
  EXPECT_THAT(differences_about(ours, before, take()), IsEmpty());
  EXPECT_THAT(differences_about(ours, with_ours, take()), IsEmpty());
}

TEST(Fingerprint, OfAFrozenCgroupV2NamesIt) {
  const std::string root =
      exists("/sys/fs/cgroup/cgroup.controllers") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
  const std::string folder = root + "/sq-print-" + std::to_string(::getpid());
  if (::geteuid() != 0 || ::mkdir(folder.c_str(), 0755) != 0) {
    GTEST_SKIP() << "needs root and cgroup v2";
  }
  const Fingerprint before = take();
  EXPECT_TRUE(write_control(folder + "/cgroup.freeze", "1").ok());
  EXPECT_THAT(differences_about(folder, before, take()),
              ElementsAre(HasSubstr("cgroup.freeze is now: 1, before: 0")));
  EXPECT_TRUE(write_control(folder + "/cgroup.freeze", "0").ok());
  EXPECT_THAT(differences_about(folder, before, take()), IsEmpty());
  ASSERT_EQ(::rmdir(folder.c_str()), 0);
}

TEST(Fingerprint, OfMountsSeesNewOnesLayersAndOptions) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to mount";
  const ScratchFolder folder;
  ASSERT_TRUE(make_folders(folder / "a point").ok());
  const std::string path = folder / "a point";
  in_new_namespaces(CLONE_NEWNS, [&] {
    const auto seen = [&](const Fingerprint& before) {
      return differences_about(path, before, take());
    };
    const Fingerprint bare = take();
    ASSERT_EQ(::mount("sq-one", path.c_str(), "tmpfs", 0, "size=64k"), 0);
    EXPECT_THAT(seen(bare), ElementsAre(AllOf(HasSubstr("mount " + path + " is new: tmpfs"),
                                              HasSubstr("sq-one"))));
    const Fingerprint mounted = take();
    ASSERT_EQ(::mount("", path.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
    EXPECT_THAT(seen(mounted), ElementsAre(AllOf(HasSubstr(" ro,"), HasSubstr("before:"))));
    ASSERT_EQ(::mount("", path.c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr), 0);
    EXPECT_THAT(seen(mounted), IsEmpty());
    ASSERT_EQ(::mount("sq-two", path.c_str(), "tmpfs", 0, nullptr), 0);
    EXPECT_THAT(seen(mounted), ElementsAre(HasSubstr("layer 2 is new")));
    ASSERT_EQ(::umount2(path.c_str(), MNT_DETACH), 0);
    ASSERT_EQ(::umount2(path.c_str(), MNT_DETACH), 0);
    EXPECT_THAT(seen(bare), IsEmpty());
    // The same mount made again is the same, though its numbers are not.
    ASSERT_EQ(::mount("sq-one", path.c_str(), "tmpfs", 0, "size=64k"), 0);
    EXPECT_THAT(seen(mounted), IsEmpty());
  });
}

TEST(Fingerprint, OfFilesSeesContentModeOwnerKindAndAbsence) {
  const ScratchFolder folder;
  const std::string path = folder / "a file\nwith \x1b[1m";
  const FingerprintScope scope{.files = {path}};
  const auto differ = [&](const Fingerprint& before) {
    return differences_about(folder.path(), before, take(scope));
  };
  const Fingerprint absent = take(scope);
  EXPECT_THAT(differ(absent), IsEmpty());
  ASSERT_TRUE(write_file_durably(path, "content", 0640).ok());
  EXPECT_THAT(differ(absent), ElementsAre(HasSubstr("before: absent")));
  const Fingerprint before = take(scope);
  ASSERT_TRUE(write_control(path, "C").ok());
  EXPECT_THAT(differ(before), ElementsAre(AllOf(HasSubstr("SHA-256"), HasSubstr("7 bytes"))));
  ASSERT_TRUE(write_control(path, "c").ok());
  EXPECT_THAT(differ(before), IsEmpty());
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_THAT(differ(before), ElementsAre(HasSubstr("mode 600")));
  ASSERT_TRUE(remove_file(path).ok());
  EXPECT_THAT(differ(before), ElementsAre(HasSubstr("is now: absent")));
  ASSERT_EQ(::mkfifo(path.c_str(), 0640), 0);  // must not wait for a writer
  EXPECT_THAT(differ(before), ElementsAre(HasSubstr("is now: pipe")));
  ASSERT_TRUE(remove_file(path).ok());
  ASSERT_EQ(::symlink("elsewhere", path.c_str()), 0);
  EXPECT_THAT(differ(before), ElementsAre(HasSubstr("to elsewhere")));
  // Shown in a terminal, a hostile name does nothing.
  EXPECT_EQ(differ(before)[0].find('\x1b'), std::string::npos);
  EXPECT_EQ(differ(before)[0].find('\n'), std::string::npos);
}

class FingerprintOfANetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a network namespace";
  }
};

void make_pair() {
  run({"ip", "link", "add", "left", "type", "veth", "peer", "name", "right"});
  for (const char* name : {"left", "right"})
    run({"ip", "link", "set", name, "up", "addrgenmode", "none"});
  run({"ip", "address", "add", "192.0.2.1/24", "dev", "left"});
}

TEST_F(FingerprintOfANetwork, NamesALinkThatGoesDown) {
  EXPECT_THAT(seen_in_own_network(
                  make_pair,
                  [] {
                    run({"ip", "link", "set", "right", "down"});
                  },
                  [] {
                    run({"ip", "link", "set", "right", "up"});
                  }),
              ElementsAre(AllOf(HasSubstr("link right is now: down"), HasSubstr("before: up"))));
}

TEST_F(FingerprintOfANetwork, NamesTheAddressThatLoopbackKeepsWhenItGoesDownAgain) {
  in_new_namespaces(CLONE_NEWNET, [] {
    const Fingerprint before = take();
    run({"ip", "link", "set", "lo", "up"});
    run({"ip", "link", "set", "lo", "down"});
    EXPECT_THAT(differences_about(" lo ", before, take()),
                ElementsAre(HasSubstr("address lo 127.0.0.1/8 is new")));
  });
}

TEST_F(FingerprintOfANetwork, ForgivesALinkThatAContainerRuntimeMadeAnewButNotItsLoss) {
  in_new_namespaces(CLONE_NEWNET, [] {
    run({"ip", "link", "add", "bridge", "type", "bridge"});
    const auto add = [](const char* name, const char* peer) {
      run({"ip", "link", "add", name, "type", "veth", "peer", "name", peer});
      run({"ip", "link", "set", name, "up", "master", "bridge"});
    };
    // A bridge takes the smallest address of its ports unless it was given one.
    run({"ip", "link", "set", "bridge", "address", "02:00:00:00:00:01"});
    add("veth0a1b2c3", "one");
    add("veth77f0d1e", "two");
    const Fingerprint before = take();
    run({"ip", "link", "del", "veth0a1b2c3"});
    EXPECT_THAT(differences_about("link veth", before, take()),
                ElementsAre(HasSubstr("veth* of bridge 2")));
    add("veth5e6f7a8", "three");
    EXPECT_THAT(differences_about(" veth", before, take()), IsEmpty());
    run({"ip", "link", "set", "veth5e6f7a8", "down"});
    EXPECT_THAT(differences_about("link veth", before, take()),
                ElementsAre(HasSubstr("veth* of bridge 2 is now: down")));
  });
}

TEST_F(FingerprintOfANetwork, NamesAnMtu) {
  EXPECT_THAT(seen_in_own_network(
                  make_pair,
                  [] {
                    run({"ip", "link", "set", "left", "mtu", "1280"});
                  },
                  [] {
                    run({"ip", "link", "set", "left", "mtu", "1500"});
                  }),
              ElementsAre(AllOf(HasSubstr("link left is now: up, mtu 1280"),
                                HasSubstr("before: up, mtu 1500"))));
}

TEST_F(FingerprintOfANetwork, NamesARouteOfEitherFamilyAndTable) {
  EXPECT_THAT(
      seen_in_own_network(
          make_pair,
          [] {
            run({"ip", "route", "add", "198.51.100.0/24", "via", "192.0.2.9", "metric", "7"});
            run({"ip", "route", "add", "blackhole", "203.0.113.1", "table", "77"});
            run({"ip", "-6", "route", "add", "2001:db8::/48", "dev", "left"});
          },
          [] {
            run({"ip", "route", "del", "198.51.100.0/24"});
            run({"ip", "route", "del", "blackhole", "203.0.113.1", "table", "77"});
            run({"ip", "-6", "route", "del", "2001:db8::/48", "dev", "left"});
          }),
      ElementsAre(AllOf(HasSubstr("route ipv4 198.51.100.0/24 table 254 metric 7 dev left is new"),
                        HasSubstr("via 192.0.2.9")),
                  HasSubstr("route ipv4 203.0.113.1/32 table 77"),
                  HasSubstr("route ipv6 2001:db8::/48")));
}

TEST_F(FingerprintOfANetwork, NamesTheRoutesThatALinkDownTook) {
  EXPECT_THAT(
      seen_in_own_network(
          make_pair,
          [] {
            run({"ip", "link", "set", "left", "down"});
            run({"ip", "link", "set", "left", "up"});
            run({"ip", "route", "del", "192.0.2.0/24"});
          },
          [] {
            run({"ip", "route", "add", "192.0.2.0/24", "dev", "left", "proto", "kernel", "scope",
                 "link", "src", "192.0.2.1"});
          }),
      ElementsAre(HasSubstr("route ipv4 192.0.2.0/24 table 254 metric 0 dev left is gone")));
}

TEST_F(FingerprintOfANetwork, NamesAQdiscAndItsOptions) {
  const std::vector<std::string> slow = {"tc",   "qdisc",   "replace", "dev",   "left",
                                         "root", "tbf",     "rate",    "1mbit", "burst",
                                         "16k",  "latency", "50ms"};
  std::vector<std::string> faster = slow;
  faster[8] = "2mbit";
  EXPECT_THAT(seen_in_own_network(
                  make_pair, [&] { run(slow); },
                  [] {
                    run({"tc", "qdisc", "del", "dev", "left", "root"});
                  }),
              ElementsAre(HasSubstr("qdisc left root is new: tbf")));
  const auto prepare = [&] {
    make_pair();
    run({"tc", "qdisc", "add", "dev", "left", "root", "handle", "1:", "tbf", "rate", "1mbit",
         "burst", "16k", "latency", "50ms"});
  };
  EXPECT_THAT(seen_in_own_network(
                  prepare, [&] { run(faster); }, [&] { run(slow); }),
              ElementsAre(HasSubstr("qdisc left root is now: tbf")));
}

void send_to_oneself() {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < 5; ++i) {
    ::sendto(socket.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
}

TEST_F(FingerprintOfANetwork, NamesATableUntilItIsRemoved) {
  const NftRule rule{.protocol = NftProtocol::udp, .peer = "127.0.0.0/8", .remote_port = 9};
  std::optional<NftOwnerTable> table;
  EXPECT_THAT(
      seen_in_own_network(
          [] {}, [&] { table = NftOwnerTable::create("sq_print", std::span(&rule, 1)).value(); },
          [&] { table.reset(); }),
      ElementsAre(AllOf(HasSubstr("nft table inet sq_print is new: 2 chains, 2 rules"))));
}

TEST_F(FingerprintOfANetwork, CountedPacketsAreNoDifference) {
  const NftRule rule{.protocol = NftProtocol::udp, .remote_port = 9};
  std::optional<NftOwnerTable> table;
  EXPECT_THAT(seen_in_own_network(
                  [&] {
                    run({"ip", "link", "set", "lo", "up"});
                    table = NftOwnerTable::create("sq_print", std::span(&rule, 1)).value();
                  },
                  [] {
                    send_to_oneself();
                    EXPECT_GT(nft_table_state("sq_print").value().packets, 0U);
                  },
                  [] {}),
              IsEmpty());
}

TEST_F(FingerprintOfANetwork, ARuleOfAnotherPortIsAnotherTable) {
  const NftRule one{.protocol = NftProtocol::tcp, .remote_port = 80};
  const NftRule two{.protocol = NftProtocol::tcp, .remote_port = 81};
  std::optional<NftOwnerTable> table;
  const auto make = [&](const NftRule& rule) {
    table.reset();
    table = NftOwnerTable::create("sq_print", std::span(&rule, 1)).value();
  };
  // The table made again is the same one, though its handles and its owner are not.
  EXPECT_THAT(seen_in_own_network([&] { make(one); }, [&] { make(two); }, [&] { make(one); }),
              ElementsAre(HasSubstr("nft table inet sq_print is now: 2 chains, 2 rules")));
}

TEST_F(FingerprintOfANetwork, SeesTheCallersOwnNetworkToo) {
  in_new_namespaces(CLONE_NEWNET, [] {
    const Fingerprint before = take();
    run({"ip", "link", "set", "lo", "up"});
    EXPECT_THAT(differences(before, take()),
                ::testing::Contains(::testing::StartsWith("link lo is now: up")));
  });
}

TEST(Fingerprint, SaysWhichNetworkCouldNoLongerBeRead) {
  const FingerprintScope scope{.network_namespaces = {"no such network"}};
  const Fingerprint with = take(scope);
  EXPECT_TRUE(with.items.contains("unreadable netns no such network"));
  EXPECT_THAT(differences_about("no such network", with, take(scope)), IsEmpty());
  EXPECT_THAT(differences_about("no such network", take(), with),
              ElementsAre(HasSubstr("could not be read after the run")));
}

TEST(Differences, LeaveOutWhatWasUnreadableOnEitherSide) {
  const Fingerprint before{{{"nft table inet a", "x"}, {"nftables", "1"}, {"link eth0", "up"}}};
  const Fingerprint after{
      {{"unreadable nft", "no permission"}, {"nftables", "2"}, {"link eth0", "up"}}};
  EXPECT_THAT(differences(before, after),
              ElementsAre("nftables is now: 2, before: 1",
                          "nft could not be read after the run and so not be compared: "
                          "no permission"));
}

TEST(Digest, IsOfTheItemsThatOutliveProcesses) {
  const Fingerprint one{{{"link eth0", "up"}, {"process 1@2", "a"}, {"limit 1@2 nofile", "1/2"}}};
  Fingerprint two = one;
  two.items["process 3@4"] = "b";
  EXPECT_EQ(digest(one), digest(two));
  EXPECT_EQ(digest(one).size(), 64U);
  two.items["link eth0"] = "down";
  EXPECT_NE(digest(one), digest(two));
  EXPECT_NE(digest({{{"link a", "bc"}}}), digest({{{"link ab", "c"}}}));
}

TEST(Fingerprint, IsTakenInMilliseconds) {
  Duration best = seconds(1000);
  for (int i = 0; i < 10; ++i) {
    const Duration start = monotonic_now();
    const Fingerprint fingerprint = take({.files = {"/etc/passwd"}});
    best = std::min(best, monotonic_now() - start);
    RecordProperty("items", static_cast<int>(fingerprint.items.size()));
  }
  RecordProperty("microseconds", static_cast<int>(best.nanoseconds / 1000));
  EXPECT_LT(best, milliseconds(500));  // a hundredth here; far off only when something is unbounded
}

}  // namespace
}  // namespace squall::sys
