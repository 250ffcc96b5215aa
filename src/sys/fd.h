// Fd owns one file descriptor and closes it when it goes out of scope.
#pragma once

#include <utility>

#include <unistd.h>

namespace squall::sys {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return number_; }
  bool valid() const { return number_ >= 0; }
  // Gives the descriptor away: the caller closes it from now on.
  int release() { return std::exchange(number_, -1); }
  // Closes what is held, if anything, and takes `number` instead. The number is forgotten before
  // close(2), whose error says nothing that could be acted upon.
  void reset(int number = -1) {
    const int old = std::exchange(number_, number);
    if (old >= 0) ::close(old);
  }

 private:
  int number_ = -1;
};

}  // namespace squall::sys
