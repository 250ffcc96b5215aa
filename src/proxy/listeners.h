// Those who listen to the client of one connection: one of each sort, however many stages need it,
// for as long as one does.
#pragma once

#include <utility>
#include <vector>

#include "proxy/toxics/toxic.h"

namespace squall::proxy {

class Listeners {
 public:
  std::shared_ptr<Listener> get(MakeListener make, bool is_from_start) {
    for (const auto& [sort, listener] : all_) {
      if (sort == make) return listener;
    }
    all_.emplace_back(make, make(is_from_start));
    return all_.back().second;
  }
  void hear(std::string_view bytes) const {
    for (const auto& [sort, listener] : all_) listener->hear(bytes);
  }
  void forget_unused() {
    std::erase_if(all_, [](const auto& one) { return one.second.use_count() == 1; });
  }
  bool empty() const { return all_.empty(); }

 private:
  std::vector<std::pair<MakeListener, std::shared_ptr<Listener>>> all_;
};

}  // namespace squall::proxy
