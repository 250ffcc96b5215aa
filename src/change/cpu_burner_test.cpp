#include <csignal>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "change/holder.h"
#include "sys/clock.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "cpu.burner");
}
Holder start(const json::object& params) {
  return Holder::start(kind(), params, {}, seconds(2)).value();
}
json::object image_of(const Holder& holder) {
  return {{"holder_pid", holder.id().pid},
          {"holder_start", static_cast<std::int64_t>(holder.id().start_ticks)}};
}
// CPU time per time, over a span that is long against a period.
double measured_load(const Holder& holder, Duration span) {
  const Duration start = sys::monotonic_now();
  const Duration used = sys::process_cpu_time(holder.id().pid).value();
  sys::sleep_until(start + span);
  const Duration more = sys::process_cpu_time(holder.id().pid).value() - used;
  return more.seconds() / (sys::monotonic_now() - start).seconds();
}

// On a busy machine the burner may get less than it asks for, but never more.
TEST(CpuBurner, BurnsTheShareAskedForOnEachCore) {
  const json::object params{{"cores", 2}, {"load", "20 %"}};
  Holder holder = start(params);
  const double load = measured_load(holder, milliseconds(600));
  RecordProperty("load", std::to_string(load));
  EXPECT_LT(load, 0.46);
  EXPECT_GT(load, 0.2);
  holder.release(seconds(1));
}

TEST(CpuBurner, RampsFromOneLoadToAnother) {
  const json::object params{{"cores", 1}, {"load", "40 %"}, {"from", "0 %"}, {"ramp", "800 ms"}};
  Holder holder = start(params);
  // The mean of a straight line over its first and its second half.
  const double first = measured_load(holder, milliseconds(400));
  const double second = measured_load(holder, milliseconds(400));
  const double after = measured_load(holder, milliseconds(300));
  RecordProperty("first", std::to_string(first));
  EXPECT_LT(first, 0.16) << "10 % expected";
  EXPECT_LT(second, 0.38) << "30 % expected";
  EXPECT_LT(first, second);
  EXPECT_LT(second, after);
  holder.release(seconds(1));
}

TEST(CpuBurner, IsInForceFromTheFootOfALongRampOn) {
  const json::object params{{"cores", 1}, {"load", "100 %"}, {"from", "0 %"}, {"ramp", "1 d"}};
  Holder holder = start(params);
  EXPECT_EQ(kind().verify(params, image_of(holder)).value(), Presence::in_force);
  EXPECT_DOUBLE_EQ(kind().footprint(params)->burnt_cores, 1.0) << "what it will come to";
  holder.release(seconds(1));
}

TEST(CpuBurner, IsSeenUnderItsName) {
  Holder holder = start({{"cores", 1}, {"load", "5 %"}});
  EXPECT_EQ(sys::read_process(holder.id().pid)->name, "squall-burner");
  holder.release(seconds(1));
}

TEST(CpuBurner, IsInForceWhileItBurnsAndAbsentWhenItDied) {
  const json::object params{{"cores", 1}, {"load", "5 %"}};
  Holder holder = start(params);
  EXPECT_EQ(kind().verify(params, image_of(holder)).value(), Presence::in_force);
  ::kill(static_cast<pid_t>(holder.id().pid), SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(holder.id().pid), &info, WEXITED | WNOWAIT);
  EXPECT_EQ(kind().verify(params, image_of(holder)).value(), Presence::absent);
  holder.release({});
}

TEST(CpuBurner, IsForeignWhenSomebodyStoppedIt) {
  const json::object params{{"cores", 1}, {"load", "5 %"}};
  Holder holder = start(params);
  ::kill(static_cast<pid_t>(holder.id().pid), SIGSTOP);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(holder.id().pid), &info, WSTOPPED | WNOWAIT);
  EXPECT_EQ(kind().verify(params, image_of(holder)).value(), Presence::foreign);
  holder.release({});
}

TEST(CpuBurner, LetsGoQuicklyEvenAtFullLoad) {
  Holder holder = start({{"cores", 2}, {"load", "100 %"}});
  const Duration asked = sys::monotonic_now();
  holder.release(seconds(5));
  EXPECT_LT(sys::monotonic_now() - asked, milliseconds(300));
}

TEST(CpuBurner, CountsTheCoresItBurns) {
  EXPECT_DOUBLE_EQ(kind().footprint({{"cores", 4}, {"load", "50 %"}})->burnt_cores, 2.0);
  for (const json::object& bad :
       {json::object{{"cores", 0}, {"load", "50 %"}}, json::object{{"cores", 1}, {"load", "0 %"}},
        json::object{{"cores", 1}, {"load", "150 %"}}, json::object{{"cores", 1}, {"load", 0.5}}}) {
    EXPECT_FALSE(kind().footprint(bad).ok());
  }
}

}  // namespace
}  // namespace squall::change
