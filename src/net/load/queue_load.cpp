#include "net/load/queue_load.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/node.h"
#include "core/text.h"
#include "net/load/line_answer.h"
#include "net/nats.h"
#include "net/redis.h"

namespace squall::net {
namespace {

constexpr std::size_t long_message = 256 << 10;  // NATS takes 1 MiB at most unless told otherwise
constexpr std::size_t deep = 20'000;

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

void add_wrong_types(std::vector<PoisonMessage>& messages, std::string_view good) {
  const Result<json::value> parsed = parse_json(good);
  if (!parsed.ok() || !parsed->is_object()) return;
  for (const json::key_value_pair& member : parsed->get_object()) {
    json::object wrong = parsed->get_object();
    const std::string name(member.key());
    wrong[name] = member.value().is_string() ? json::value(-1) : json::value("text");
    messages.push_back({"other_type_of_" + printable(name), "types", canonical_json(wrong)});
    wrong.erase(name);
    messages.push_back({"without_" + printable(name), "types", canonical_json(wrong)});
    if (messages.size() > 40) return;
  }
}

std::string nats_publication(const std::string& subject, std::string_view message) {
  return fmt::format("PUB {} {}\r\n{}\r\n", subject, message.size(), message);
}

}  // namespace

std::vector<PoisonMessage> poison_messages(std::string_view good) {
  std::vector<PoisonMessage> messages{
      {"empty", "json", ""},
      {"json_cut_off", "json", R"({"id": 1, "list": [1, 2)"},
      {"json_twice", "json", R"({"id": 1}{"id": 2})"},
      {"json_not_a_number", "json", R"({"id": NaN})"},
      {"json_deep", "json", std::string(deep, '[') + std::string(deep, ']')},
      {"that_is_xml", "json", "<message><id>1</id></message>"},
      {"that_is_a_list", "types", "[]"},
      {"that_is_null", "types", "null"},
      {"broken_utf8", "encoding", "{\"id\": \"\xC3\x28\xFF\"}"},
      {"nul_bytes", "encoding", std::string("{\"id\": \"\0\0\"}", 12)},
      {"of_another_charset", "encoding", std::string("\xFF\xFE{\0\"\0i\0d\0\"\0:\0001\0}\0", 18)},
      {"long", "oversize", "{\"id\": \"" + std::string(long_message, 'x') + "\"}"},
      {"script", "script", R"({"id": "<script>alert(1)</script>"})"},
      {"sql", "sql_injection", R"({"id": "1'); DROP TABLE users; --"})"},
  };
  add_wrong_types(messages, good);
  return messages;
}

Result<std::unique_ptr<LoadProtocol>> redis_load(const RedisQueue& queue) {
  if (queue.list.empty()) return error(Code::invalid, "list: it has no name");
  const std::string verb = queue.side == ListSide::left ? "LPUSH" : "RPUSH";
  LineLoad::Parts parts{.request = redis_command({verb, queue.list, queue.message}),
                        .meaning = redis_line};
  if (!queue.password.empty()) {
    std::vector<std::string> words{"AUTH"};
    if (!queue.username.empty()) words.push_back(queue.username);
    words.push_back(queue.password);
    parts.hello = redis_command(words);
    parts.hello_answers = 1;
  }
  for (PoisonMessage& poison : poison_messages(queue.message)) {
    parts.invalid.push_back({std::move(poison.name), std::move(poison.family),
                             redis_command({verb, queue.list, poison.bytes})});
  }
  return std::make_unique<LineLoad>(std::move(parts));
}

// docs.nats.io/reference/reference-protocols/nats-protocol
Result<std::unique_ptr<LoadProtocol>> nats_load(const NatsQueue& queue) {
  TRY_VOID(check_subject(queue.subject, false), "subject");
  LineLoad::Parts parts{
      .hello =
          nats_hello({.username = queue.username, .password = queue.password, .is_verbose = true}),
      .hello_answers = 1,
      .request = nats_publication(queue.subject, queue.message),
      .meaning = nats_line};
  for (PoisonMessage& poison : poison_messages(queue.message)) {
    parts.invalid.push_back({std::move(poison.name), std::move(poison.family),
                             nats_publication(queue.subject, poison.bytes)});
  }
  return std::make_unique<LineLoad>(std::move(parts));
}

}  // namespace squall::net
