#include "proxy/gate.h"

namespace squall::proxy {

Gate::Gate(const Toxic& toxic, const Start& start)
    : kind_(toxic.kind),
      typed_(toxic.attributes.typed),
      after_(toxic.after),
      start_(start),
      borders_(after_.size(), 0) {
  for (std::size_t i = 1, length = 0; i < after_.size();) {
    if (after_[i] == after_[length]) {
      borders_[i++] = ++length;
    } else if (length > 0) {
      length = borders_[length - 1];
    } else {
      ++i;
    }
  }
}

std::size_t Gate::look_for_match(std::string_view data) {
  for (std::size_t i = 0; i < data.size(); ++i) {
    while (matched_ > 0 && data[i] != after_[matched_]) matched_ = borders_[matched_ - 1];
    if (data[i] == after_[matched_]) ++matched_;
    if (matched_ < after_.size()) continue;
    is_open_ = true;
    return i + 1;
  }
  return data.size();
}

void Gate::open(Duration now) {
  start_.now = now;
  start_.is_from_start = false;
  stage_ = kind_->make(typed_.get(), start_);
}

void Gate::take(Chunk chunk, Duration now, Outlet& out) {
  if (!is_open_) {
    const std::size_t before = look_for_match(chunk.data);
    if (!is_open_) return out.pass(std::move(chunk));
    open(now);
    out.pass({chunk.stamp, chunk.data.substr(0, before)});
    chunk.data.erase(0, before);
    if (stage_) wake_at = stage_->wake_at;
  }
  if (chunk.data.empty()) return;
  if (!stage_) return out.pass(std::move(chunk));
  stage_->take(std::move(chunk), now, out);
  wake_at = stage_->wake_at;
}

void Gate::take_end(Duration now, Outlet& out) {
  if (!stage_) return out.pass_end();
  stage_->take_end(now, out);
  wake_at = stage_->wake_at;
}

void Gate::wake(Duration now, Outlet& out) {
  stage_->wake_at = never;
  stage_->wake(now, out);
  wake_at = stage_->wake_at;
}

void Gate::part(Parting parting, Outlet& out) {
  if (stage_) stage_->part(parting, out);
}

// A toxic that has begun goes on, whatever it waits for after the change.
void Gate::adopt(Stage& before) {
  auto& old = static_cast<Gate&>(before);
  if (old.after_ == after_) matched_ = old.matched_;
  if (!old.is_open_) return;
  is_open_ = true;
  open(start_.now);
  if (!stage_) return;
  stage_->adopt(*old.stage_);
  wake_at = stage_->wake_at;
}

}  // namespace squall::proxy
