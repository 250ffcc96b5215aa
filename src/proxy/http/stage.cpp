#include "proxy/http/stage.h"

#include <algorithm>

#include "core/text.h"
#include "proxy/chain.h"

namespace squall::proxy::http {

bool chooses(const Choice& choice, const Head& request) {
  if (!choice.method.empty() && choice.method != request.method) return false;
  const std::string_view target = request.target;
  if (!glob_matches(choice.path, target.substr(0, target.find('?')))) return false;
  if (choice.header.empty()) return true;
  const std::size_t colon = choice.header.find(':');
  const net::HttpHeader* header = request.find(trim(choice.header.substr(0, colon)));
  if (header == nullptr) return false;
  return colon == std::string::npos ||
         glob_matches(trim(std::string_view(choice.header).substr(colon + 1)), header->value);
}

MessageStage::MessageStage(const Choice& choice, const Start& start)
    : choice_(choice),
      start_(start),
      reader_(start.listener == nullptr, start.is_from_start),
      mailbox_(start.listener ? std::make_shared<Mailbox>() : nullptr) {
  if (mailbox_) static_cast<Requests&>(*start_.listener).deliver_to(mailbox_);
}

void MessageStage::take(Chunk chunk, Duration now, Outlet& out) {
  now_ = now;
  out_ = &out;
  const bool knows_no_request =
      mailbox_ && mailbox_->asked.empty() &&
      (reader_.is_seeking() || static_cast<Requests&>(*start_.listener).is_foreign());
  if (mailbox_ && mailbox_->is_overrun) {
    reader_.finish(*this);
    give_up();
    is_chosen_ = false;
  }
  if (knows_no_request && reader_.held() == 0 && !is_chosen_) {
    take_foreign(chunk.data);
  } else {
    reader_.take(chunk.data, *this);
  }
  release();
}

void MessageStage::take_end(Duration now, Outlet& out) {
  now_ = now;
  out_ = &out;
  reader_.finish(*this);
  if (is_chosen_) give_up();
  is_chosen_ = false;
  release();
  HoldingStage::take_end(now, out);
}

void MessageStage::wake(Duration now, Outlet& out) {
  while (!is_empty() && first().stamp <= now) out.pass(take_first());
  wake_at = is_empty() ? never : first().stamp;
  pass_end_if_empty(out);
}

void MessageStage::part(Parting parting, Outlet& out) {
  if (is_chosen_) give_up();
  emit(reader_.take_pending());
  if (!ready_.empty()) hold({now_, std::exchange(ready_, {})});
  HoldingStage::part(parting, out);
}

// The message under way goes on as it is.
void MessageStage::adopt(Stage& before) {
  auto& old = static_cast<MessageStage&>(before);
  reader_ = std::exchange(old.reader_, MessageReader(true, false));
  count_ = old.count_;
  is_ended_ = old.is_ended_;
  if (mailbox_ && old.mailbox_) *mailbox_ = std::move(*old.mailbox_);
}

void MessageStage::delay(Duration by) {
  release();
  due_ = std::max(due_, now_ + by);
}

void MessageStage::end_connection(bool with_reset) {
  release();
  is_ended_ = true;
  with_reset ? out_->reset() : out_->cut();
}

void MessageStage::release() {
  if (ready_.empty()) return;
  hold({std::max(now_, due_), std::exchange(ready_, {})});
  wake(now_, *out_);
}

MessageReader::Following MessageStage::take_head(Head head, std::string_view raw) {
  using Following = MessageReader::Following;
  if (!mailbox_) {
    const Asked asked{count_++, head};
    return begin(&asked, std::move(head), raw);
  }
  const bool is_interim = head.status < 200 && head.status != 101;
  if (is_interim) {
    if (!is_ended_) emit(raw);
    return Following::nothing;
  }
  if (mailbox_->asked.empty()) return begin(nullptr, std::move(head), raw);
  const Asked asked = std::move(mailbox_->asked.front());
  mailbox_->asked.pop_front();
  return begin(&asked, std::move(head), raw);
}

MessageReader::Following MessageStage::begin(const Asked* asked, Head head, std::string_view raw) {
  using Following = MessageReader::Following;
  const int status = head.status;
  const bool turns =
      asked != nullptr && (status == 101 || (asked->head.method == "CONNECT" && status / 100 == 2));
  const bool has_none = status == 204 || status == 304 ||
                        (status != 0 && asked != nullptr && asked->head.method == "HEAD");
  has_body_ = !turns && !has_none;
  is_chosen_ = asked != nullptr && !turns && !is_ended_ && chooses(choice_, asked->head) &&
               choices().unit("", "share", asked->ordinal) < choice_.share;
  if (is_chosen_) {
    ordinal_ = asked->ordinal;
    if (start_.traffic != nullptr && start_.traffic->is_watched()) {
      start_.traffic->tell("request", {{"connection", start_.connection},
                                       {"toxic", start_.toxic},
                                       {"request", ordinal_},
                                       {"method", repair_utf8(asked->head.method)},
                                       {"target", repair_utf8(asked->head.target)}});
    }
    begin_chosen(head, raw);
  } else if (!is_ended_) {
    emit(raw);
  }
  if (turns) return Following::foreign;
  return has_none ? Following::nothing : Following::as_framed;
}

void MessageStage::take_body(std::string_view raw, std::string_view content) {
  if (is_ended_) return;
  is_chosen_ ? take_chosen(raw, content) : emit(raw);
}

void MessageStage::take_message_end() {
  if (is_chosen_ && !is_ended_) end_chosen();
  is_chosen_ = false;
}

void MessageStage::take_foreign(std::string_view raw) {
  if (std::exchange(is_chosen_, false)) give_up();
  if (!is_ended_) emit(raw);
}

}  // namespace squall::proxy::http
