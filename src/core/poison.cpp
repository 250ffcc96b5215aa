#include "core/poison.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/node.h"
#include "core/text.h"
#include "core/units.h"

namespace squall {
namespace {

constexpr std::size_t long_message = 256 << 10;  // NATS takes 1 MiB at most unless told otherwise
constexpr std::size_t deep = 20'000;
constexpr std::size_t members_max = 16;
constexpr std::int64_t messages_max = 1000;
constexpr std::uint64_t bytes_max = 16 << 20;

void add_wrong_types(std::vector<PoisonMessage>& messages, std::string_view good) {
  const Result<json::value> parsed = parse_json(good);
  if (!parsed.ok() || !parsed->is_object()) return;
  std::size_t members = 0;
  for (const json::key_value_pair& member : parsed->get_object()) {
    if (++members > members_max) return;
    json::object wrong = parsed->get_object();
    const std::string name(member.key());
    wrong[name] = member.value().is_string() ? json::value(-1) : json::value("text");
    messages.push_back({"other_type_of_" + printable(name), "types", canonical_json(wrong)});
    wrong.erase(name);
    messages.push_back({"without_" + printable(name), "types", canonical_json(wrong)});
  }
}

}  // namespace

const std::vector<std::string>& poison_families() {
  static const std::vector<std::string> names = {"json",     "types",  "encoding",
                                                 "oversize", "script", "sql_injection"};
  return names;
}

Result<std::vector<PoisonMessage>> poison_messages(std::string_view good,
                                                   const std::vector<std::string>& families) {
  for (const std::string& family : families) {
    const std::vector<std::string>& known = poison_families();
    if (std::find(known.begin(), known.end(), family) != known.end()) continue;
    return error(Code::invalid, fmt::format("{} is no family of poison messages", quote(family)),
                 "use " + list_words(known, "or"));
  }
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
      {"with_script", "script", R"({"id": "<script>alert(1)</script>"})"},
      {"with_sql", "sql_injection", R"({"id": "1'); DROP TABLE users; --"})"},
  };
  add_wrong_types(messages, good);
  if (!families.empty()) {
    std::erase_if(messages, [&](const PoisonMessage& message) {
      return std::find(families.begin(), families.end(), message.family) == families.end();
    });
  }
  return messages;
}

Result<std::vector<PoisonPortion>> poison_portions(const PoisonOrder& order) {
  if (order.messages < 1 || order.messages > messages_max) {
    return error(Code::invalid,
                 fmt::format("messages: {} are not 1 to {}", order.messages, messages_max),
                 "ask for fewer, or use queue.flood");
  }
  std::vector<PoisonMessage> forms = TRY(poison_messages(order.good, order.families));
  const auto kinds = static_cast<std::int64_t>(forms.size());
  std::vector<PoisonPortion> portions;
  std::uint64_t bytes = 0;
  for (std::int64_t i = 0; i < std::min(kinds, order.messages); ++i) {
    PoisonMessage& form = forms[static_cast<std::size_t>(i)];
    const std::int64_t count = (order.messages - i + kinds - 1) / kinds;
    bytes += form.bytes.size() * static_cast<std::uint64_t>(count);
    portions.push_back({std::move(form.bytes), count});
  }
  if (bytes <= bytes_max) return portions;
  return error(Code::invalid,
               fmt::format("messages: {} of them are {}, more than {}", order.messages,
                           render(Bytes{bytes}), render(Bytes{bytes_max})),
               "ask for fewer, or leave the family oversize out");
}

}  // namespace squall
