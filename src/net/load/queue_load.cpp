#include "net/load/queue_load.h"

#include <fmt/core.h>

#include "core/poison.h"
#include "net/load/line_answer.h"
#include "net/nats.h"
#include "net/redis.h"

namespace squall::net {
namespace {

class LineLoad final : public LoadProtocol {
 public:
  struct Parts {
    std::string hello;
    int hello_answers = 0;
    std::string request;
    std::vector<LoadForm> invalid;
    LineAnswerReader::Meaning meaning = nullptr;
  };
  explicit LineLoad(Parts parts) : parts_(std::move(parts)) {}
  std::string_view hello() const override { return parts_.hello; }
  int hello_answers() const override { return parts_.hello_answers; }
  std::string_view request() const override { return parts_.request; }
  const std::vector<LoadForm>& invalid_forms() const override { return parts_.invalid; }
  std::unique_ptr<LoadReader> make_reader() const override {
    return std::make_unique<LineAnswerReader>(parts_.meaning);
  }

 private:
  Parts parts_;
};

std::string nats_publication(const std::string& subject, std::string_view message) {
  return fmt::format("PUB {} {}\r\n{}\r\n", subject, message.size(), message);
}

}  // namespace

Result<std::unique_ptr<LoadProtocol>> redis_load(const RedisQueue& queue) {
  if (queue.list.empty()) return error(Code::invalid, "list: it has no name");
  const std::string verb = queue.side == ListSide::left ? "LPUSH" : "RPUSH";
  std::vector<PoisonMessage> forms = TRY(poison_messages(queue.message, queue.families));
  LineLoad::Parts parts{.request = redis_command({verb, queue.list, queue.message}),
                        .meaning = redis_line};
  if (!queue.password.empty()) {
    std::vector<std::string> words{"AUTH"};
    if (!queue.username.empty()) words.push_back(queue.username);
    words.push_back(queue.password);
    parts.hello = redis_command(words);
    parts.hello_answers = 1;
  }
  for (PoisonMessage& poison : forms) {
    parts.invalid.push_back({std::move(poison.name), std::move(poison.family),
                             redis_command({verb, queue.list, poison.bytes})});
  }
  return std::make_unique<LineLoad>(std::move(parts));
}

// docs.nats.io/reference/reference-protocols/nats-protocol
Result<std::unique_ptr<LoadProtocol>> nats_load(const NatsQueue& queue) {
  TRY_VOID(check_subject(queue.subject, false), "subject");
  std::vector<PoisonMessage> forms = TRY(poison_messages(queue.message, queue.families));
  LineLoad::Parts parts{
      .hello =
          nats_hello({.username = queue.username, .password = queue.password, .is_verbose = true}),
      .hello_answers = 1,
      .request = nats_publication(queue.subject, queue.message),
      .meaning = nats_line};
  for (PoisonMessage& poison : forms) {
    parts.invalid.push_back({std::move(poison.name), std::move(poison.family),
                             nats_publication(queue.subject, poison.bytes)});
  }
  return std::make_unique<LineLoad>(std::move(parts));
}

}  // namespace squall::net
