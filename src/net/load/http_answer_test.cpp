#include "net/load/http_answer.h"

#include <gtest/gtest.h>

namespace squall::net {
namespace {

using State = LoadAnswer::State;

// Feeds the text in pieces of `step` bytes and says how the first answer came out.
struct Read {
  LoadAnswer answer;
  int status = 0;
  std::size_t used = 0;
};

Read read(std::string_view text, std::size_t step, bool is_head = false) {
  HttpAnswerReader reader(is_head);
  Read read;
  while (read.used < text.size() && read.answer.state == State::unfinished) {
    read.answer = reader.take(text.substr(read.used, step));
    read.used += read.answer.used;
  }
  if (read.answer.state == State::unfinished) read.answer = reader.take_end();
  read.status = reader.status();
  return read;
}

struct Case {
  std::string_view text;
  State state;
  int status;
  std::size_t used;
  bool is_last = false;
};

class HttpAnswer : public testing::TestWithParam<Case> {};

TEST_P(HttpAnswer, EndsAtTheSameByteHoweverItArrives) {
  const Case& wanted = GetParam();
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, wanted.text.size()}) {
    const Read got = read(wanted.text, step);
    EXPECT_EQ(got.answer.state, wanted.state) << step;
    if (wanted.state != State::done) continue;
    EXPECT_EQ(got.status, wanted.status) << step;
    EXPECT_EQ(got.used, wanted.used) << step;
    EXPECT_EQ(got.answer.is_last, wanted.is_last) << step;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Net, HttpAnswer,
    testing::Values(
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1", State::done, 200, 40},
        Case{"HTTP/1.1 204 No Content\r\n\r\nHTTP", State::done, 204, 27},
        Case{"HTTP/1.1 304\r\n\r\n", State::done, 304, 16},
        Case{"HTTP/1.1 200 OK\r\ncontent-length:  0 \r\n\r\nx", State::done, 200, 40},
        Case{"HTTP/1.1 404 N\nContent-Length: 1\n\nxy", State::done, 404, 35},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\nH",
             State::done, 200, 64},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n",
             State::done, 200, 70},
        Case{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
             State::done, 200, 63},
        Case{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", State::done, 200,
             57, true},
        Case{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", State::done, 200, 38, true},
        Case{"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", State::done,
             200, 62},
        Case{"HTTP/1.1 200 OK\r\n\r\nuntil the end", State::done, 200, 32},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", State::unfinished, 0, 0},
        Case{"HTTP/1.1 200 OK\r\nContent-Le", State::unfinished, 0, 0},
        Case{"SSH-2.0-OpenSSH\r\n", State::nonsense, 0, 0},
        Case{"HTTP/1.1 20 OK\r\n", State::nonsense, 0, 0},
        Case{"HTTP/1.1 2000\r\n", State::nonsense, 0, 0},
        Case{"HTTP/1.1 200 OK\r\nno colon\r\n", State::nonsense, 0, 0},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", State::nonsense, 0, 0},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n", State::nonsense, 0,
             0},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
             State::nonsense, 0, 0},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", State::nonsense, 0, 0},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", State::nonsense,
             0, 0}));

TEST(HttpAnswerReader, HasNoBodyAfterHead) {
  const Read got = read("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nHTTP", 1000, true);
  EXPECT_EQ(got.answer.state, State::done);
  EXPECT_EQ(got.used, 40U);
}

TEST(HttpAnswerReader, ReadsOneAnswerAfterTheOther) {
  HttpAnswerReader reader;
  std::string_view text =
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
  LoadAnswer answer = reader.take(text);
  EXPECT_EQ(answer.verdict, LoadVerdict::accepted);
  text.remove_prefix(answer.used);
  answer = reader.take(text);
  EXPECT_EQ(answer.state, State::done);
  EXPECT_EQ(answer.verdict, LoadVerdict::failed);
}

TEST(HttpAnswerReader, TellsTheClassesOfStatusesApart) {
  const auto verdict = [](int status) {
    return read("HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Length: 0\r\n\r\n", 1000)
        .answer.verdict;
  };
  EXPECT_EQ(verdict(201), LoadVerdict::accepted);
  EXPECT_EQ(verdict(302), LoadVerdict::redirected);
  EXPECT_EQ(verdict(404), LoadVerdict::rejected);
  EXPECT_EQ(verdict(501), LoadVerdict::rejected) << "not implemented, and said so";
  EXPECT_EQ(verdict(500), LoadVerdict::failed);
  EXPECT_EQ(verdict(599), LoadVerdict::failed);
}

TEST(HttpAnswerReader, EndsAHeaderThatNeverEnds) {
  HttpAnswerReader reader;
  reader.take("HTTP/1.1 200 OK\r\n");
  const std::string line = "X-More: " + std::string(1000, 'x') + "\r\n";
  int taken = 0;
  while (reader.take(line).state == State::unfinished && taken < 1000) ++taken;
  EXPECT_LT(taken, 70);
}

}  // namespace
}  // namespace squall::net
