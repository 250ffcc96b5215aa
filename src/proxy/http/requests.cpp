#include "proxy/http/requests.h"

namespace squall::proxy::http {

MessageReader::Following Requests::take_head(Head head, std::string_view) {
  const Asked asked{count_++, std::move(head)};
  std::erase_if(mailboxes_, [&](const std::weak_ptr<Mailbox>& one) {
    const std::shared_ptr<Mailbox> mailbox = one.lock();
    if (!mailbox) return true;
    if (mailbox->asked.size() >= Mailbox::asked_max) {
      mailbox->is_overrun = true;
      mailbox->asked.clear();
    }
    if (!mailbox->is_overrun) mailbox->asked.push_back(asked);
    return false;
  });
  return MessageReader::Following::as_framed;
}

std::shared_ptr<Listener> listen_to_requests(bool is_from_start) {
  return std::make_shared<Requests>(is_from_start);
}

}  // namespace squall::proxy::http
