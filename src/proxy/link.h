// A link carries one direction of a proxied connection: from the socket of its source, through the
// stages of its toxics if there are any, to the socket of its destination.
//
// It never waits. pump() moves what can be moved now; what the destination does not take is kept,
// and until it is gone nothing more is read. With no stage, bytes go through one buffer that all
// links of a loop share, and bulk goes through a pipe inside the kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/pipes.h"
#include "proxy/stages.h"
#include "proxy/timers.h"
#include "sys/fd.h"

namespace squall::proxy {

struct Session;

// What all links of one loop share.
struct Tools {
  std::vector<char> buffer = std::vector<char>(64 << 10);
  Pipes pipes;
  Timers timers;
};

// One of the two sockets of a connection, as its events described it last.
struct Side {
  sys::Fd fd;
  bool is_readable = false;
  bool is_hung_up = false;  // the peer has finished: reading goes on until the end comes
  bool is_lost = false;     // it failed: nothing goes in or out any more
};

class Link final : public Timed, private Outlet {
 public:
  Link(Stream stream, Session& session, Side& source, Side& destination)
      : source_(source), destination_(destination), session_(session), stream_(stream) {}

  // Goes over to these toxics.
  void follow(const Chain& chain, Connection connection, Tools& tools);
  // Moves what can be moved.
  void pump(Tools& tools);
  // The destination takes bytes again.
  void unblock(Tools& tools);
  // The time that it asked for has come.
  void wake(Tools& tools);
  // Takes it out of the timers, and forgets what is under way.
  void close(Tools& tools);

  // The destination has got everything, and the end.
  bool is_finished() const { return is_finished_; }
  // The whole connection is to be closed; broken: with a RST.
  bool is_cut() const { return is_finished_ && is_cut_; }
  bool is_broken() const { return is_broken_; }
  // There is more to read, but others have their turn.
  bool wants_turn() const { return wants_turn_; }
  bool is_blocked() const { return is_blocked_; }
  // It does not read, now or ever: it would not meet an error of its source.
  bool is_deaf() const { return is_source_done_ || is_full(); }
  // A toxic holds something of it back, has set a time for it, or acts on it alone.
  bool is_held() const {
    return stages_ && (at != never || stages_->act_alone() || stages_->held() > 0);
  }
  // Only the source is lost, and a toxic hides that from the destination.
  bool outlives_source() const {
    return holds_open_ && source_.is_lost && !destination_.is_lost && !is_reset_;
  }
  // The source is lost, or the destination, but the connection lives on with the other one.
  void lose_source();
  void lose_destination();
  Session& session() const { return session_; }
  std::uint64_t received() const { return received_; }
  std::uint64_t sent() const { return sent_; }

 private:
  void pass(Chunk chunk) override;
  void pass_end() override { has_end_ = true; }
  void cut() override {
    is_cut_ = true;
    is_source_done_ = true;
  }
  void reset() override { is_broken_ = is_reset_ = true; }
  void hold_open(bool is_held) override;

  bool flush(Tools& tools);
  bool drain_pipe();
  std::size_t send(const char* bytes, std::size_t count);
  void fail(Side& side, int number);
  void take_end();
  bool is_full() const;
  void copy(Tools& tools);
  void splice(Tools& tools);
  void read_chunk(Tools& tools);
  std::size_t read(Tools& tools, std::size_t limit);
  void finish();
  void set_timer(Tools& tools);

  Side& source_;
  Side& destination_;
  Session& session_;
  std::unique_ptr<Stages> stages_;  // none where no toxic acts
  std::string unsent_;              // its first `skipped_` bytes have been sent
  std::size_t skipped_ = 0;
  std::optional<Pipe> pipe_;
  std::size_t piped_ = 0;  // bytes in the pipe
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  Stream stream_;
  bool is_source_done_ = false;  // nothing more is read
  bool has_end_ = false;         // the end has come out behind the last byte
  bool is_finished_ = false;
  bool is_cut_ = false;
  bool is_broken_ = false;
  bool is_reset_ = false;       // by a toxic
  bool holds_open_ = false;     // the destination does not hear that the source is lost
  bool is_discarding_ = false;  // the destination is lost; what is sent to it goes nowhere
  bool is_blocked_ = false;
  bool is_bulk_ = false;
  bool wants_turn_ = false;
};

}  // namespace squall::proxy
