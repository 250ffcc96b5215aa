// What the tests of witnesses share: opening one, looking until it sees what it should, and child
// processes to look at.
#pragma once

#include <csignal>
#include <functional>
#include <optional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/patience.h"
#include "sys/process.h"
#include "witness/witness.h"

namespace squall::witness::scenes {

inline Result<std::unique_ptr<Witness>> open(std::string_view name, const json::object& params) {
  return find(catalogue(), name)->open(params);
}

// Looks until the witness sees on (or off) and returns that sighting; empty when the time runs out.
// Looks that fail count as nothing seen.
inline std::optional<Sighting> see(Witness& witness, bool on, Duration limit = seconds(5)) {
  sys::Patience patience(limit);
  while (true) {
    Result<Sighting> sighting = witness.look();
    if (sighting.ok() && sighting->on == on) return std::move(*sighting);
    if (patience.is_over()) return std::nullopt;
    sys::Patience(milliseconds(1)).wait({});
  }
}

// Looks until the detail of a sighting is this text.
inline bool comes_to_say(Witness& witness, std::string_view detail, Duration limit = seconds(5)) {
  sys::Patience patience(limit);
  while (true) {
    const Result<Sighting> sighting = witness.look();
    if (sighting.ok() && sighting->detail == detail) return true;
    if (patience.is_over()) return false;
    sys::Patience(milliseconds(1)).wait({});
  }
}

// True when `looks` looks in a row see nothing. They follow each other at once.
inline bool stays_off(Witness& witness, int looks = 50) {
  for (int i = 0; i < looks; ++i) {
    const Result<Sighting> sighting = witness.look();
    EXPECT_TRUE(sighting.ok()) << sighting.error().render();
    if (!sighting.ok() || sighting->on) return false;
  }
  return true;
}

// A child process that runs `body` and then waits to be killed. It is killed with this object, and
// when the test ends; it stays a zombie until then.
class Child {
 public:
  explicit Child(const std::function<void()>& body = [] {}) {
    int ready[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::alarm(60);
      body();
      static_cast<void>(::write(ready[1], "x", 1) == 1);
      while (true) ::pause();
    }
    ::close(ready[1]);
    char letter = 0;
    EXPECT_EQ(::read(ready[0], &letter, 1), 1) << "the child did not get ready";
    ::close(ready[0]);
    id_ = sys::read_process(pid_).value().id;
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int pid() const { return pid_; }
  json::object params() const {
    return {{"pid", id_.pid}, {"start_ticks", static_cast<std::int64_t>(id_.start_ticks)}};
  }

 private:
  int pid_ = 0;
  sys::ProcessId id_;
};

// The same process id with another start time, as after the pid was reused.
inline json::object params_of_a_predecessor(const Child& child) {
  json::object params = child.params();
  params["start_ticks"] = integer_at(params, "start_ticks") - 1;
  return params;
}

}  // namespace squall::witness::scenes
