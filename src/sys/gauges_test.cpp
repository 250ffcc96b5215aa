#include "sys/gauges.h"

#include <ctime>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "sys/clock.h"
#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::sys {
namespace {

using ::testing::HasSubstr;

// Keeps one CPU busy until this thread has used it for so long.
void burn(Duration cpu_time) {
  timespec used{};
  do {
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  } while (seconds(used.tv_sec) + nanoseconds(used.tv_nsec) < cpu_time);
}

// A folder that looks like /proc and one that looks like /sys/block, with files the test rewrites.
class FakeHost : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"proc/net", "block/sda/device", "block/loop0", "block/dm-0"}) {
      ASSERT_TRUE(make_folders(folder_ / name).ok());
    }
    set("stat", "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 100 0 100 700 100 0 0 0 0 0\nintr 1 2\n");
    set("meminfo", "MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:  400 kB\n");
    set("diskstats",
        "   8  0 sda 1 2 1000 4 5 6 500 8 9 10 11\n   8  1 sda1 1 2 999 4 5 6 499 8 9 10 11\n"
        "   7  0 loop0 1 2 77 4 5 6 77 8 9 10 11\n 253  0 dm-0 1 2 88 4 5 6 88 8 9 10 11\n");
    set("net/dev",
        "Inter-| Receive  | Transmit\n face |bytes packets|bytes packets\n"
        "    lo: 50 1 0 0 0 0 0 0 50 1 0 0 0 0 0 0\n"
        "  eth0:1000 1 0 0 0 0 0 0 2000 1 0 0 0 0 0 0\n"
        "a:b:1: 7 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n");
  }
  // In place, as the kernel's files change: an open descriptor sees it.
  void set(const std::string& name, const std::string& text) {
    const Fd fd = open_file(proc() + "/" + name, O_WRONLY | O_CREAT | O_TRUNC).value();
    ASSERT_TRUE(write_all(fd, text).ok());
  }
  std::string proc() const { return folder_ / "proc"; }
  Result<Gauges> open() const { return Gauges::open(proc(), folder_ / "block"); }

  ScratchFolder folder_;
};

TEST_F(FakeHost, TotalsAreSummedOverWhatStandsForItself) {
  Gauges gauges = open().value();
  const GaugeReading reading = gauges.read().value();
  EXPECT_EQ(reading.memory_used, Bytes{600 * 1024});
  EXPECT_EQ(reading.disk_read, Bytes{1000 * 512});  // neither the partition nor loop and mapper
  EXPECT_EQ(reading.disk_written, Bytes{500 * 512});
  EXPECT_EQ(reading.network_in, Bytes{1007});
  EXPECT_EQ(reading.network_out, Bytes{2009});
  EXPECT_EQ(reading.loopback, Bytes{50});
  EXPECT_FALSE(reading.pressure.has_value());
}

TEST_F(FakeHost, SharesCountFromTheReadingBefore) {
  Gauges gauges = open().value();
  // 40 ticks busy, 10 stolen, 30 idle, 20 waiting for disks.
  set("stat", "cpu  120 5 110 730 120 2 3 10 0 0\n");
  const GaugeReading first = gauges.read().value();
  EXPECT_DOUBLE_EQ(first.cpu_busy.fraction, 0.40);
  EXPECT_DOUBLE_EQ(first.cpu_stolen.fraction, 0.10);
  // No tick passed: the shares stay.
  EXPECT_DOUBLE_EQ(gauges.read()->cpu_busy.fraction, 0.40);
  // Idle time was taken back a little, as kernels do: no negative share.
  set("stat", "cpu  120 5 110 725 120 2 3 10 0 0\n");
  EXPECT_DOUBLE_EQ(gauges.read()->cpu_busy.fraction, 0.40);
  set("stat", "cpu  220 5 110 730 120 2 3 10 0 0\n");
  EXPECT_DOUBLE_EQ(gauges.read()->cpu_busy.fraction, 1.0);
  set("stat", "cpu  220 5 110 930 120 2 3 10 7 7\n");
  EXPECT_DOUBLE_EQ(gauges.read()->cpu_busy.fraction, 0.0);
}

TEST_F(FakeHost, PressureIsReadWhereAllThreeAreThere) {
  ASSERT_TRUE(make_folders(proc() + "/pressure").ok());
  const auto line = [](int total) {
    return "some avg10=0.00 avg60=1.00 avg300=0.00 total=" + std::to_string(total) +
           "\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n";
  };
  set("pressure/cpu", line(1500));
  set("pressure/memory", line(2500));
  EXPECT_FALSE(open()->read()->pressure.has_value());
  set("pressure/io", line(3500));
  const auto pressure = open()->read()->pressure;
  ASSERT_TRUE(pressure.has_value());
  EXPECT_EQ(pressure->cpu, microseconds(1500));
  EXPECT_EQ(pressure->memory, microseconds(2500));
  EXPECT_EQ(pressure->io, microseconds(3500));
}

TEST_F(FakeHost, StrangeFilesAreErrorsThatNameThem) {
  const struct {
    std::string file;
    std::string text;
  } cases[] = {{"stat", ""},
               {"stat", "cpu 1 2 3\n"},
               {"stat", "cpu 1 2 3 x 5 6 7 8\n"},
               {"stat", "cpu 1 2 3 -4 5 6 7 8\n"},
               {"meminfo", "MemTotal: 5 kB\n"},
               {"meminfo", "MemTotal: many kB\nMemAvailable: 1 kB\n"},
               {"diskstats", "8 0 sda 1 2\n"},
               {"net/dev", "lo: x\n"}};
  for (const auto& [file, text] : cases) {
    SetUp();
    set(file, text);
    const Result<Gauges> refused = open();
    ASSERT_FALSE(refused.ok()) << file << text;
    EXPECT_THAT(refused.error().message, HasSubstr(file));
  }
  SetUp();
  ASSERT_TRUE(remove_file(proc() + "/meminfo").ok());
  EXPECT_EQ(open().error().code, Code::not_found);
}

TEST_F(FakeHost, EveryByteOfTheirFilesMayBeMissing) {
  const std::string whole = read_file(proc() + "/net/dev").value();
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    set("net/dev", whole.substr(0, size));
    const Result<Gauges> gauges = open();  // an error or a value, never a crash
    EXPECT_TRUE(gauges.ok() || gauges.error().code == Code::failed);
  }
}

TEST(Gauges, SeeThisHostAtWork) {
  Gauges gauges = Gauges::open().value();
  const GaugeReading before = gauges.read().value();
  std::jthread([] { burn(milliseconds(80)); }).join();
  const GaugeReading after = gauges.read().value();
  EXPECT_GT(after.at, before.at);
  // 80 ms of one CPU, of all that time has passed meanwhile; one tick of each CPU may be missing.
  const double cores = std::thread::hardware_concurrency();
  const double passed = (after.at - before.at).seconds() * cores;
  EXPECT_GE(after.cpu_busy.fraction, (0.08 - 0.02 * cores) / passed);
  EXPECT_LE(after.cpu_busy.fraction, 1.0);
  EXPECT_GT(after.cpu_busy.fraction, 0.0);
  EXPECT_GT(after.memory_used.count, 1U << 20);
  EXPECT_GE(after.disk_written, before.disk_written);
  EXPECT_EQ(after.pressure.has_value(), exists("/proc/pressure/cpu"));
}

TEST(Gauges, SeeBytesOfTheCallingThreadsNetwork) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a network namespace";
  in_new_namespaces(CLONE_NEWNET, [] {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq interface {};
    std::string("lo").copy(interface.ifr_name, 2);
    interface.ifr_flags = IFF_UP;
    ASSERT_EQ(::ioctl(socket.get(), SIOCSIFFLAGS, &interface), 0);
    Gauges gauges = Gauges::open().value();
    EXPECT_EQ(gauges.read()->loopback, Bytes{0});
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string datagram(1000, 'x');
    ASSERT_EQ(::sendto(socket.get(), datagram.data(), datagram.size(), 0,
                       reinterpret_cast<const sockaddr*>(&address), sizeof address),
              1000);
    // 1000 bytes and 28 of headers, and the refusal that comes back.
    EXPECT_GE(gauges.read()->loopback, Bytes{1028});
    EXPECT_EQ(gauges.read()->network_in, Bytes{0});
  });
}

TEST(Gauges, SeeBytesWrittenToADisk) {
  const ScratchFolder folder;
  struct stat status {};
  ASSERT_EQ(::stat(folder.path().c_str(), &status), 0);
  const std::string disk =
      std::to_string(major(status.st_dev)) + ":" + std::to_string(minor(status.st_dev));
  if (!exists("/sys/dev/block/" + disk + "/device") &&
      !exists("/sys/dev/block/" + disk + "/../device")) {
    GTEST_SKIP() << "the folder for temporary files is not on a disk of this host";
  }
  Gauges gauges = Gauges::open().value();
  const GaugeReading before = gauges.read().value();
  ASSERT_TRUE(write_file_durably(folder / "f", std::string(1 << 20, 'x')).ok());
  EXPECT_GE(gauges.read()->disk_written.count - before.disk_written.count, 1U << 20);
}

TEST(ProcessGauges, CountTheTimeOfAllThreads) {
  const Child child([] {
    std::jthread([] { burn(milliseconds(30)); }).join();
    std::jthread([] { burn(milliseconds(30)); }).join();
  });
  const ProcessGauges gauges = ProcessGauges::open(child.id()).value();
  const ProcessReading reading = gauges.read().value();
  // Both threads have ended; the first one did nothing.
  EXPECT_GE(reading.cpu_time, milliseconds(60));
  EXPECT_LT(reading.cpu_time, seconds(10));
  EXPECT_EQ(gauges.read()->cpu_time, reading.cpu_time);  // it waits
}

TEST(ProcessGauges, SeeMemory) {
  const auto resident = [](std::size_t size) {
    const Child child([size] {
      void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
      CHECK(memory != MAP_FAILED, "memory");
    });
    return ProcessGauges::open(child.id())->read()->resident.count;
  };
  const std::uint64_t small = resident(4096);
  EXPECT_GT(small, 0U);
  EXPECT_GE(resident(8 << 20), small + (7 << 20));
}

TEST(ProcessGauges, NeverReadAnotherProcess) {
  Child child;
  const ProcessId id = child.id();
  EXPECT_EQ(ProcessGauges::open({id.pid, id.start_ticks + 1}).error().code, Code::not_found);
  const ProcessGauges gauges = ProcessGauges::open(id).value();
  child.end();
  EXPECT_EQ(gauges.read().error().code, Code::not_found);
  EXPECT_EQ(ProcessGauges::open(id).error().code, Code::not_found);
  EXPECT_EQ(ProcessGauges::open({-1, 0}).error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::sys
