#include "net/load/line_answer.h"

#include <algorithm>

namespace squall::net {

LineMeaning redis_line(std::string_view line) {
  if (line.starts_with('+') || line.starts_with(':')) return LineMeaning::accepted;
  return line.starts_with('-') ? LineMeaning::rejected : LineMeaning::nonsense;
}

LineMeaning nats_line(std::string_view line) {
  if (line == "+OK") return LineMeaning::accepted;
  if (line.starts_with("-ERR")) return LineMeaning::rejected;
  if (line == "PING") return LineMeaning::ping;
  const bool is_known = line.starts_with("INFO") || line == "PONG";
  return is_known ? LineMeaning::ignored : LineMeaning::nonsense;
}

LoadAnswer LineAnswerReader::take(std::string_view bytes) {
  LoadAnswer answer;
  while (answer.used < bytes.size() && answer.state == LoadAnswer::State::unfinished) {
    const std::string_view rest = bytes.substr(answer.used);
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (size_ < line_seen_max) rest.substr(0, end).copy(&line_[size_], line_seen_max - size_);
    size_ += end;
    answer.used += std::min(end + 1, rest.size());
    if (size_ > line_max) answer.state = LoadAnswer::State::nonsense;
    if (end == rest.size()) break;
    std::string_view line(line_.data(), std::min(size_, line_seen_max));
    if (line.ends_with('\r')) line.remove_suffix(1);
    size_ = 0;
    switch (meaning_(line)) {
      case LineMeaning::accepted:
      case LineMeaning::rejected:
        answer.state = LoadAnswer::State::done;
        answer.verdict = line.starts_with('-') ? LoadVerdict::rejected : LoadVerdict::accepted;
        break;
      case LineMeaning::ping:
        answer.respond = "PONG\r\n";
        return answer;
      case LineMeaning::nonsense:
        answer.state = LoadAnswer::State::nonsense;
        break;
      case LineMeaning::ignored:
        break;
    }
  }
  return answer;
}

}  // namespace squall::net
