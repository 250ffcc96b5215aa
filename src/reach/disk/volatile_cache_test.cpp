#include "reach/disk/volatile_cache.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sys/file.h"

namespace squall::reach {
namespace {

// A file of 10000 letters a, open through a cache.
class VolatileCacheTest : public testing::Test {
 protected:
  VolatileCacheTest() {
    std::string path = testing::TempDir() + "cache-of-squall-XXXXXX";
    fd_ = sys::Fd(::mkostemp(path.data(), O_CLOEXEC));
    path_ = path;
    EXPECT_TRUE(sys::write_all(fd_, std::string(10'000, 'a')).ok());
    cache_.opened(fd_.get());
  }
  ~VolatileCacheTest() override { ::unlink(path_.c_str()); }

  std::string real() const { return sys::read_at(fd_, 0, 100'000).value(); }
  std::string seen() {
    std::string bytes(100'000, '?');
    const ssize_t got = cache_.read(fd_.get(), bytes.data(), bytes.size(), 0);
    EXPECT_GE(got, 0);
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return bytes;
  }
  off_t seen_size() {
    struct stat status {};
    EXPECT_EQ(::fstat(fd_.get(), &status), 0);
    cache_.correct(status);
    return status.st_size;
  }
  void write(std::string_view bytes, std::uint64_t offset, bool is_held = true) {
    EXPECT_EQ(cache_.write(fd_.get(), bytes, offset, is_held), static_cast<ssize_t>(bytes.size()));
  }

  std::string path_;
  sys::Fd fd_;
  VolatileCache cache_{Bytes{4 * 4096}};
};

TEST_F(VolatileCacheTest, ShowsWhatIsHeldAndKeepsItFromTheFile) {
  const std::string before = real();
  write("bbbb", 4094);  // over the edge of a block
  std::string expected = before;
  expected.replace(4094, 4, "bbbb");
  EXPECT_EQ(seen(), expected);
  EXPECT_EQ(real(), before);
  EXPECT_EQ(cache_.held().blocks, 2U);
  EXPECT_EQ(cache_.held().files, 1U);
  EXPECT_EQ(cache_.flush(fd_.get()), 0);
  EXPECT_EQ(real(), expected);
  EXPECT_EQ(seen(), expected);
  EXPECT_EQ(cache_.held().blocks, 0U);
}

TEST_F(VolatileCacheTest, GrowsAFileWithoutTheFileKnowing) {
  write("end", 20'000);
  EXPECT_EQ(seen_size(), 20'003);
  EXPECT_EQ(real().size(), 10'000U);
  const std::string all = seen();
  ASSERT_EQ(all.size(), 20'003U);
  EXPECT_EQ(all.substr(9'999, 2), std::string("a\0", 2)) << "between them are zeros";
  EXPECT_EQ(all.substr(20'000), "end");
  EXPECT_EQ(cache_.flush(fd_.get()), 0);
  EXPECT_EQ(real(), all);
}

TEST_F(VolatileCacheTest, WritesThroughWhatIsNotHeldAndKeepsHeldBlocksTrue) {
  write("held", 0);
  write("through", 2, false);
  write("far", 8192, false);
  EXPECT_EQ(real().substr(0, 9), "aaaaaaaaa") << "its block is held already";
  EXPECT_EQ(real().substr(8192, 3), "far");
  EXPECT_EQ(seen().substr(0, 9), "hethrough");
}

TEST_F(VolatileCacheTest, ForgetsWhatIsCutOff) {
  write(std::string(8192, 'b'), 0);
  EXPECT_EQ(cache_.resize(fd_.get(), 100), 0);
  EXPECT_EQ(seen(), std::string(100, 'b'));
  EXPECT_EQ(real(), std::string(100, 'a')) << "a size reaches the disk at once";
  EXPECT_EQ(cache_.resize(fd_.get(), 200), 0);
  EXPECT_EQ(seen(), std::string(100, 'b') + std::string(100, '\0'));
  EXPECT_EQ(cache_.resize(fd_.get(), 0), 0);
  EXPECT_EQ(cache_.held().blocks, 0U);
  EXPECT_EQ(seen(), "");
}

TEST_F(VolatileCacheTest, WritesTheOldestBlocksWhenItIsFull) {
  for (std::uint64_t block = 0; block < 6; ++block) write("b", block * 4096);
  EXPECT_EQ(cache_.held().blocks, 4U);
  EXPECT_EQ(real()[0], 'b');
  EXPECT_EQ(real()[4096], 'b');
  EXPECT_EQ(real()[8192], 'a');
  EXPECT_EQ(seen_size(), 5 * 4096 + 1);
}

TEST_F(VolatileCacheTest, KeepsWhatIsHeldOfAClosedFileUntilItLosesItsName) {
  write("b", 0);
  cache_.closed(fd_.get());
  EXPECT_EQ(cache_.held().blocks, 1U);
  EXPECT_EQ(seen()[0], 'b');
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  cache_.drop_removed();
  EXPECT_EQ(cache_.held().blocks, 0U);
}

TEST_F(VolatileCacheTest, SaysWhatTheKernelSays) {
  const sys::Fd read_only = sys::open_file(path_, O_RDONLY).value();
  EXPECT_EQ(cache_.write(read_only.get(), "b", 0, false), -EBADF);
  EXPECT_EQ(cache_.resize(read_only.get(), 1), -EINVAL);
  EXPECT_EQ(cache_.write(-1, "b", 0, true), -EBADF);
}

}  // namespace
}  // namespace squall::reach
