// A stage that reads the messages of its direction and acts on some of them: chosen by the method,
// the path and a header of the request, and of those by a share, drawn for each request by its
// ordinal on the connection. On the downstream a message is chosen by the request that it answers.
//
// What is not chosen, and what is no HTTP, passes in its own bytes. An interim answer (1xx) belongs
// to its request and is never chosen; behind 101 and CONNECT everything passes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/http/requests.h"
#include "proxy/toxics/holding.h"

namespace squall::proxy::http {

struct Choice {
  std::string method;  // empty: any
  std::string path = "*";
  std::string header;
  double share = 1;
};

// The fields of a choice behind those of P, which has it for a base.
template <class P>
param::Table<P> table_with_choice(std::vector<param::Field<P>> fields) {
  using param::field;
  fields.push_back(field<P, std::string>(
      "method", &P::method, {.about = "Only requests with this method; any when empty."}));
  fields.push_back(field<P, std::string>(
      "path", &P::path,
      {.about = "Only paths like this, without the query; * and ? stand for any."}));
  fields.push_back(field<P, std::string>(
      "header", &P::header,
      {.about =
           "Only requests with this header: a name, or a name, a colon and a value like this."}));
  fields.push_back(field<P, double>(
      "share", &P::share, {.about = "Share of those requests, 0 to 1.", .min = 0.0, .max = 1.0}));
  return param::Table<P>(std::move(fields));
}

bool chooses(const Choice& choice, const Head& request);

class MessageStage : public HoldingStage, private MessageReader::Sink {
 public:
  MessageStage(const Choice& choice, const Start& start);

  void take(Chunk chunk, Duration now, Outlet& out) final;
  void take_end(Duration now, Outlet& out) final;
  void wake(Duration now, Outlet& out) final;
  void part(Parting parting, Outlet& out) final;
  void adopt(Stage& before) final;
  std::size_t held() const final { return HoldingStage::held() + reader_.held() + kept(); }

 protected:
  // A chosen message: its head, its body in pieces, its end. What is not emitted is gone.
  virtual void begin_chosen(Head& head, std::string_view raw) = 0;
  virtual void take_chosen(std::string_view raw, std::string_view) { emit(raw); }
  virtual void end_chosen() {}
  // A chosen message will have no end, or the toxic goes: what was kept of it must be emitted.
  virtual void give_up() {}
  virtual std::size_t kept() const { return 0; }

  void emit(std::string_view bytes) { ready_ += bytes; }
  // What is emitted from now on goes later by so much.
  void delay(Duration by);
  // The connection ends behind what was emitted.
  void end_connection(bool with_reset);
  const Choices& choices() const { return start_.choices; }
  std::uint64_t ordinal() const { return ordinal_; }  // of the chosen request
  bool has_body() const { return has_body_; }         // the chosen message may have one

 private:
  MessageReader::Following take_head(Head head, std::string_view raw) override;
  void take_body(std::string_view raw, std::string_view content) override;
  void take_message_end() override;
  void take_foreign(std::string_view raw) override;
  MessageReader::Following begin(const Asked* asked, Head head, std::string_view raw);
  void release();

  Choice choice_;
  Start start_;
  MessageReader reader_;
  std::shared_ptr<Mailbox> mailbox_;  // on the downstream
  std::uint64_t count_ = 0;           // of requests, on the upstream
  std::uint64_t ordinal_ = 0;
  bool is_chosen_ = false;  // the message under way
  bool has_body_ = false;
  bool is_ended_ = false;  // by us
  std::string ready_;
  Duration due_;
  Duration now_;
  Outlet* out_ = nullptr;  // while something is taken
};

}  // namespace squall::proxy::http
