// What the honesty of measurement is held against: a web server that writes down when each request
// reached it and when its answer left, and an outside client that asks it the same thing. Both are
// processes of their own at real-time priorities above that of squall's prober, so that a busy host
// delays neither; they share no code with the prober, only the clock (CLOCK_MONOTONIC).
#pragma once

#include <string>
#include <vector>

#include "core/duration.h"

namespace squall::bench {

// One request as the server saw it.
struct Served {
  Duration arrived;  // its connection was accepted
  Duration left;     // the last byte of the answer was handed to the kernel
};

// One request as the outside client saw it, from before connect(2) to the last byte.
struct Asked {
  Duration planned;  // when it was due
  Duration start;
  Duration done;
};

struct Board;  // memory that the processes share

class Target {
 public:
  struct Options {
    Duration work;            // how long it is at one request; it takes them one by one
    bool is_starved = false;  // no priority, but the least there is
  };
  explicit Target(const Options& options);
  ~Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  // The prober is to ask for "/p", the outside client asks for "/r".
  std::string url() const;
  // The outside client asks once in each `every` for `length`, halfway between the full ones.
  void start_client(Duration every, Duration length);
  std::vector<Served> served(char who) const;  // in order of their arrival
  std::vector<Asked> asked() const;            // once the client is done

 private:
  Board* board_ = nullptr;
  int port_ = 0;
  int server_ = 0;
  int client_ = 0;
};

}  // namespace squall::bench
