// redis.poisoned: sees whether malformed messages (core/poison.h) come to lie in a Redis list.
//
// It asks for their positions (LPOS), and beside that listens to every command that the server
// carries out (MONITOR), so that a message which a consumer takes out at once is seen too. What lay
// there before is taken off.
#include <algorithm>

#include <fmt/core.h>

#include "core/poison.h"
#include "core/text.h"
#include "net/redis.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : param::ServicePlace {
  std::string list;
  std::string good;
  std::vector<std::string> families;
  std::int64_t messages = 1;
};

const param::Table<Target> table{param::with_place<Target>({
    param::field("list", &Target::list, {.about = "The key of the list.", .required = true}),
    param::field("good", &Target::good, {.about = "What they are made from."}),
    param::field("families", &Target::families, {.about = "Which forms; none means all."}),
    param::field("messages", &Target::messages, {.about = "How many.", .required = true}),
})};

constexpr Duration answer_limit = seconds(1);
constexpr int pieces_max = 256;

// As MONITOR writes an argument (sdscatrepr), whole, so that a message of the target's own that
// begins like one of ours is not taken for it.
std::string quoted(std::string_view bytes) {
  std::string text = "\"";
  for (const char letter : bytes) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '\\' || letter == '"') {
      text += fmt::format("\\{}", letter);
    } else if (letter == '\n' || letter == '\r' || letter == '\t') {
      text += letter == '\n' ? "\\n" : letter == '\r' ? "\\r" : "\\t";
    } else if (letter == '\a' || letter == '\b') {
      text += letter == '\a' ? "\\a" : "\\b";
    } else if (byte < ' ' || byte > '~') {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += letter;
    }
  }
  return text + '"';
}

class Poisoned final : public Witness {
 public:
  Poisoned(Target target, net::Redis asking, net::Connection listening)
      : target_(std::move(target)), asking_(std::move(asking)), listening_(std::move(listening)) {}

  Result<Sighting> look() override {
    const std::int64_t passed = TRY(listen());
    const std::int64_t lying = std::max<std::int64_t>(TRY(count()) - before_, 0);
    return Sighting{
        .on = passed > 0 || lying > 0,
        .dose = static_cast<double>(std::max(passed, lying)),
        .detail = fmt::format("{} of them lie in the list, {} were just pushed", lying, passed)};
  }

  Status settle() {
    const std::vector<PoisonPortion> portions = TRY(poison_portions(
        {.good = target_.good, .families = target_.families, .messages = target_.messages}));
    for (const PoisonPortion& portion : portions) {
      values_.push_back(portion.bytes);
      as_heard_.push_back(" " + quoted(portion.bytes));
    }
    before_ = TRY(count());
    TRY(listen());
    return ok();
  }

 private:
  // How many of the values lie in the list.
  Result<std::int64_t> count() {
    sys::Patience patience(answer_limit);
    std::vector<std::vector<std::string>> commands;
    for (const std::string& value : values_) {
      commands.push_back({"LPOS", target_.list, value, "COUNT", "0"});
    }
    std::int64_t sum = 0;
    for (const net::RedisReply& found : TRY(asking_.demand_all(commands, patience))) {
      sum += std::ssize(found.items);
    }
    return sum;
  }

  // How many pushes of the values were carried out since the last time.
  Result<std::int64_t> listen() {
    for (int i = 0; i < pieces_max; ++i) {
      sys::Patience patience(milliseconds(1));
      const Result<std::string> piece = listening_.read_some(64 << 10, patience);
      if (!piece.ok() && piece.error().code == Code::timed_out) break;
      if (!piece.ok()) return piece.error();
      if (piece->empty()) return error(Code::refused, "Redis closed the connection");
      heard_ += *piece;
    }
    const std::size_t end = heard_.rfind("\r\n");
    if (end == std::string::npos) return 0;
    std::int64_t pushes = 0;
    for (const std::string& line : split(std::string_view(heard_).substr(0, end), '\n')) {
      pushes += pushes_in(line);
    }
    heard_.erase(0, end + 2);
    return pushes;
  }

  // In a line such as `+1700000000.1 [0 127.0.0.1:5000] "RPUSH" "jobs" "{" "[]"`.
  std::int64_t pushes_in(std::string_view line) const {
    const bool is_push = line.find("PUSH\" ") != std::string_view::npos ||
                         line.find("push\" ") != std::string_view::npos;
    if (!is_push || line.find(list_as_heard_) == std::string_view::npos) return 0;
    std::int64_t pushes = 0;
    for (const std::string& value : as_heard_) {
      for (std::size_t at = line.find(value); at != std::string_view::npos;
           at = line.find(value, at + value.size())) {
        ++pushes;
      }
    }
    return pushes;
  }

  Target target_;
  net::Redis asking_;
  net::Connection listening_;
  std::string heard_;
  std::vector<std::string> values_;
  std::vector<std::string> as_heard_;  // the same, as MONITOR writes them
  std::string list_as_heard_ = " " + quoted(target_.list);
  std::int64_t before_ = 0;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  sys::Patience patience(answer_limit);
  net::Redis asking = TRY(net::open_redis(target, patience));
  net::Redis listening = TRY(net::open_redis(target, patience));
  TRY_VOID(listening.demand({"MONITOR"}, patience));
  auto witness =
      std::make_unique<Poisoned>(target, std::move(asking), std::move(listening).take_connection());
  TRY_VOID(witness->settle());
  return witness;
}

}  // namespace

extern const Kind kind_redis_poisoned;
const Kind kind_redis_poisoned = kind_of<Target>({
    .name = "redis.poisoned",
    .about = "Whether malformed messages come to lie in a list, told by asking for them.",
    .dose_unit = "messages",
    .every = milliseconds(10),
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
