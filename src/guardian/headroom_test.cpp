#include "guardian/headroom.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/units.h"
#include "sys/file.h"

namespace squall::guardian {
namespace {

using testing::HasSubstr;

constexpr double gigabyte = 1 << 30;
constexpr std::uint64_t gibibyte = 1 << 30;

Status check(const change::Demand& demand, const HeadRoom& room, const Pending& pending = {}) {
  return check_headroom(demand, pending, room, Policy{});
}
// A little more than the default reserves.
HeadRoom tight() {
  HeadRoom room;
  room.memory = {{"on the host", 3 * gigabyte, 10 * gigabyte}};
  room.descriptors = {{"on the host", 30'000, 100'000}};
  room.processes = {{"on the host", 3000, 10'000}};
  room.disks = {{.device = 1,
                 .is_guarded = true,
                 .space = {"on the filesystem of /a", 3 * gigabyte, 20 * gigabyte},
                 .inodes = {"on the filesystem of /a", 3000, 20'000}}};
  return room;
}

TEST(HeadRoom, RefusesWhatWouldLeaveLessThanTheReserve) {
  EXPECT_TRUE(check({.memory = {2 * gibibyte}}, tight()).ok());
  const Status memory = check({.memory = {2 * gibibyte + 1}}, tight());
  ASSERT_FALSE(memory.ok());
  EXPECT_EQ(memory.error().code, Code::refused);
  EXPECT_EQ(memory.error().message,
            "head-room: this takes 2 GiB of memory; 3 GiB of 10 GiB are left on the host, and "
            "1 GiB are kept in reserve (memory_reserve)");
  EXPECT_EQ(memory.error().next,
            "ask for at most 2 GiB, or lower memory_reserve in the guardian's policy");
  EXPECT_TRUE(check({.descriptors = 20'000}, tight()).ok());
  EXPECT_FALSE(check({.descriptors = 20'001}, tight()).ok());
  EXPECT_TRUE(check({.processes = 2000}, tight()).ok());
  EXPECT_FALSE(check({.processes = 2001}, tight()).ok());
  EXPECT_TRUE(check({.disk = {{"/a/x", {2 * gibibyte}, 2000}}}, tight()).ok());
  EXPECT_FALSE(check({.disk = {{"/a/x", {2 * gibibyte + 1}, 0}}}, tight()).ok());
  EXPECT_FALSE(check({.disk = {{"/a/x", {}, 2001}}}, tight()).ok());
}

TEST(HeadRoom, CountsWhatOthersHaveStillToTake) {
  Pending pending;
  pending.add({.memory = {gibibyte}, .descriptors = 5000, .processes = 500});
  EXPECT_TRUE(check({.memory = {gibibyte}}, tight(), pending).ok());
  const Status memory = check({.memory = {gibibyte + 1}}, tight(), pending);
  ASSERT_FALSE(memory.ok());
  EXPECT_THAT(memory.error().message, HasSubstr("of which other faults will take 1 GiB"));
  EXPECT_TRUE(check({.descriptors = 15'000}, tight(), pending).ok());
  EXPECT_FALSE(check({.descriptors = 15'001}, tight(), pending).ok());
  EXPECT_FALSE(check({.processes = 1501}, tight(), pending).ok());
  pending.disks[1] = {.space = gigabyte};
  EXPECT_FALSE(check({.disk = {{"/a/x", {gibibyte + 1}, 0}}}, tight(), pending).ok());
  EXPECT_TRUE(check({.disk = {{"/a/x", {gibibyte}, 0}}}, tight(), pending).ok());
}

TEST(HeadRoom, HoldsAlsoInTheControlGroupsAround) {
  HeadRoom room = tight();
  room.memory.push_back({"in the control group /c", gigabyte / 2, gigabyte});
  EXPECT_TRUE(check({.memory = {gibibyte / 4}}, room).ok());
  const Status refused = check({.memory = {gibibyte}}, room);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("in the control group /c"));
}

TEST(HeadRoom, LetsADiskBeFilledThatTheHostDoesNotNeed) {
  HeadRoom room = tight();
  room.disks[0].is_guarded = false;
  EXPECT_TRUE(check({.disk = {{"/a/x", {3 * gibibyte}, 3000}}}, room).ok());
  room.disks[0].is_memory = true;
  EXPECT_FALSE(check({.disk = {{"/a/x", {3 * gibibyte}, 0}}}, room).ok())
      << "files in memory take memory";
}

TEST(HeadRoom, SaysWhatToDoWhenNothingIsLeftToTake) {
  HeadRoom room;
  room.memory = {{"on the host", gigabyte / 2, 10 * gigabyte}};
  const Status refused = check({.memory = {1}}, room);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().next, HasSubstr("free some first"));
}

TEST(HeadRoom, IsShortWhenHalfOfAReserveIsGone) {
  EXPECT_EQ(find_shortage(tight(), Policy{}), std::nullopt);
  HeadRoom room = tight();
  room.memory[0].left = 0.5 * gigabyte;
  EXPECT_EQ(find_shortage(room, Policy{}), std::nullopt) << "exactly half is left";
  room.memory[0].left = 0.4 * gigabyte;
  EXPECT_EQ(find_shortage(room, Policy{}),
            "head-room: 410 MiB of memory are left on the host, less than half of the reserve of "
            "1 GiB (memory_reserve)");
  room = tight();
  room.descriptors[0].left = 4999;
  EXPECT_THAT(find_shortage(room, Policy{}).value_or(""), HasSubstr("4999 of descriptors"));
  room = tight();
  room.processes[0].left = 499;
  EXPECT_THAT(find_shortage(room, Policy{}).value_or(""), HasSubstr("processes_reserve"));
  room = tight();
  room.disks[0].space.left = 0.49 * gigabyte;
  EXPECT_THAT(find_shortage(room, Policy{}).value_or(""), HasSubstr("disk space"));
  room = tight();
  room.disks[0].inodes.left = 499;
  EXPECT_THAT(find_shortage(room, Policy{}).value_or(""), HasSubstr("499 of inodes"));
  room.disks[0].is_guarded = false;
  EXPECT_EQ(find_shortage(room, Policy{}), std::nullopt);
}

// The real host, asked for twice of what it has.
TEST(HeadRoom, RefusesTwoHundredPercentOfEachResourceOfThisHost) {
  const HostRooms rooms({});
  change::Demand all{.memory = {1}, .descriptors = 1, .processes = 1, .disk = {{"/", {1}, 1}}};
  const HeadRoom room = rooms.look(all);
  ASSERT_FALSE(room.memory.empty());
  ASSERT_FALSE(room.descriptors.empty());
  ASSERT_FALSE(room.processes.empty());
  ASSERT_EQ(room.disks.size(), 1U);
  EXPECT_TRUE(room.disks[0].is_guarded);
  EXPECT_TRUE(check(all, room).ok()) << "a byte of each is there";
  const auto twice = [](const Room& one) { return static_cast<std::uint64_t>(one.total * 2); };
  EXPECT_EQ(check({.memory = {twice(room.memory[0])}}, room).error().code, Code::refused);
  const auto descriptors = static_cast<std::int64_t>(twice(room.descriptors[0]));
  EXPECT_EQ(check({.descriptors = descriptors}, room).error().code, Code::refused);
  const auto processes = static_cast<std::int64_t>(twice(room.processes[0]));
  EXPECT_EQ(check({.processes = processes}, room).error().code, Code::refused);
  const Bytes space{twice(room.disks[0].space)};
  EXPECT_EQ(check({.disk = {{"/new", space, 0}}}, room).error().code, Code::refused);
  if (room.disks[0].inodes.total > 0) {
    const change::Demand inodes{.disk = {{"/new", {}, twice(room.disks[0].inodes)}}};
    EXPECT_EQ(check(inodes, room).error().code, Code::refused);
  }
}

TEST(HeadRoom, LooksOnlyAtWhatIsAskedFor) {
  const HeadRoom room = HostRooms({}).look({.descriptors = 1});
  EXPECT_TRUE(room.memory.empty());
  EXPECT_TRUE(room.processes.empty());
  EXPECT_TRUE(room.disks.empty());
  EXPECT_TRUE(is_empty({}));
  EXPECT_FALSE(is_empty({.descriptors = 1}));
}

// The kernel keeps freed pages in lists of each processor, which it does not count as free: memory
// that comes from there is not seen to go. So it is taken until it must be seen.
TEST(HeadRoom, SeesMemoryGo) {
  const HostRooms rooms({});
  const change::Demand asked{.memory = {1}};
  const double before = rooms.look(asked).memory.at(0).left;
  constexpr std::size_t piece = 128 << 20;
  constexpr double enough = 2.0 * piece;
  std::vector<void*> taken;
  double gone = 0;
  while (gone < enough && taken.size() < 12) {
    void* memory = ::mmap(nullptr, piece, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    taken.push_back(memory);
    gone = before - rooms.look(asked).memory.at(0).left;
  }
  for (void* memory : taken) ::munmap(memory, piece);
  EXPECT_GE(gone, enough);
}

TEST(HeadRoom, SeesDescriptorsGo) {
  const HostRooms rooms({});
  const change::Demand asked{.descriptors = 1};
  const double before = rooms.look(asked).descriptors.at(0).left;
  std::vector<sys::Fd> opened;
  for (int i = 0; i < 900; ++i) opened.push_back(sys::open_file("/dev/null", O_RDONLY).value());
  EXPECT_NEAR(before - rooms.look(asked).descriptors.at(0).left, 900, 600);
}

}  // namespace
}  // namespace squall::guardian
