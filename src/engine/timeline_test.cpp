#include "engine/timeline.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <latch>
#include <limits>
#include <thread>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/file.h"

namespace squall::engine {
namespace {

class Timeline : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "timeline-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/run.jsonl";
  }
  void TearDown() override {
    if (is_mounted_) umount2(folder_.c_str(), MNT_DETACH);
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }
  void write(std::string_view bytes) { std::ofstream(path_, std::ios::binary) << bytes; }

  std::string folder_;
  std::string path_;
  bool is_mounted_ = false;
};

TEST_F(Timeline, ReadsBackWhatWasWritten) {
  auto writer = TimelineWriter::create(path_, {});
  ASSERT_TRUE(writer.ok()) << writer.error().render();
  (*writer)->add("phase", {{"phase", "gates"}});
  (*writer)->add("gauge", {{"cpu", 0.25}, {"t_ns", 77}, {"event", "not this"}});
  const auto read = read_timeline(path_);
  ASSERT_TRUE(read.ok()) << read.error().render();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(text_at((*read)[0], "event"), "phase");
  EXPECT_EQ(text_at((*read)[1], "event"), "gauge");
  EXPECT_EQ(number_at((*read)[1], "cpu"), 0.25);
  EXPECT_GE(integer_at((*read)[1], "t_ns"), integer_at((*read)[0], "t_ns"));
  EXPECT_EQ(compact_json((*writer)->events()[1]), compact_json((*read)[1]));
}

TEST_F(Timeline, IsReadableByItsOwnerAlone) {
  auto writer = TimelineWriter::create(path_, {});
  ASSERT_TRUE(writer.ok());
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(Timeline, NeverWritesOverAnotherRun) {
  write("{}\n");
  const auto writer = TimelineWriter::create(path_, {});
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().code, Code::conflict);
  EXPECT_NE(writer.error().render().find(path_), std::string::npos);
}

TEST_F(Timeline, NamesTheFolderThatIsMissing) {
  const auto writer = TimelineWriter::create(folder_ + "/none/run.jsonl", {});
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().code, Code::not_found);
}

TEST_F(Timeline, LivesInMemoryWithoutAPath) {
  auto writer = TimelineWriter::create("", {});
  ASSERT_TRUE(writer.ok());
  (*writer)->add("note", {{"message", "x"}});
  EXPECT_EQ((*writer)->events().size(), 1U);
  EXPECT_FALSE((*writer)->failure().has_value());
}

TEST_F(Timeline, LeavesOutALastLineThatWasCutShort) {
  write("{\"t_ns\":1,\"event\":\"a\"}\n{\"t_ns\":2,\"eve");
  const auto read = read_timeline(path_);
  ASSERT_TRUE(read.ok()) << read.error().render();
  EXPECT_EQ(read->size(), 1U);
}

TEST_F(Timeline, KeepsALastLineThatOnlyLostItsEnd) {
  write("{\"t_ns\":1,\"event\":\"a\"}");
  const auto read = read_timeline(path_);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->size(), 1U);
}

TEST_F(Timeline, ReadsWholeAfterACutAtAnyByte) {
  const std::string whole =
      "{\"t_ns\":1,\"event\":\"a\"}\n{\"t_ns\":2,\"event\":\"b\",\"why\":\"\xc3\xa9\"}\n";
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    write(whole.substr(0, cut));
    const auto read = read_timeline(path_);
    ASSERT_TRUE(read.ok()) << cut << ": " << read.error().render();
    EXPECT_EQ(read->size(), (cut >= 22 ? 1U : 0U) + (cut + 1 >= whole.size() ? 1U : 0U)) << cut;
  }
}

TEST_F(Timeline, NamesABrokenLineInTheMiddle) {
  for (const char* broken : {"{\"t_ns\":2,\"eve", "[1]", "{\"t_ns\":2}", "{\"event\":\"b\"}",
                             "{\"t_ns\":\"2\",\"event\":\"b\"}", ""}) {
    write(std::string("{\"t_ns\":1,\"event\":\"a\"}\n") + broken +
          "\n{\"t_ns\":3,\"event\":\"c\"}\n");
    const auto read = read_timeline(path_);
    ASSERT_FALSE(read.ok()) << broken;
    EXPECT_NE(read.error().message.find(path_ + ":2:"), std::string::npos) << read.error().message;
  }
}

TEST_F(Timeline, SurvivesTextThatIsNotUtf8AndNumbersThatAreNone) {
  auto writer = TimelineWriter::create(path_, {});
  ASSERT_TRUE(writer.ok());
  (*writer)->add("sample", {{"why", "body is \xff\xfe"},
                            {"values", json::object{{"\xff", json::array{"\xc0", 1}}}},
                            {"cpu", std::numeric_limits<double>::quiet_NaN()}});
  const auto read = read_timeline(path_);
  ASSERT_TRUE(read.ok()) << read.error().render();
  EXPECT_EQ(text_at((*read)[0], "why"), "body is ??");
  EXPECT_EQ(json::value((*writer)->events()[0]), json::value((*read)[0]));
}

TEST_F(Timeline, KeepsLinesWholeWhenSeveralThreadsWrite) {
  constexpr int threads = 4;
  constexpr int lines = 300;
  std::int64_t seen = 0;
  std::int64_t last = -1;
  bool is_ordered = true;
  {
    auto writer = TimelineWriter::create(path_, [&](const Event& event) {
      ++seen;
      is_ordered = is_ordered && integer_at(event, "t_ns") >= last;
      last = integer_at(event, "t_ns");
    });
    ASSERT_TRUE(writer.ok());
    std::latch start(threads);
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([&] {
        start.arrive_and_wait();
        for (int line = 0; line < lines; ++line) (*writer)->add("note", {{"message", "x"}});
      });
    }
  }
  EXPECT_EQ(seen, threads * lines);
  EXPECT_TRUE(is_ordered);
  const auto read = read_timeline(path_);
  ASSERT_TRUE(read.ok()) << read.error().render();
  EXPECT_EQ(read->size(), static_cast<std::size_t>(threads * lines));
}

TEST_F(Timeline, LetsItsObserverAddEventsOfItsOwn) {
  TimelineWriter* self = nullptr;
  std::vector<std::string> seen;
  auto writer = TimelineWriter::create("", [&](const Event& event) {
    seen.push_back(text_at(event, "event"));
    if (seen.back() == "sample") self->add("stop", {{"reason", "condition"}});
  });
  ASSERT_TRUE(writer.ok());
  self = writer->get();
  self->add("sample", {});
  self->add("note", {});
  EXPECT_EQ(seen, (std::vector<std::string>{"sample", "stop", "note"}));
}

TEST_F(Timeline, SaysWhenTheDiskIsFullAndKeepsWholeLines) {
  if (geteuid() != 0 || mount("none", folder_.c_str(), "tmpfs", 0, "size=8k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs needs root";
  }
  is_mounted_ = true;
  std::size_t added = 0;
  {
    auto writer = TimelineWriter::create(path_, {});
    ASSERT_TRUE(writer.ok());
    while (!(*writer)->failure() && added < 1000) {
      (*writer)->add("note", {{"message", std::string(100, 'x')}});
      ++added;
    }
    (*writer)->add("note", {{"message", "after"}});
    const auto failure = (*writer)->failure();
    ASSERT_TRUE(failure.has_value());
    EXPECT_NE(failure->render().find(path_), std::string::npos) << failure->render();
    EXPECT_NE(failure->render().find("No space left"), std::string::npos) << failure->render();
    EXPECT_FALSE(failure->next.empty());
    EXPECT_EQ((*writer)->events().size(), added + 1);
  }
  const auto read = read_timeline(path_);
  EXPECT_TRUE(read.ok());
  EXPECT_EQ(read.ok() ? read->size() : 0, added - 1);
  const auto bytes = sys::read_file(path_);
  EXPECT_TRUE(bytes.ok() && bytes->back() == '\n');
}

TEST_F(Timeline, IsReadableAfterItsWriterIsKilled) {
  const pid_t child = fork();
  if (child == 0) {
    auto writer = TimelineWriter::create(path_, {});
    for (int i = 0; i < 50; ++i) (*writer)->add("note", {{"message", "x"}});
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto read = read_timeline(path_);
  ASSERT_TRUE(read.ok()) << read.error().render();
  EXPECT_EQ(read->size(), 50U);
}

}  // namespace
}  // namespace squall::engine
