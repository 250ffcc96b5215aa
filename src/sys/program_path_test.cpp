#include "sys/program_path.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::sys {
namespace {

TEST(SearchPath, FindsEachProgramOnceAndInOrder) {
  std::string pattern = testing::TempDir() + "squall-path-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const std::string folder = real_path(pattern).value();
  for (const char* part : {"/one", "/two", "/three"}) {
    ASSERT_TRUE(make_folders(folder + part).ok());
  }
  ASSERT_TRUE(write_file_durably(folder + "/one/tool", "#!/bin/sh\n", 0644).ok());
  ASSERT_TRUE(write_file_durably(folder + "/two/tool", "#!/bin/sh\n", 0755).ok());
  ASSERT_EQ(::symlink("../two/tool", (folder + "/three/tool").c_str()), 0);
  ASSERT_EQ(::symlink("two", (folder + "/again").c_str()), 0);
  const std::string path = folder + "/one:relative::" + folder + "/three:" + folder +
                           "/two:" + folder + "/again:/no/such/folder";
  EXPECT_EQ(find_in_search_path("tool", path),
            (std::vector<std::string>{folder + "/three/tool", folder + "/two/tool"}));
  EXPECT_TRUE(find_in_search_path("other", path).empty());
  EXPECT_TRUE(find_in_search_path("two/tool", folder).empty());
  std::filesystem::remove_all(folder);
}

TEST(SearchPath, IsThatOfTheProcess) {
  const ProcessId self = read_process(::getpid()).value().id;
  const Result<std::string> path = search_path_of(self);
  ASSERT_TRUE(path.ok()) << path.error().render();
  EXPECT_FALSE(find_in_search_path("ls", *path).empty());
  const Result<std::string> gone = search_path_of({self.pid, self.start_ticks + 1});
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::sys
