#include <thread>

#include <gmock/gmock.h>
#include <sys/resource.h>

#include "sys/file.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;
using testing::HasSubstr;

// Runs in the child, which never ends by itself: the thread is never joined.
void start_another_thread() {
  static const std::thread another([] {
    while (true) ::pause();
  });
}

void renice(const std::string& thread, int nice) {
  ASSERT_EQ(::setpriority(PRIO_PROCESS, static_cast<id_t>(std::stoi(thread)), nice), 0);
}
std::vector<std::string> threads_of(const Child& child) {
  return sys::list_folder("/proc/" + std::to_string(child.pid()) + "/task").value();
}
json::object to(const Child& child, int nice) {
  json::object params = child.params();
  params["nice"] = nice;
  return params;
}

TEST(ProcessReniced, SeesThatAllThreadsAreAndGoBack) {
  const Child child(start_another_thread);
  const auto witness = scenes::open("process.reniced", to(child, 12)).value();
  const std::vector<std::string> threads = threads_of(child);
  ASSERT_GE(threads.size(), 2U);
  EXPECT_TRUE(scenes::stays_off(*witness));
  for (std::size_t i = 1; i < threads.size(); ++i) renice(threads[i], 12);
  EXPECT_TRUE(scenes::stays_off(*witness)) << "the first thread is as before";
  renice(threads[0], 12);
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, static_cast<double>(threads.size()));
  EXPECT_THAT(on->detail, HasSubstr("threads at nice 12"));
  for (const std::string& thread : threads) renice(thread, 0);
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST(ProcessReniced, SeesNothingAtAnotherValueOrOfAnotherProcess) {
  const Child child;
  const Child other;
  const auto witness = scenes::open("process.reniced", to(child, 12)).value();
  renice(std::to_string(child.pid()), 11);
  renice(std::to_string(other.pid()), 12);
  EXPECT_TRUE(scenes::stays_off(*witness));
  ::kill(child.pid(), SIGKILL);
  EXPECT_TRUE(scenes::comes_to_say(*witness, "the process has ended"));
}

TEST(ProcessReniced, RefusesWhatWouldProveNothing) {
  const Child child;
  const auto already = scenes::open("process.reniced", to(child, ::getpriority(PRIO_PROCESS, 0)));
  ASSERT_FALSE(already.ok());
  EXPECT_EQ(already.error().code, Code::conflict);
  json::object params = scenes::params_of_a_predecessor(child);
  params["nice"] = 12;
  EXPECT_EQ(scenes::open("process.reniced", params).error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
