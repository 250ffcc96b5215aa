#include "change/background_task.h"

#include <atomic>

#include <gtest/gtest.h>

#include "sys/clock.h"

namespace squall::change {
namespace {

TEST(BackgroundTask, IsDoneWhenItsBodyReturned) {
  const auto task = BackgroundTask::start([](const std::stop_token&) { return ok(); }).value();
  EXPECT_TRUE(task->wait(seconds(5)).ok());
  EXPECT_TRUE(task->is_done());
}

TEST(BackgroundTask, TellsHowItsBodyFailed) {
  const auto task = BackgroundTask::start([](const std::stop_token&) -> Status {
                      return error(Code::refused, "no");
                    }).value();
  EXPECT_EQ(task->wait(seconds(5)).error().code, Code::refused);
  EXPECT_EQ(task->problem().error().message, "no");
}

TEST(BackgroundTask, GoesOnAfterTheWaitAndStopsWithItsOwner) {
  std::atomic<bool> was_stopped = false;
  auto task = BackgroundTask::start([&](const std::stop_token& stop) {
                was_stopped = !sys::sleep_until(sys::monotonic_now() + seconds(60), stop);
                return ok();
              }).value();
  EXPECT_TRUE(task->wait(milliseconds(1)).ok());
  EXPECT_FALSE(task->is_done());
  EXPECT_TRUE(task->problem().ok());
  task.reset();
  EXPECT_TRUE(was_stopped);
}

}  // namespace
}  // namespace squall::change
