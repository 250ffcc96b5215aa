// Pipes through which splice(2) moves bytes between two sockets without copying them. A link has
// one only while it moves bulk, so an idle connection costs none.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "sys/fd.h"

namespace squall::proxy {

struct Pipe {
  sys::Fd out;
  sys::Fd in;
};

class Pipes {
 public:
  // Nothing when the process has no descriptors left.
  std::optional<Pipe> take() {
    if (!free_.empty()) {
      Pipe pipe = std::move(free_.back());
      free_.pop_back();
      return pipe;
    }
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return std::nullopt;
    ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(size));  // a smaller one will do as well
    return Pipe{sys::Fd(ends[0]), sys::Fd(ends[1])};
  }
  // Only an empty one.
  void give_back(Pipe pipe) {
    if (free_.size() < kept_max) free_.push_back(std::move(pipe));
  }

  static constexpr std::size_t size = 256 << 10;

 private:
  static constexpr std::size_t kept_max = 32;
  std::vector<Pipe> free_;
};

}  // namespace squall::proxy
