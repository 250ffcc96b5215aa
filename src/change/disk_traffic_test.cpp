#include <charconv>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "change/holder.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/filesystem.h"
#include "sys/scratch_mount_test.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "disk.traffic");
}

class DiskTraffic : public testing::Test {
 protected:
  void SetUp() override {
    if (!mount_.is_mounted()) GTEST_SKIP() << "needs root and loop devices";
  }
  json::object params() const {
    return {{"path", mount_.path()}, {"rate", "400 /s"}, {"file_size", "4 MiB"}};
  }
  // Completed reads and writes of the disk, as the kernel counts them.
  std::int64_t operations() const {
    const sys::Filesystem filesystem = sys::look_at_filesystem(mount_.path()).value();
    const std::string path = fmt::format("/sys/dev/block/{}/stat", render(filesystem.disk));
    std::vector<std::int64_t> numbers;
    for (const std::string& word : split(sys::read_file(path).value(), ' ')) {
      std::int64_t number = 0;
      const auto [rest, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
      if (problem == std::errc() && rest != word.data()) numbers.push_back(number);
    }
    return numbers.at(0) + numbers.at(4);
  }
  sys::ScratchMount mount_{{.size = Bytes{32 << 20}, .program = "mkfs.ext4"}};
};

TEST_F(DiskTraffic, KeepsTheDiskBusyAtTheRateAskedFor) {
  const std::uint64_t free = mount_.free_bytes();
  Holder holder =
      Holder::start(kind(), params(), kind().capture(params()).value(), seconds(2)).value();
  json::object image{{"holder_pid", holder.id().pid},
                     {"holder_start", static_cast<std::int64_t>(holder.id().start_ticks)}};
  EXPECT_EQ(kind().verify(params(), image).value(), Presence::in_force);
  const std::int64_t before = operations();
  const Duration start = sys::monotonic_now();
  sys::sleep_until(start + milliseconds(1000));
  const auto done = static_cast<double>(operations() - before);
  const double per_second = done / (sys::monotonic_now() - start).seconds();
  EXPECT_NEAR(per_second, 400, 60);
  holder.release(seconds(1));
  EXPECT_EQ(kind().verify(params(), image).value(), Presence::absent);
  EXPECT_EQ(mount_.free_bytes(), free) << "the scratch file is gone";
}

TEST_F(DiskTraffic, IsUnsupportedWhereThereIsNoDisk) {
  const sys::ScratchMount memory;
  json::object in_memory = params();
  in_memory["path"] = memory.path();
  const Result<json::object> image = kind().capture(in_memory);
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().code, Code::unsupported) << image.error().render();
}

TEST_F(DiskTraffic, RefusesAScratchFileThatDoesNotFit) {
  json::object large = params();
  large["file_size"] = "64 MiB";
  const Result<json::object> image = kind().capture(large);
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().code, Code::refused) << image.error().render();
}

TEST_F(DiskTraffic, NamesWhatItDemandsOfTheHost) {
  const Footprint touched = kind().footprint(params()).value();
  EXPECT_EQ(touched.demand.disk.at(0).space, Bytes{4 << 20});
  EXPECT_EQ(touched.demand.processes, 10);
  ASSERT_EQ(touched.resources.size(), 1U);
}

}  // namespace
}  // namespace squall::change
