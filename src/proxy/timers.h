// The times at which links want to be woken: a binary heap whose entries know their place, so that
// one can be moved or taken out without a search. One heap a loop; nothing here waits.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "proxy/toxics/toxic.h"

namespace squall::proxy {

struct Timed {
  static constexpr std::size_t nowhere = SIZE_MAX;
  Duration at = never;
  std::size_t place = nowhere;  // in the heap
};

class Timers {
 public:
  // `never` takes it out.
  void set(Timed& timed, Duration at) {
    if (timed.at == at) return;
    timed.at = at;
    if (at == never) return cancel(timed);
    if (timed.place == Timed::nowhere) {
      timed.place = heap_.size();
      heap_.push_back(&timed);
    }
    sink(rise(timed.place));
  }
  void cancel(Timed& timed) {
    timed.at = never;
    if (timed.place == Timed::nowhere) return;
    const std::size_t hole = std::exchange(timed.place, Timed::nowhere);
    Timed* last = heap_.back();
    heap_.pop_back();
    if (last == &timed) return;
    put(hole, last);
    sink(rise(hole));
  }
  // `never` when nobody waits.
  Duration next() const { return heap_.empty() ? never : heap_.front()->at; }
  // Takes out one whose time has come, or nullptr.
  Timed* take_due(Duration now) {
    if (heap_.empty() || heap_.front()->at > now) return nullptr;
    Timed* due = heap_.front();
    cancel(*due);
    return due;
  }

 private:
  void put(std::size_t place, Timed* timed) {
    heap_[place] = timed;
    timed->place = place;
  }
  std::size_t rise(std::size_t place) {
    Timed* timed = heap_[place];
    while (place > 0 && heap_[(place - 1) / 2]->at > timed->at) {
      put(place, heap_[(place - 1) / 2]);
      place = (place - 1) / 2;
    }
    put(place, timed);
    return place;
  }
  void sink(std::size_t place) {
    Timed* timed = heap_[place];
    while (true) {
      std::size_t child = 2 * place + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && heap_[child + 1]->at < heap_[child]->at) ++child;
      if (heap_[child]->at >= timed->at) break;
      put(place, heap_[child]);
      place = child;
    }
    put(place, timed);
  }

  std::vector<Timed*> heap_;
};

}  // namespace squall::proxy
