// Sockets are watched by their edges: a socket counts as readable until it said otherwise. A read
// that was shorter than asked for has emptied it, unless the peer has finished, whose end comes
// with the next read.
#include "proxy/link.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/socket.h>

#include "proxy/session.h"
#include "sys/clock.h"

namespace squall::proxy {
namespace {

constexpr int rounds_max = 16;  // reads before others have their turn
constexpr std::size_t chunk_size = 32 << 10;
constexpr std::size_t small_splice = 8 << 10;  // less than that is no bulk

}  // namespace

void Link::follow(const Chain& chain, Connection connection, Tools& tools) {
  const auto& toxics = chain.toxics[static_cast<std::size_t>(stream_)];
  const bool is_heard = stream_ == Stream::upstream && !session_.listeners.empty();
  if (!stages_ && toxics.empty() && !is_heard) return;
  if (!stages_) stages_ = std::make_unique<Stages>();
  stages_->follow(toxics, connection, sys::monotonic_now(), *this);
  if (stages_->are_idle() && !is_heard) stages_.reset();
  pump(tools);
}

void Link::pump(Tools& tools) {
  wants_turn_ = false;
  int round = 0;
  while (flush(tools) && !is_broken_ && !is_finished_) {
    if (has_end_) {
      finish();
      break;
    }
    if (is_source_done_ || !source_.is_readable || is_full()) break;
    if (++round > rounds_max) {
      wants_turn_ = true;
      break;
    }
    if (stages_) {
      read_chunk(tools);
    } else if (is_bulk_) {
      splice(tools);
    } else {
      copy(tools);
    }
  }
  set_timer(tools);
}

void Link::unblock(Tools& tools) {
  is_blocked_ = false;
  pump(tools);
}

void Link::wake(Tools& tools) {
  if (stages_) stages_->wake(sys::monotonic_now(), *this);
  pump(tools);
}

void Link::close(Tools& tools) {
  tools.timers.cancel(*this);
  stages_.reset();
  pipe_.reset();
  unsent_ = {};
}

bool Link::is_full() const {
  return stages_ && stages_->held() + unsent_.size() >= stages_->room();
}

void Link::set_timer(Tools& tools) {
  tools.timers.set(*this, stages_ && !is_finished_ ? stages_->wake_at() : never);
}

void Link::fail(Side& side, int number) {
  if (number != EAGAIN && number != EINTR) is_broken_ = side.is_lost = true;
}

void Link::hold_open(bool is_held) {
  holds_open_ = is_held;
  if (is_held || !source_.is_lost) return;
  cut();
  has_end_ = true;
}

void Link::lose_source() {
  is_broken_ = false;
  is_source_done_ = true;
}

void Link::lose_destination() {
  is_broken_ = is_blocked_ = is_bulk_ = false;
  is_discarding_ = true;
  unsent_ = {};
  skipped_ = 0;
  pipe_.reset();
  piped_ = 0;
}

// How many bytes the destination took.
std::size_t Link::send(const char* bytes, std::size_t count) {
  if (is_discarding_) return count;
  if (is_blocked_ || is_broken_) return 0;
  ssize_t wrote = 0;
  do {
    wrote = ::send(destination_.fd.get(), bytes, count, MSG_NOSIGNAL);
  } while (wrote < 0 && errno == EINTR);
  if (wrote < 0) fail(destination_, errno);
  const std::size_t taken = wrote < 0 ? 0 : static_cast<std::size_t>(wrote);
  sent_ += taken;
  is_blocked_ = taken < count;
  return taken;
}

void Link::pass(Chunk chunk) {
  std::size_t taken = 0;
  if (unsent_.empty() && piped_ == 0) taken = send(chunk.data.data(), chunk.data.size());
  if (taken < chunk.data.size()) unsent_.append(chunk.data, taken);
}

// True when nothing is left to send.
bool Link::flush(Tools& tools) {
  if (piped_ > 0 && !drain_pipe()) return false;
  if (pipe_ && (!source_.is_readable || !is_bulk_)) {
    tools.pipes.give_back(*std::move(pipe_));
    pipe_.reset();
  }
  if (unsent_.empty()) return true;
  skipped_ += send(unsent_.data() + skipped_, unsent_.size() - skipped_);
  if (skipped_ < unsent_.size()) return false;
  unsent_ = {};
  skipped_ = 0;
  return true;
}

bool Link::drain_pipe() {
  while (piped_ > 0 && !is_blocked_ && !is_broken_) {
    const ssize_t moved = ::splice(pipe_->out.get(), nullptr, destination_.fd.get(), nullptr,
                                   piped_, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved > 0) {
      piped_ -= static_cast<std::size_t>(moved);
      sent_ += static_cast<std::uint64_t>(moved);
    } else if (errno == EAGAIN) {
      is_blocked_ = true;
    } else {
      fail(destination_, errno);
    }
  }
  return piped_ == 0;
}

// Reads into the shared buffer. 0: nothing, or the end, or a failure.
std::size_t Link::read(Tools& tools, std::size_t limit) {
  const ssize_t got = ::recv(source_.fd.get(), tools.buffer.data(), limit, 0);
  if (got < 0) {
    if (errno == EAGAIN) source_.is_readable = false;
    fail(source_, errno);
    return 0;
  }
  if (got == 0) {
    take_end();
    return 0;
  }
  const auto count = static_cast<std::size_t>(got);
  received_ += count;
  if (count < limit && !source_.is_hung_up) source_.is_readable = false;
  return count;
}

void Link::take_end() {
  is_source_done_ = true;
  source_.is_readable = false;
  if (stages_) {
    stages_->take_end(sys::monotonic_now(), *this);
  } else {
    has_end_ = true;
  }
}

void Link::copy(Tools& tools) {
  const std::size_t count = read(tools, tools.buffer.size());
  if (count == 0) return;
  is_bulk_ = count == tools.buffer.size() && !is_discarding_;
  const std::size_t taken = send(tools.buffer.data(), count);
  if (taken < count) unsent_.assign(tools.buffer.data() + taken, count - taken);
}

void Link::splice(Tools& tools) {
  if (!pipe_) pipe_ = tools.pipes.take();
  if (!pipe_) {
    is_bulk_ = false;
    return;
  }
  const ssize_t moved = ::splice(source_.fd.get(), nullptr, pipe_->in.get(), nullptr, Pipes::size,
                                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (moved < 0) {
    if (errno == EAGAIN) source_.is_readable = false;
    if (errno == EINVAL) is_bulk_ = false;  // no socket that can
    if (errno != EINVAL) fail(source_, errno);
    return;
  }
  if (moved == 0) return take_end();
  received_ += static_cast<std::uint64_t>(moved);
  piped_ = static_cast<std::size_t>(moved);
  is_bulk_ = piped_ >= small_splice;
}

void Link::read_chunk(Tools& tools) {
  const std::size_t count = read(tools, chunk_size);
  if (count == 0) return;
  const Duration now = sys::monotonic_now();
  if (stream_ == Stream::upstream) session_.listeners.hear({tools.buffer.data(), count});
  stages_->take({now, std::string(tools.buffer.data(), count)}, now, *this);
}

void Link::finish() {
  is_finished_ = true;
  stages_.reset();
  if (!is_cut_) ::shutdown(destination_.fd.get(), SHUT_WR);
}

}  // namespace squall::proxy
