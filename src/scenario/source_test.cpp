#include "scenario/source.h"

#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::scenario {
namespace {

TEST(ReadSource, ReadsAFile) {
  const sys::ScratchFolder folder;
  ASSERT_TRUE(sys::write_file_durably(folder / "a.yaml", "scenario: a\n").ok());
  EXPECT_EQ(read_source(folder / "a.yaml").value(), "scenario: a\n");
  EXPECT_EQ(read_source(folder / "none.yaml").error().code, Code::not_found);
  EXPECT_FALSE(read_source(folder.path()).ok());
}

TEST(ReadSource, RefusesWhatHasNoEnd) {
  EXPECT_EQ(read_source("/dev/zero").error().code, Code::invalid);
}

TEST(ReadSource, ReadsAPipeToItsEnd) {
  const sys::ScratchFolder folder;
  const std::string path = folder / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const std::string whole(200'000, 'x');  // more than a pipe holds
  std::jthread writer([&] {
    const Result<sys::Fd> fd = sys::open_file(path, O_WRONLY);
    EXPECT_TRUE(fd.ok() && sys::write_all(*fd, whole).ok());
  });
  EXPECT_EQ(read_source(path).value(), whole);
}

TEST(ReadSource, GivesUpOnAPipeThatStaysSilent) {
  const sys::ScratchFolder folder;
  const std::string path = folder / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const Result<std::string> read = read_source(path, milliseconds(20));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::timed_out);
  EXPECT_NE(read.error().message.find("is a pipe to which nobody wrote"), std::string::npos);
}

}  // namespace
}  // namespace squall::scenario
