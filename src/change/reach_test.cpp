#include "change/reach.h"

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/process.h"

namespace squall::change {
namespace {

TEST(Reach, SaysThatAVerbWhichDoesNotExistGaveNoAnswer) {
  const Result<json::object> answer = reach_call("no.such", {}, seconds(5));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::failed);
  EXPECT_NE(answer.error().render().find("no.such ended without an answer"), std::string::npos)
      << answer.error().render();
  EXPECT_FALSE(reach_hold("no.such", {}, seconds(5)).ok());
}

std::string problem_of_a_call() {
  const Result<json::object> answer = reach_call("no.such", {}, seconds(5));
  return answer.ok() ? "" : answer.error().render();
}

// In a process of its own, so that all other tests go without.
int code_of_child(int (*body)()) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

constexpr std::string_view by_a_new_one = "no.such ended without an answer";
constexpr std::string_view by_the_ready_one = "an order needs a verb that exists";

TEST(Reach, StandsReadyForEveryCallButTheFirst) {
  EXPECT_EQ(code_of_child([] {
              keep_reach_ready();
              if (problem_of_a_call().find(by_a_new_one) == std::string::npos) return 1;
              for (int i = 0; i < 3; ++i) {
                if (problem_of_a_call().find(by_the_ready_one) == std::string::npos) return 2;
              }
              return 0;
            }),
            0);
}

TEST(Reach, IsReplacedWhenItEndedWhileItStoodReady) {
  EXPECT_EQ(code_of_child([] {
              keep_reach_ready();
              problem_of_a_call();
              for (const sys::Process& process : sys::list_processes()) {
                if (process.parent == ::getpid())
                  ::kill(static_cast<pid_t>(process.id.pid), SIGKILL);
              }
              if (problem_of_a_call().find(by_a_new_one) == std::string::npos) return 1;
              return problem_of_a_call().find(by_the_ready_one) == std::string::npos ? 2 : 0;
            }),
            0);
}

TEST(Reach, StandsReadyForItsOwnParentOnly) {
  EXPECT_EQ(code_of_child([] {
              keep_reach_ready();
              problem_of_a_call();
              const int inner = code_of_child([] {
                return problem_of_a_call().find(by_a_new_one) == std::string::npos ? 1 : 0;
              });
              return problem_of_a_call().find(by_the_ready_one) == std::string::npos ? 2 : inner;
            }),
            0);
}

}  // namespace
}  // namespace squall::change
