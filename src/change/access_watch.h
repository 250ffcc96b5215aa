// Decides over accesses of other processes to watched files, through fanotify(7): each access waits
// in the kernel until it is answered, and can be let through, refused, or let through late.
//
// When the group is closed, for whatever reason, the kernel lets everything through that still
// waits. A group that is open and not served would hang every accessor, so the thread that serves
// it says when it was last at work.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/duration.h"
#include "core/result.h"
#include "sys/fd.h"

namespace squall::change {

class AccessWatch {
 public:
  struct Answer {
    int error_number = 0;  // refuse with this, 0 = let through
    Duration delay;        // after so long
  };
  // Asked for each access, by the pid that makes it (0: one that has no number here).
  using Decide = std::function<Answer(std::int64_t pid)>;

  // What is watched: opening, reading, or any use of the content (reading, writing, cutting,
  // mapping). `any_error` demands that other errors than EPERM can be answered.
  enum class On { open, read, use };
  struct Options {
    On on = On::use;
    bool any_error = true;
  };
  // Code::unsupported where the kernel cannot, Code::refused without CAP_SYS_ADMIN.
  static Result<std::unique_ptr<AccessWatch>> make(Options options);

  // A file, or the files in a folder (not those in its subfolders). Takes effect at once; accesses
  // through descriptors that were opened before are not seen.
  Status add(const sys::Fd& target, bool is_folder, const std::string& shown);
  // Starts to answer. Nothing may be added afterwards.
  void serve(Decide decide);

  // Lets everything through that waits, and closes the group.
  ~AccessWatch();
  AccessWatch(const AccessWatch&) = delete;
  AccessWatch& operator=(const AccessWatch&) = delete;

  // False once the serving thread failed, or stands still.
  bool is_serving() const;
  // "fanotify pre-content" or "fanotify content", for people.
  std::string backend() const;

 private:
  AccessWatch() = default;
  void run(const std::stop_token& stop);
  bool take_events();
  void answer_due(Duration now);
  void answer(int event, int error_number) const;

  sys::Fd group_;
  sys::Fd wake_;  // an eventfd: readable when the end has come
  Options options_;
  Decide decide_;
  std::multimap<Duration, std::pair<int, int>> waiting_;  // by when: event and error number
  std::atomic<std::int64_t> last_turn_ns_ = 0;
  std::atomic<bool> has_failed_ = false;
  std::jthread thread_;
};

}  // namespace squall::change
