// The packet engine: packets that match a rule go through a queue, where each meets its fate.
//
// Rules in an nftables owner table (sys/nft.h) send the packets to a queue (queue.h); one thread
// reads it, asks the dose (dose.h), and lets go of what is due. Whatever ends the process takes
// table and queue along; packets that wait at that moment are lost, as on a real network. stop()
// lets them go instead.
//
// Arriving packets wait in the kernel. Leaving ones must not when they are delayed: a waiting
// packet counts as the sender's own until it has left, and TCP would send no more. So they are
// copied and dropped, and the copy is sent when its time has come. Either way a mark tells the
// rules which packets have been through already; it is one bit of the packet's mark.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/choices.h"
#include "core/histogram.h"
#include "core/result.h"
#include "packets/treatment.h"
#include "sys/fd.h"
#include "sys/nft.h"
#include "sys/promptness.h"

namespace squall::packets {

// What an engine did.
struct Account {
  std::uint64_t packets = 0;  // that came to the queue; offloads may have put several into one
  std::uint64_t dropped = 0;
  std::uint64_t delayed = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t held_back = 0;
  std::uint64_t unsent = 0;        // copies that the host would not send
  std::uint64_t waiting_most = 0;  // at once
  std::uint64_t room = 0;          // beyond so many waiting, packets pass untreated
  Histogram late;                  // how much later than due a packet went on
};
// "5000 packets, 250 lost; let go 0.05 ms late at the median, 0.3 ms at p99"
std::string describe(const Account& account);

class Engine {
 public:
  struct Options {
    std::string table;                // its name
    std::vector<sys::NftRule> rules;  // their action is set here
    Treatment treatment;
    Choices choices;
    std::optional<int> netns_fd = {};
  };
  // Takes effect at once. Errors as of the table and the queue.
  static Result<std::unique_ptr<Engine>> start(Options options);

  // As stop().
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // False once the thread failed, or stands still.
  bool is_serving() const;
  // Takes the rules away, lets go of what waits, and ends. Idempotent.
  Account stop();

  // So many packets may wait at once; more pass untreated.
  static std::size_t room_for(const Treatment& treatment);

  std::uint16_t queue_number() const;
  std::size_t room() const;
  sys::Promptness promptness() const { return promptness_; }

 private:
  class Service;
  Engine() = default;
  void run(const std::stop_token& stop);

  std::unique_ptr<Service> service_;
  std::optional<sys::NftOwnerTable> table_;
  sys::Fd wake_;  // an eventfd: readable when the end has come
  std::atomic<std::int64_t> last_turn_ns_ = 0;
  std::atomic<bool> has_failed_ = false;
  std::atomic<sys::Promptness> promptness_ = sys::Promptness::ordinary;
  std::jthread thread_;
};

}  // namespace squall::packets
