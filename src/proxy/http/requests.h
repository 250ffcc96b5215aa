// What a client asks on a connection, heard where its bytes come in, for the toxics that choose an
// answer by the request to which it belongs.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "proxy/http/message_reader.h"
#include "proxy/toxics/toxic.h"

namespace squall::proxy::http {

struct Asked {
  std::uint64_t ordinal = 0;  // counts the requests of the connection since somebody listens
  Head head;
};

// The requests whose answers have not come yet. More than `asked_max` are more than can be told
// apart: then the answers pass as they are.
struct Mailbox {
  static constexpr std::size_t asked_max = 128;
  std::deque<Asked> asked;
  bool is_overrun = false;
};

class Requests final : public Listener, private MessageReader::Sink {
 public:
  explicit Requests(bool is_from_start) : reader_(true, is_from_start) {}

  void hear(std::string_view bytes) override { reader_.take(bytes, *this); }
  // Gets what is asked from now on.
  void deliver_to(const std::shared_ptr<Mailbox>& mailbox) { mailboxes_.push_back(mailbox); }
  // The client speaks something else; no request will be heard any more.
  bool is_foreign() const { return reader_.is_foreign(); }

 private:
  MessageReader::Following take_head(Head head, std::string_view raw) override;
  void take_body(std::string_view, std::string_view) override {}
  void take_message_end() override {}
  void take_foreign(std::string_view) override {}

  MessageReader reader_;
  std::uint64_t count_ = 0;
  std::vector<std::weak_ptr<Mailbox>> mailboxes_;
};

std::shared_ptr<Listener> listen_to_requests(bool is_from_start);

}  // namespace squall::proxy::http
