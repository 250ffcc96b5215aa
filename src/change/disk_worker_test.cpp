#include "change/disk_worker.h"

#include <set>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "change/targets_test.h"
#include "change/unnamed_files.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::change {
namespace {

constexpr DiskWork gentle{.rate = {200}, .block = {4096}, .depth = 4, .file_size = {1 << 20}};

// What this process read and wrote by system calls so far: rchar, wchar, syscr, syscw.
std::int64_t own_transfers(std::string_view name) {
  const std::string text = sys::read_file("/proc/self/io").value();
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with(name)) return std::stoll(line.substr(name.size() + 2));
  }
  return -1;
}

std::int64_t size_of(const sys::Fd& file) {
  struct stat status {};
  return ::fstat(file.get(), &status) == 0 ? status.st_size : -1;
}

// For that long once the file is filled, which is the first work.
Status work_for(const sys::Fd& file, const DiskWork& work, Duration span) {
  std::stop_source stop;
  std::jthread ender([&](std::stop_token is_over) {
    const std::int64_t whole = static_cast<std::int64_t>(work.file_size.count);
    while (size_of(file) < whole && !is_over.stop_requested()) {
      sys::sleep_until(sys::monotonic_now() + milliseconds(1));
    }
    if (is_over.stop_requested()) return;
    sys::sleep_until(sys::monotonic_now() + span);
    stop.request_stop();
  });
  return work_on_disk(file, work, stop.get_token());
}

TEST(DiskWorker, DoesAsManyOperationsAsAreDue) {
  const Folder folder;
  const sys::Fd file = open_unnamed_file(folder.path()).value();
  const std::int64_t before = own_transfers("syscw");
  const Duration start = sys::monotonic_now();
  ASSERT_TRUE(work_for(file, gentle, milliseconds(500)).ok());
  const double took = (sys::monotonic_now() - start).seconds();     // a busy host stops it late
  const std::int64_t writes = own_transfers("syscw") - before - 1;  // one wrote the file
  EXPECT_GE(writes, 90);
  EXPECT_LE(static_cast<double>(writes), took * 200 + 4);
}

TEST(DiskWorker, ReadsTheShareItIsTold) {
  const Folder folder;
  const sys::Fd file = open_unnamed_file(folder.path()).value();
  DiskWork work = gentle;
  work.rate = {2000};
  work.reads = {0.75};
  const std::int64_t reads_before = own_transfers("rchar");
  const std::int64_t writes_before = own_transfers("wchar");
  ASSERT_TRUE(work_for(file, work, milliseconds(500)).ok());
  const auto reads = static_cast<double>(own_transfers("rchar") - reads_before);
  const auto writes = static_cast<double>(own_transfers("wchar") - writes_before - (1 << 20));
  EXPECT_NEAR(reads / (reads + writes), 0.75, 0.05);
}

TEST(DiskWorker, FillsTheFileSoThatReadsFindBlocks) {
  const Folder folder;
  const sys::Fd file = open_unnamed_file(folder.path()).value();
  ASSERT_TRUE(work_for(file, gentle, milliseconds(50)).ok());
  struct stat status {};
  ASSERT_EQ(::fstat(file.get(), &status), 0);
  EXPECT_EQ(status.st_size, 1 << 20);
  EXPECT_GE(status.st_blocks * 512, 1 << 20);
}

TEST(DiskWorker, StopsAtTheFirstFailureAndSaysWhich) {
  const Folder folder;
  const std::string path = folder.path() + "/read-only";
  ASSERT_TRUE(sys::write_file_durably(path, "short").ok());
  const sys::Fd file = sys::open_file(path, O_RDONLY).value();
  const Status worked = work_for(file, gentle, seconds(5));
  ASSERT_FALSE(worked.ok());
  EXPECT_NE(worked.error().message.find("writing"), std::string::npos);
}

TEST(DiskWorker, RefusesWhatCannotBe) {
  const auto with = [](auto change) {
    DiskWork work = gentle;
    change(work);
    return check_disk_work(work).ok();
  };
  EXPECT_TRUE(with([](DiskWork&) {}));
  EXPECT_FALSE(with([](DiskWork& work) { work.rate = {0.5}; }));
  EXPECT_FALSE(with([](DiskWork& work) { work.block = {2 << 20}; })) << "larger than the file";
  EXPECT_TRUE(with([](DiskWork& work) { work.block = {100}; }));
  EXPECT_FALSE(with([](DiskWork& work) {
    work.block = {100};
    work.is_direct = true;
  }));
  EXPECT_FALSE(with([](DiskWork& work) { work.file_size = {1ULL << 40}; }));
}

}  // namespace
}  // namespace squall::change
