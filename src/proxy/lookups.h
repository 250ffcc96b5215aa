// Names of servers, looked up on a thread of its own so that no loop waits for DNS. An answer is
// used again for a second: a name that moves is followed, as a connection of one's own would be.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/resolver.h"

namespace squall::proxy {

using Addresses = std::shared_ptr<const std::vector<net::Address>>;

class Lookups {
 public:
  // Told on the thread of the lookups; nullptr when there is no address.
  using Told = std::function<void(Addresses)>;

  Lookups();
  ~Lookups() = default;
  Lookups(const Lookups&) = delete;
  Lookups& operator=(const Lookups&) = delete;

  void ask(const std::string& host, int port, Told told);
  // From when this comes back, nobody is told anything any more.
  void end();

 private:
  struct Question {
    std::string host;
    int port = 0;
    Told told;
  };
  struct Answer {
    Addresses addresses;
    Duration at;
  };
  void run(std::stop_token stop);
  Addresses answer(const Question& question, std::stop_token stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Question> questions_;
  std::map<std::pair<std::string, int>, Answer> answers_;  // of the thread alone
  std::jthread thread_;                                    // last: it uses the members above
};

}  // namespace squall::proxy
