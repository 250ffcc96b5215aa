#include "net/redis.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/core.h>

#include "core/text.h"
#include "sys/secret.h"

namespace squall::net {
namespace {

constexpr int depth_max = 8;
constexpr std::size_t reply_max = 16 << 20;
constexpr std::int64_t items_max = 1 << 20;

Error nonsense() {
  return error(Code::conflict, "the answer is no reply of Redis",
               "look whether another service has this port");
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::size_t used() const { return at_; }

  // Nothing when more bytes are needed.
  Result<std::optional<RedisReply>> read(int depth) {
    if (depth > depth_max) return nonsense();
    const std::size_t end = bytes_.find("\r\n", at_);
    if (end == std::string_view::npos) {
      // A line is short; a text of any length has its length before it.
      if (bytes_.size() - at_ > 64 << 10) return nonsense();
      return std::optional<RedisReply>();
    }
    if (end == at_) return nonsense();
    const char sign = bytes_[at_];
    const std::string_view line = bytes_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 2;
    switch (sign) {
      case '+':
        return RedisReply{.kind = RedisReply::Kind::status, .text = std::string(line)};
      case '-':
        return RedisReply{.kind = RedisReply::Kind::failure, .text = std::string(line)};
      case ':':
        return RedisReply {
          .kind = RedisReply::Kind::integer, .integer = TRY(number(line))
        };
      case '$':
        return read_text(TRY(number(line)));
      case '*':
        return read_list(TRY(number(line)), depth);
      default:
        return nonsense();
    }
  }

 private:
  static Result<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || rest != text.data() + text.size()) return nonsense();
    return value;
  }
  Result<std::optional<RedisReply>> read_text(std::int64_t size) {
    if (size == -1) return RedisReply{};
    if (size < 0 || size > static_cast<std::int64_t>(reply_max)) return nonsense();
    const auto length = static_cast<std::size_t>(size);
    if (bytes_.size() - at_ < length + 2) return std::optional<RedisReply>();
    if (bytes_.substr(at_ + length, 2) != "\r\n") return nonsense();
    RedisReply reply{.kind = RedisReply::Kind::text,
                     .text = std::string(bytes_.substr(at_, length))};
    at_ += length + 2;
    return reply;
  }
  Result<std::optional<RedisReply>> read_list(std::int64_t count, int depth) {
    if (count == -1) return RedisReply{};
    if (count < 0 || count > items_max) return nonsense();
    RedisReply list{.kind = RedisReply::Kind::list};
    for (std::int64_t i = 0; i < count; ++i) {
      std::optional<RedisReply> item = TRY(read(depth + 1));
      if (!item) return std::optional<RedisReply>();
      list.items.push_back(std::move(*item));
    }
    return list;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace

Result<ReadReply> read_reply(std::string_view bytes) {
  if (bytes.size() > reply_max) return nonsense();
  Reader reader(bytes);
  std::optional<RedisReply> reply = TRY(reader.read(0));
  if (!reply) return ReadReply{};
  return ReadReply{.is_whole = true, .reply = std::move(*reply), .used = reader.used()};
}

std::string redis_command(const std::vector<std::string>& words) {
  std::string text = fmt::format("*{}\r\n", words.size());
  for (const std::string& word : words) text += fmt::format("${}\r\n{}\r\n", word.size(), word);
  return text;
}

Result<Redis> Redis::open(const RedisPlace& place, sys::Patience& patience) {
  Redis redis(TRY(Connection::open(place.endpoint, patience)));
  if (place.password.empty()) return redis;
  std::vector<std::string> words{"AUTH"};
  if (!place.username.empty()) words.push_back(place.username);
  words.push_back(place.password);
  const RedisReply reply = TRY(redis.call(words, patience));
  if (reply.is_failure()) {
    return error(Code::refused,
                 fmt::format("{} rejected the login: {}", redis.peer(), printable(reply.text)),
                 "look whether the password that was named is the right one");
  }
  return redis;
}

Status Redis::send(std::string_view commands, sys::Patience& patience) {
  return connection_.write_all(commands, patience);
}

Result<RedisReply> Redis::receive(sys::Patience& patience) {
  while (true) {
    Result<ReadReply> read = read_reply(pending_);
    if (!read.ok()) return std::move(read).error().while_doing("asking " + peer());
    if (read->is_whole) {
      pending_.erase(0, read->used);
      return std::move(read->reply);
    }
    const std::string piece = TRY(connection_.read_some(64 << 10, patience));
    if (piece.empty()) {
      return error(Code::refused, fmt::format("{} closed the connection", peer()));
    }
    pending_ += piece;
  }
}

Result<RedisReply> Redis::call(const std::vector<std::string>& words, sys::Patience& patience) {
  TRY_VOID(send(redis_command(words), patience));
  return receive(patience);
}

Result<RedisReply> Redis::check(RedisReply reply, const std::string& command) const {
  if (!reply.is_failure()) return reply;
  const bool needs_login = reply.text.starts_with("NOAUTH") || reply.text.starts_with("NOPERM");
  return error(Code::refused,
               fmt::format("{} refuses {}: {}", peer(), command, printable(reply.text)),
               needs_login ? "name a password, or a user who may do this" : "");
}

Result<RedisReply> Redis::demand(const std::vector<std::string>& words, sys::Patience& patience) {
  return check(TRY(call(words, patience)), words.front());
}

Result<std::vector<RedisReply>> Redis::demand_all(
    const std::vector<std::vector<std::string>>& commands, sys::Patience& patience) {
  std::string bytes;
  for (const std::vector<std::string>& words : commands) bytes += redis_command(words);
  TRY_VOID(send(bytes, patience));
  std::vector<RedisReply> replies;
  for (const std::vector<std::string>& words : commands) {
    replies.push_back(TRY(check(TRY(receive(patience)), words.front())));
  }
  return replies;
}

Result<Redis> open_redis(const param::ServicePlace& place, sys::Patience& patience) {
  const std::string password =
      TRY(sys::reveal(place.password.reference), "reading the password of Redis");
  return Redis::open({.endpoint = {.host = place.host,
                                   .port = static_cast<int>(place.port),
                                   .network_namespace = place.network_namespace},
                      .username = place.username,
                      .password = password},
                     patience);
}

std::string_view redis_info(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.size() <= name.size() || !line.starts_with(name) || line[name.size()] != ':') continue;
    return line.substr(name.size() + 1);
  }
  return {};
}

}  // namespace squall::net
