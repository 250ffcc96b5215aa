// A held change in force, with what a record of it would hold, for tests of the ballast kinds.
#pragma once

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include <fmt/core.h>
#include <sys/wait.h>

#include "change/holder.h"
#include "core/text.h"
#include "sys/file.h"

namespace squall::change {

// The value; an error is shown before the test ends for it.
template <class T>
T told(Result<T> result) {
  if (!result.ok()) std::fprintf(stderr, "%s\n", result.error().render().c_str());
  return std::move(result).value();
}

class Loaded {
 public:
  // The limit is no part of what is tested: a busy host takes its time.
  Loaded(const Kind& kind, const json::object& params)
      : kind_(kind),
        params_(params),
        image_(told(kind.capture(params))),
        holder_(told(Holder::start(kind, params, image_, seconds(10)))) {
    image_["holder_pid"] = holder_.id().pid;
    image_["holder_start"] = static_cast<std::int64_t>(holder_.id().start_ticks);
  }
  ~Loaded() { end(); }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  Reverted end() {
    holder_.release(seconds(1));
    return kind_.revert ? told(kind_.revert(params_, image_)) : Reverted{};
  }
  // The holder is dead when this returns.
  void kill_holder() {
    ::kill(static_cast<pid_t>(pid()), SIGKILL);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid()), &info, WEXITED | WNOWAIT);
  }
  std::uint64_t status_of(std::string_view key) const { return status_of(key, pid()); }
  // The number after a key of /proc/PID/status.
  static std::uint64_t status_of(std::string_view key, std::int64_t pid) {
    const std::string text = sys::read_file(fmt::format("/proc/{}/status", pid)).value();
    for (const std::string& line : split(text, '\n')) {
      if (line.starts_with(key)) return std::stoull(line.substr(key.size()));
    }
    return 0;
  }
  std::int64_t pid() const { return holder_.id().pid; }
  std::string fence() const { return text_at(image_, "fence"); }
  const json::object& facts() const { return holder_.facts(); }
  Holder& holder() { return holder_; }
  Presence presence() const { return kind_.verify(params_, image_).value(); }
  Demand outstanding() const { return kind_.outstanding(params_, image_); }

 private:
  const Kind& kind_;
  json::object params_;
  json::object image_;
  Holder holder_;
};

}  // namespace squall::change
