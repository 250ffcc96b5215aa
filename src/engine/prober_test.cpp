// The prober against targets that answer, wait, or never answer, and on a host that stops it.
#include "engine/prober.h"

#include <algorithm>
#include <condition_variable>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::engine {
namespace {

constexpr Duration patience = seconds(20);

bool eventually(const std::function<bool()>& condition) {
  const Duration deadline = sys::monotonic_now() + patience;
  while (!condition()) {
    if (sys::monotonic_now() > deadline) return false;
    sys::sleep_until(sys::monotonic_now() + milliseconds(1));
  }
  return true;
}

// A target that answers nobody until it is opened.
class Door {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  // False when it stayed shut.
  bool pass(Duration timeout, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, stop, std::chrono::nanoseconds(timeout.nanoseconds),
                             [this] { return is_open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_open_ = false;
};

class Knock final : public probe::Probe {
 public:
  explicit Knock(Door& door) : door_(door) {}
  probe::Sample take(Duration timeout, std::stop_token stop) const override {
    if (!door_.pass(timeout, stop)) return {.problem = "the door stayed shut"};
    return {.values = {{"reached", true}, {"latency", "1 ms"}}};
  }

 private:
  Door& door_;
};

probe::Kind kind_of_door(std::string_view name, Door& door) {
  probe::Kind kind{.name = name};
  kind.values = {{"reached", "yes or no", ""}, {"latency", "duration", ""}};
  kind.open = [&door](const json::object&) -> Result<std::unique_ptr<probe::Probe>> {
    return std::unique_ptr<probe::Probe>(std::make_unique<Knock>(door));
  };
  return kind;
}

scenario::PlannedCheck check_of(const std::string& name, Duration every, Duration timeout) {
  scenario::PlannedCheck check;
  check.name = name;
  check.probe = name;
  check.every = every;
  check.timeout = timeout;
  return check;
}

class ProberTest : public testing::Test {
 protected:
  ProberTest() : shut_(kind_of_door("shut", door_)), open_(kind_of_door("open", open_door_)) {
    open_door_.open();
  }
  std::vector<Event> events_of(std::string_view name, std::string_view check) const {
    std::vector<Event> events = timeline_->events();
    std::erase_if(events, [&](const Event& event) {
      return text_at(event, "event") != name || text_at(event, "check") != check;
    });
    return events;
  }

  std::unique_ptr<TimelineWriter> timeline_ = TimelineWriter::create("", {}).value();
  Door door_;
  Door open_door_;
  probe::Kind shut_;
  probe::Kind open_;
  probe::Catalogue probes_{&shut_, &open_};
};

TEST_F(ProberTest, LaysToTheTargetWhatItKeepsWaiting) {
  const auto slow = check_of("shut", milliseconds(1), seconds(10));
  const auto quick = check_of("open", milliseconds(5), seconds(1));
  Prober prober(*timeline_);
  ASSERT_TRUE(prober.add(slow, probes_).ok());
  ASSERT_TRUE(prober.add(quick, probes_).ok());
  prober.start();
  prober.begin(0);
  // By then every worker of the first check waits at the door, and many samples behind them.
  sys::sleep_until(sys::monotonic_now() + milliseconds(400));
  prober.begin(1);
  EXPECT_TRUE(eventually([&] { return untainted(prober, 1, 0).size() >= 40; }))
      << "a check is not disturbed by the target of another one";
  EXPECT_THAT(prober.taken(0, 0), testing::IsEmpty());
  door_.open();
  const auto waited_long = [](const Taken& one) {
    return !one.tainted && one.good && one.latency_ns() > milliseconds(200).nanoseconds &&
           one.sent_ns - one.planned_ns > milliseconds(200).nanoseconds;
  };
  EXPECT_TRUE(eventually([&] {
    const auto taken = prober.taken(0, 0);
    return std::count_if(taken.begin(), taken.end(), waited_long) > 20;
  })) << "the wait is latency, and no lateness";
  prober.stop();
  const std::vector<Event> samples = events_of("sample", "shut");
  EXPECT_TRUE(std::any_of(samples.begin(), samples.end(), [](const Event& event) {
    return parse_duration(text_at(*object_at(event, "values"), "latency")).value() >
           milliseconds(200);
  })) << "and it is in the latency that tolerances judge";
}

TEST_F(ProberTest, GivesAWaitingSampleNoMoreTimeThanAnyOther) {
  const auto slow = check_of("shut", milliseconds(2), milliseconds(200));
  Prober prober(*timeline_);
  ASSERT_TRUE(prober.add(slow, probes_).ok());
  prober.start();
  prober.begin(0);
  // One that waited for its turn gives up as long after its instant as one that did not wait.
  const auto waited = [](const Taken& one) {
    return one.sent_ns - one.planned_ns > milliseconds(40).nanoseconds &&
           one.done_ns - one.sent_ns < milliseconds(190).nanoseconds;
  };
  EXPECT_TRUE(eventually([&] {
    const auto taken = prober.taken(0, 0);
    return std::any_of(taken.begin(), taken.end(), waited);
  }));
  prober.stop();
  for (const Taken& one : prober.taken(0, 0)) EXPECT_FALSE(one.good);
}

// A host that does not let squall run at all: stopped as a whole, it cannot send in time.
TEST_F(ProberTest, TaintsTheSamplesForWhichItWasLateAndNoOthers) {
  const sys::ScratchFolder folder;
  const std::string path = folder / "timeline.jsonl";
  const sys::Child prober([&] {
    static std::unique_ptr<TimelineWriter> timeline = TimelineWriter::create(path, {}).value();
    static Prober prober(*timeline);
    static const auto quick = check_of("open", milliseconds(5), seconds(1));
    CHECK(prober.add(quick, probes_).ok(), "the check is in order");
    prober.start();
    prober.begin(0);
  });
  const auto samples = [&] {
    std::vector<Event> events = read_timeline(path).value();
    std::erase_if(events, [](const Event& event) { return text_at(event, "event") != "sample"; });
    return events;
  };
  ASSERT_TRUE(eventually([&] { return samples().size() >= 20; }));
  ::kill(prober.id().pid, SIGSTOP);
  const std::size_t before = samples().size();
  sys::sleep_until(sys::monotonic_now() + milliseconds(300));
  ::kill(prober.id().pid, SIGCONT);
  std::size_t late = 0;
  const auto counted_later = [&] {
    std::size_t counted = 0;
    late = 0;
    for (const Event& event : samples()) {
      const bool is_tainted = bool_at(event, "tainted");
      EXPECT_EQ(is_tainted,
                integer_at(event, "late_ns") > lateness_limit(milliseconds(5)).nanoseconds);
      if (is_tainted) ++late;
      if (late > 50 && !is_tainted) ++counted;
    }
    return counted;
  };
  ASSERT_TRUE(eventually([&] { return samples().size() >= before + 60; }));
  EXPECT_TRUE(eventually([&] { return counted_later() >= 20; }));
  EXPECT_GE(late, 50U) << "300 ms are 60 samples";
}

TEST_F(ProberTest, RecordsHowLateItWasAndWhy) {
  const auto quick = check_of("open", milliseconds(5), seconds(1));
  Prober prober(*timeline_);
  ASSERT_TRUE(prober.add(quick, probes_).ok());
  prober.start();
  prober.begin(0);
  ASSERT_TRUE(eventually([&] { return prober.taken(0, 0).size() >= 20; }));
  prober.stop();
  const std::vector<Event> said = events_of("lateness", "open");
  ASSERT_EQ(said.size(), 1U);
  EXPECT_GE(integer_at(said[0], "samples"), 20);
  EXPECT_LE(integer_at(said[0], "median_ns"), integer_at(said[0], "p99_ns"));
  EXPECT_LE(integer_at(said[0], "p99_ns"), integer_at(said[0], "max_ns"));
  EXPECT_EQ(integer_at(said[0], "dropped"), 0);
  EXPECT_THAT(text_at(said[0], "promptness"), testing::HasSubstr("ordinary thread"));
}

}  // namespace
}  // namespace squall::engine
