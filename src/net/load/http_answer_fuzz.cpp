// However an answer is cut into pieces, the reader takes every byte once, ends at the same one, and
// never takes more than it was given.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/check.h"
#include "net/load/http_answer.h"

namespace {

using squall::net::HttpAnswerReader;
using squall::net::LoadAnswer;

struct End {
  LoadAnswer::State state = LoadAnswer::State::unfinished;
  std::size_t at = 0;
  int status = 0;
};

End read(std::string_view text, std::size_t step) {
  HttpAnswerReader reader;
  End end;
  while (end.at < text.size() && end.state == LoadAnswer::State::unfinished) {
    const std::string_view piece = text.substr(end.at, step);
    const LoadAnswer answer = reader.take(piece);
    CHECK(answer.used <= piece.size(), "takes no more than it was given");
    CHECK(answer.used > 0, "always goes on");
    end.state = answer.state;
    end.at += answer.used;
  }
  if (end.state == LoadAnswer::State::unfinished) end.state = reader.take_end().state;
  end.status = reader.status();
  return end;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const End whole = read(text, size);
  const End pieces = read(text, 1 + data[0] % 7);
  CHECK(whole.state == pieces.state, "the pieces do not matter");
  if (whole.state == LoadAnswer::State::done) {
    CHECK(whole.at == pieces.at && whole.status == pieces.status, "it ends at the same byte");
    CHECK(whole.status >= 100 && whole.status <= 999, "a status is a status");
  }
  return 0;
}
