#include "proxy/http/message_reader.h"

#include <gtest/gtest.h>

namespace squall::proxy::http {
namespace {

// Writes down what is found: heads as <GET /> or <200>, content as it is, ends as |.
class Notes final : public MessageReader::Sink {
 public:
  MessageReader::Following take_head(Head head, std::string_view raw) override {
    all += raw;
    found += head.is_request() ? "<" + head.method + " " + head.target + ">"
                               : "<" + std::to_string(head.status) + ">";
    return next;
  }
  void take_body(std::string_view raw, std::string_view content) override {
    all += raw;
    found += content;
  }
  void take_message_end() override { found += "|"; }
  void take_foreign(std::string_view raw) override {
    all += raw;
    if (raw != "\r\n") found += "~";
  }

  MessageReader::Following next = MessageReader::Following::as_framed;
  std::string all;
  std::string found;
};

std::string read(std::string_view bytes, bool is_request, std::size_t piece = 1,
                 MessageReader::Following next = MessageReader::Following::as_framed) {
  MessageReader reader(is_request, true);
  Notes notes;
  notes.next = next;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.take(bytes.substr(at, piece), notes);
  }
  reader.finish(notes);
  EXPECT_EQ(notes.all, bytes) << "every byte comes out";
  return notes.found;
}

TEST(MessageReader, FindsRequestsOnOneConnectionInWhateverPieces) {
  const std::string_view bytes =
      "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
      "\r\nPOST /b HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello"
      "PUT /c HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
      "DELETE /d HTTP/1.0\r\n\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    EXPECT_EQ(read(bytes, true, piece),
              "<GET /a?b=c>|<POST /b>hello|<PUT /c>abc0123456789|<DELETE /d>|")
        << piece;
  }
}

TEST(MessageReader, FindsAnswersWithEachKindOfBody) {
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 404\r\nContent-Length: "
                 "0\r\n\r\n",
                 false),
            "<200>ok|<404>|");
  EXPECT_EQ(read("HTTP/1.0 200 OK\r\n\r\nall that comes", false), "<200>all that comes|");
  EXPECT_EQ(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                 false, 1, MessageReader::Following::nothing),
            "<304>|<200>|");
  EXPECT_EQ(read("HTTP/1.1 101 Switching\r\n\r\n\x81\x02hi", false, 100,
                 MessageReader::Following::foreign),
            "<101>~");
}

TEST(MessageReader, PassesWhatItCannotReadForSure) {
  for (const std::string_view bytes :
       {"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nContent-Length: 9999999999999999999999\r\n\r\nhello",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\nhello",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
        "GET / HTTP/2\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /\r\n\r\n",
        "\x16\x03\x01\x02\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n"}) {
    const std::string found = read(bytes, true, 1000);
    EXPECT_EQ(found.find_first_not_of('~'), std::string::npos) << bytes << found;
    EXPECT_FALSE(found.empty());
  }
  EXPECT_EQ(read("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", true, 1000),
            "<POST />~");
}

TEST(MessageReader, DoesNotKeepAnotherProtocolWaiting) {
  for (const std::string_view bytes :
       {"*1\r\n$4\r\nPING\r\n", "\x16\x03\x01\x02", "GET key\r\n", "EHLO me\r\n", "\x01"}) {
    MessageReader reader(true, true);
    Notes notes;
    for (const char letter : bytes) reader.take({&letter, 1}, notes);
    EXPECT_EQ(notes.all, bytes);
  }
  for (const std::string_view bytes : {"+PONG\r\n", "SSH-2.0-x\r\n", "HTTP/2", "I"}) {
    MessageReader reader(false, true);
    Notes notes;
    for (const char letter : bytes) reader.take({&letter, 1}, notes);
    EXPECT_EQ(notes.all, bytes);
  }
}

TEST(MessageReader, HoldsNoMoreThanAHead) {
  MessageReader reader(true, true);
  Notes notes;
  reader.take("GET / HTTP/1.1\r\nX: ", notes);
  for (int i = 0; i < 100; ++i) {
    reader.take(std::string(1000, 'x'), notes);
    EXPECT_LE(reader.held(), head_max);
  }
  EXPECT_TRUE(reader.is_foreign());
  EXPECT_EQ(notes.all.size(), 19 + 100'000u);
}

TEST(MessageReader, InTheMiddleOfAConnectionItWaitsForABeginning) {
  MessageReader reader(true, false);
  Notes notes;
  reader.take("rest of a body\r\n", notes);
  EXPECT_TRUE(reader.is_seeking());
  reader.take("GET /now HTTP/1.1\r\nHo", notes);
  reader.take("st: x\r\n\r\n", notes);
  EXPECT_EQ(notes.found, "~<GET /now>|");
}

TEST(MessageReader, BehindARequestForAnotherProtocolAPieceTellsWhichItIs) {
  MessageReader reader(true, true);
  Notes notes;
  reader.take("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", notes);
  reader.take("\x81\x85mask", notes);
  reader.take("GET /refused HTTP/1.1\r\n\r\n", notes);
  EXPECT_EQ(notes.found, "<GET /ws>|~<GET /refused>|");
}

}  // namespace
}  // namespace squall::proxy::http
