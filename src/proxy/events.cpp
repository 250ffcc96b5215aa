#include "proxy/events.h"

#include <utility>

#include "sys/clock.h"

namespace squall::proxy {

void Events::tell(json::object event) {
  if (!has_readers()) return;
  json::object whole = {{"time_ms", sys::wall_nanoseconds() / 1'000'000}};
  for (auto& [key, value] : event) whole[key] = std::move(value);
  const std::string line = compact_json(whole) + "\n";
  const std::lock_guard lock(mutex_);
  std::erase_if(readers_, [&](const std::weak_ptr<EventReader>& one) {
    const std::shared_ptr<EventReader> reader = one.lock();
    if (reader) reader->hear(line);
    return !reader;
  });
  readers_count_.store(readers_.size(), std::memory_order_relaxed);
}

std::shared_ptr<EventReader> Events::read() {
  auto reader = std::make_shared<EventReader>();
  const std::lock_guard lock(mutex_);
  readers_.push_back(reader);
  readers_count_.store(readers_.size(), std::memory_order_relaxed);
  return reader;
}

void EventReader::on_ready(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  if (!pending_.empty()) wake_();
}

void EventReader::hear(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (missed_ > 0 || pending_.size() + line.size() > Events::pending_max) {
    ++missed_;
    return;
  }
  pending_ += line;
  if (pending_.size() == line.size() && wake_) wake_();
}

std::string EventReader::take() {
  const std::lock_guard lock(mutex_);
  std::string lines = std::exchange(pending_, {});
  if (missed_ == 0 || is_over_) return lines;
  is_over_ = true;
  return lines + compact_json(json::object{{"event", "reader_too_slow"}, {"missed", missed_}}) +
         "\n";
}

bool EventReader::is_over() const {
  const std::lock_guard lock(mutex_);
  return is_over_;
}

}  // namespace squall::proxy
