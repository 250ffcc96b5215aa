// One thread of a load: its share of the requests and of the connections, behind one epoll.
#pragma once

#include <atomic>
#include <memory>
#include <stop_token>
#include <vector>

#include "core/choices.h"
#include "net/load/link.h"
#include "net/load/load.h"
#include "net/resolver.h"

namespace squall::net {

// Which of the requests a thread sends: those whose number is `index` modulo `of`.
struct LoadPart {
  std::int64_t index = 0;
  std::int64_t of = 1;
  Duration start;                // CLOCK_MONOTONIC of request 0
  std::int64_t connections = 1;  // of this thread
};

class LoadReactor {
 public:
  // Takes all memory that it will need.
  static Result<std::unique_ptr<LoadReactor>> make(const LoadOrder& order,
                                                   const LoadProtocol& protocol,
                                                   const Address& address, LoadPart part);

  // Until all requests have met their fate, or a stop is asked for.
  LoadTally run(std::stop_token stop);
  std::int64_t sent() const { return sent_.load(std::memory_order_relaxed); }

 private:
  LoadReactor(const LoadOrder& order, const LoadProtocol& protocol, const Address& address,
              LoadPart part);
  Status arm();
  Duration due_at(std::int64_t number) const;
  bool has_more() const;
  std::int32_t form_of(std::int64_t number) const;
  int wait_milliseconds(Duration now) const;
  void serve(std::uint32_t index, std::uint32_t events);
  void dispatch(Duration now);
  void begin(LoadLink& link, std::int64_t number, Duration now);
  void open(LoadLink& link);
  void go_on(LoadLink& link);
  void read(LoadLink& link, bool is_ending);
  bool take(LoadLink& link, std::string_view bytes);
  void answered(LoadLink& link, LoadVerdict verdict);
  void end(LoadLink& link, LoadTally::Fate fate);
  void close(LoadLink& link);
  void count(std::int32_t form, LoadTally::Fate fate);
  void expire(Duration now);
  void abandon();

  const LoadOrder& order_;
  const LoadProtocol& protocol_;
  const Address& address_;
  LoadPart part_;
  Choices choices_;
  sys::Fd epoll_;
  sys::Fd timer_;
  sys::Fd alarm_;
  std::vector<LoadLink> links_;
  std::vector<std::uint32_t> idle_;    // open and free, the last used on top
  std::vector<std::uint32_t> closed_;  // slots without a connection
  LoadQueue busy_;                     // in the order in which their requests were begun
  std::int64_t next_ = 0;              // the next request of ours
  std::vector<char> buffer_;
  LoadTally tally_;
  std::atomic<std::int64_t> sent_{0};
};

}  // namespace squall::net
