#include <algorithm>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/executor.h"
#include "change/holder.h"
#include "change/targets_test.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::change {
namespace {

using testing::HasSubstr;

const Kind& kind() {
  return *find(catalogue(), "file.tail");
}

class FileTailTest : public testing::Test {
 protected:
  FileTailTest() { EXPECT_TRUE(sys::write_file_durably(path_, "theirs\n").ok()); }
  void append(std::string_view text) const {
    const sys::Fd fd = sys::open_file(path_, O_WRONLY | O_APPEND).value();
    ASSERT_TRUE(sys::write_all(fd, text).ok());
  }
  std::string content() const { return sys::read_file(path_).value(); }
  std::int64_t lines() const {
    const std::string text = content();
    return std::count(text.begin(), text.end(), '\n') - 1;
  }
  Holder hold(json::object more = {}) {
    params_ = {{"path", path_}, {"lines", json::array{"event {n}"}}, {"tag", "[squall 12]"}};
    for (const auto& [key, value] : more) params_[key] = value;
    before_ = kind().capture(params_).value();
    return Holder::start(kind(), params_, before_, seconds(5)).value();
  }
  Reverted revert() const { return kind().revert(params_, before_).value(); }

  Folder folder_;
  std::string path_ = folder_.path() + "/log";
  json::object params_;
  json::object before_;
};

TEST_F(FileTailTest, AppendsAllAtOnceAndCutsThemOff) {
  Holder holder = hold({{"count", 3}});
  EXPECT_EQ(content(), "theirs\nevent 0 [squall 12]\nevent 1 [squall 12]\nevent 2 [squall 12]\n");
  holder.release(seconds(2));
  EXPECT_EQ(revert().ending, Ending::restored);
  EXPECT_EQ(content(), "theirs\n");
}

TEST_F(FileTailTest, AppendsAtARate) {
  const Duration begun = sys::monotonic_now();
  Holder holder = hold({{"count", 100'000}, {"rate", "2000 /s"}});
  const Duration deadline = begun + seconds(10);
  while (lines() < 1000 && sys::monotonic_now() < deadline) {
  }
  const double took = static_cast<double>((sys::monotonic_now() - begun).nanoseconds) * 1e-9;
  const double written = static_cast<double>(lines());
  holder.release(seconds(2));
  EXPECT_GE(written, 1000);
  EXPECT_LT(written, took * 2000 + 200) << "no faster than asked";
  EXPECT_GT(took, 0.4);
  EXPECT_EQ(revert().ending, Ending::restored);
  EXPECT_EQ(content(), "theirs\n");
}

TEST_F(FileTailTest, FindsItsLinesBehindThoseThatCameInBetween) {
  params_ = {{"path", path_}, {"lines", "event {n}"}, {"tag", "[squall 12]"}, {"count", 2}};
  before_ = kind().capture(params_).value();
  append("came in between\n");
  Holder holder = Holder::start(kind(), params_, before_, seconds(5)).value();
  holder.release(seconds(2));
  EXPECT_EQ(revert().ending, Ending::restored);
  EXPECT_EQ(content(), "theirs\ncame in between\n");
}

TEST_F(FileTailTest, LeavesAllWhenSomebodyWroteBehindAndTellsHowToFindThem) {
  Holder holder = hold({{"count", 2}});
  append("behind\n");
  holder.release(seconds(2));
  const std::string left = content();
  const Reverted reverted = revert();
  EXPECT_EQ(reverted.ending, Ending::foreign);
  EXPECT_THAT(reverted.detail, HasSubstr("2 lines were left"));
  EXPECT_THAT(reverted.detail, HasSubstr("[squall 12]"));
  EXPECT_EQ(content(), left);
}

TEST_F(FileTailTest, LeavesARotatedLogAndOneThatIsGone) {
  Holder holder = hold({{"count", 2}});
  holder.release(seconds(2));
  ASSERT_EQ(::rename(path_.c_str(), (path_ + ".1").c_str()), 0);
  EXPECT_EQ(revert().ending, Ending::gone);
  ASSERT_TRUE(sys::write_file_durably(path_, "new\n").ok());
  EXPECT_EQ(revert().ending, Ending::foreign);
  EXPECT_EQ(content(), "new\n");
}

TEST_F(FileTailTest, FindsNothingToDoInALogThatWasEmptied) {
  Holder holder = hold({{"count", 2}});
  holder.release(seconds(2));
  ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
  EXPECT_EQ(revert().ending, Ending::was_absent);
  EXPECT_EQ(content(), "");
}

TEST_F(FileTailTest, UndoesALineThatWasCutOffByADeath) {
  Holder holder = hold({{"count", 2}});
  holder.release(seconds(2));
  ASSERT_EQ(::truncate(path_.c_str(), static_cast<off_t>(content().size() - 9)), 0);
  EXPECT_EQ(revert().ending, Ending::restored);
  EXPECT_EQ(content(), "theirs\n");
}

TEST_F(FileTailTest, KeepsTheLinesOnlyWhereThatWasAccepted) {
  ASSERT_TRUE(sys::make_folders(folder_.path() + "/journal").ok());
  auto executor = Executor(Journal::open(folder_.path() + "/journal").value(), catalogue());
  const auto gate = [](const Kind&, const Footprint&) { return ok(); };
  const Request request{"file.tail",
                        {{"path", path_},
                         {"lines", "event {n}"},
                         {"tag", "[squall 12]"},
                         {"count", 2},
                         {"keep", true}}};
  const Result<Applied> refused = executor.apply("r/0", "r", request, false, gate);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::refused);
  EXPECT_EQ(content(), "theirs\n");
  ASSERT_TRUE(executor.apply("r/0", "r", request, true, gate).ok());
  append("behind\n");
  const Result<Reverted> reverted = executor.revert("r/0");
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_EQ(reverted->ending, Ending::restored);
  EXPECT_THAT(reverted->detail, HasSubstr("2 lines stay"));
  EXPECT_EQ(lines(), 3);
  EXPECT_TRUE(executor.live().empty());
}

TEST_F(FileTailTest, RefusesMoreThanCanBeUndone) {
  const auto code = [&](json::object more) {
    json::object params{{"path", path_}, {"lines", "x"}, {"tag", "[squall 12]"}};
    for (const auto& [key, value] : more) params[key] = value;
    const Result<Footprint> footprint = kind().footprint(params);
    return footprint.ok() ? Code::failed : footprint.error().code;
  };
  EXPECT_EQ(code({}), Code::failed);
  EXPECT_EQ(code({{"count", 1'000'000}, {"size", "1 KiB"}}), Code::invalid);
  EXPECT_EQ(code({{"tag", "x"}}), Code::invalid);
  EXPECT_EQ(code({{"lines", json::array{}}}), Code::invalid);
}

TEST_F(FileTailTest, TellsWhatOfTheDiskIsStillToCome) {
  params_ = {
      {"path", path_}, {"lines", "x"}, {"tag", "[squall 12]"}, {"size", "100 B"}, {"count", 10}};
  before_ = kind().capture(params_).value();
  EXPECT_EQ(kind().footprint(params_)->demand.disk.at(0).space, Bytes{1000});
  EXPECT_EQ(kind().outstanding(params_, before_).disk.at(0).space, Bytes{1000});
  append(std::string(300, 'x'));
  EXPECT_EQ(kind().outstanding(params_, before_).disk.at(0).space, Bytes{700});
  append(std::string(700, 'x'));
  EXPECT_TRUE(kind().outstanding(params_, before_).disk.empty());
}

}  // namespace
}  // namespace squall::change
