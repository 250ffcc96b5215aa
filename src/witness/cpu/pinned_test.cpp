#include <thread>

#include <gmock/gmock.h>
#include <sched.h>

#include "sys/file.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;

json::object to(const Child& child, const std::string& cpus) {
  json::object params = child.params();
  params["cpus"] = cpus;
  return params;
}

class CpuPinned : public testing::Test {
 protected:
  void SetUp() override {
    CPU_ZERO(&whole_);
    ASSERT_EQ(::sched_getaffinity(0, sizeof whole_, &whole_), 0);
    for (int number = 0; number < CPU_SETSIZE; ++number) {
      if (CPU_ISSET(number, &whole_)) numbers_.push_back(number);
    }
    if (numbers_.size() < 2) GTEST_SKIP() << "needs two processors";
  }
  static void bind(int thread, int number) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(number, &set);
    ASSERT_EQ(::sched_setaffinity(thread, sizeof set, &set), 0);
  }
  void unbind(int thread) const {
    ASSERT_EQ(::sched_setaffinity(thread, sizeof whole_, &whole_), 0);
  }

  cpu_set_t whole_;
  std::vector<int> numbers_;
};

TEST_F(CpuPinned, SeesThatAllThreadsAreBoundAndSetFree) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer adds a thread of its own to every process";
#endif
  const Child child([] {
    static const std::thread another([] {
      while (true) ::pause();
    });
  });
  const auto witness = scenes::open("cpu.pinned", to(child, std::to_string(numbers_[1]))).value();
  const auto names = sys::list_folder("/proc/" + std::to_string(child.pid()) + "/task").value();
  ASSERT_EQ(names.size(), 2U);
  EXPECT_TRUE(scenes::stays_off(*witness));
  bind(std::stoi(names[1]), numbers_[1]);
  EXPECT_TRUE(scenes::stays_off(*witness)) << "the other thread is free";
  bind(std::stoi(names[0]), numbers_[1]);
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 2.0);
  unbind(std::stoi(names[0]));
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(CpuPinned, SeesNothingOnAnotherProcessor) {
  const Child child;
  const auto witness = scenes::open("cpu.pinned", to(child, std::to_string(numbers_[1]))).value();
  bind(child.pid(), numbers_[0]);
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST_F(CpuPinned, RefusesWhatWouldProveNothing) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer adds a thread of its own to every process";
#endif
  const Child child;
  bind(child.pid(), numbers_[0]);
  const std::string first = std::to_string(numbers_[0]);
  const auto already = scenes::open("cpu.pinned", to(child, first));
  ASSERT_FALSE(already.ok());
  EXPECT_EQ(already.error().code, Code::conflict);
  EXPECT_EQ(scenes::open("cpu.pinned", to(child, "none")).error().code, Code::invalid);
  json::object stale = scenes::params_of_a_predecessor(child);
  stale["cpus"] = first;
  EXPECT_EQ(scenes::open("cpu.pinned", stale).error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
