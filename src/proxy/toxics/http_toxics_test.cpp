// The toxics that know HTTP: what each makes of the messages that it chooses.
#include "proxy/proxy_rig_test.h"
#include "proxy/stage_rig_test.h"

namespace squall::proxy {
namespace {

class HttpToxicsTest : public StageRig {
 protected:
  // What the client sees of this answer to a GET of /a.
  std::string answered(std::string_view type, const json::object& attributes,
                       const std::string& answer, std::string_view method = "GET") {
    out_ = {};
    follow({toxic(type, attributes)});
    listeners_.hear(std::string(method) + " /a HTTP/1.1\r\n\r\n");
    take(answer);
    stages_.take_end(out_.now, out_);
    follow({});
    return out_.text();
  }
  static std::string answer_with(const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  static bool refuses(std::string_view type, const json::object& attributes) {
    const Kind* kind = find(catalogue(), type);
    return !kind->parse(*kind, nullptr, attributes).ok();
  }
};

TEST_F(HttpToxicsTest, HeaderIsSetAddedAndRemoved) {
  const std::string answer = "HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(answered("http_header", {{"name", "X-A"}, {"value", "3"}}, answer),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: 3\r\n\r\n");
  EXPECT_EQ(answered("http_header", {{"name", "X-A"}, {"value", "3"}, {"action", "add"}}, answer),
            "HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\nX-A: 3\r\n\r\n");
  EXPECT_EQ(answered("http_header", {{"name", "X-A"}, {"action", "remove"}}, answer),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(refuses("http_header", {}));
  EXPECT_TRUE(refuses("http_header", {{"name", "content-length"}, {"value", "3"}}));
  EXPECT_TRUE(refuses("http_header", {{"name", "X"}, {"value", "a\r\nY: b"}}));
  EXPECT_TRUE(refuses("http_header", {{"name", "X Y"}}));
}

TEST_F(HttpToxicsTest, BodyGetsAnotherValueAndItsLength) {
  const std::string answer = answer_with(R"({"id":7,"items":[{"price":5},{"price":6}]})");
  EXPECT_EQ(answered("http_body", {{"field", "$.items[*].price"}, {"value", -1}}, answer),
            answer_with(R"({"id":7,"items":[{"price":-1},{"price":-1}]})"));
  EXPECT_EQ(answered("http_body", {{"field", "$.id"}, {"value", "seven"}}, answer),
            answer_with(R"({"id":"seven","items":[{"price":5},{"price":6}]})"));
  EXPECT_EQ(answered("http_body", {{"field", "$.items[0]"}, {"action", "remove"}}, answer),
            answer_with(R"({"id":7,"items":[{"price":6}]})"));
  EXPECT_TRUE(refuses("http_body", {{"field", "no path"}}));
}

TEST_F(HttpToxicsTest, BodyInChunksOrUntilTheEndGetsALength) {
  EXPECT_EQ(answered("http_body", {{"field", "$.a"}, {"value", 2}},
                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n"),
            answer_with(R"({"a":2})"));
  EXPECT_EQ(
      answered("http_body", {{"field", "$.a"}, {"value", 2}}, "HTTP/1.1 200 OK\r\n\r\n{\"a\":1}"),
      answer_with(R"({"a":2})"));
}

TEST_F(HttpToxicsTest, BodyPassesAsItIsWhereItCannotBeChanged) {
  const json::object attributes = {{"field", "$.a"}, {"value", 2}};
  for (const std::string& answer :
       {answer_with("no json"), answer_with(R"({"b":1})"), answer_with(""),
        std::string("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\n"
                    "{\"a\":1}"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":1}"),
        answer_with("{\"a\":\"" + std::string((1 << 20) + 1, 'x') + "\"}")}) {
    EXPECT_TRUE(answered("http_body", attributes, answer) == answer) << answer.substr(0, 100);
  }
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
  EXPECT_EQ(answered("http_body", attributes, head, "HEAD"), head);
}

TEST_F(HttpToxicsTest, AbortStrikesInPlaceOfAnAnswerOrInItsMiddle) {
  EXPECT_EQ(answered("http_abort", {}, answer_with("body")), "");
  EXPECT_TRUE(out_.is_reset);
  EXPECT_EQ(answered("http_abort", {{"bytes", 2}, {"mode", "close"}}, answer_with("body")),
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
  EXPECT_TRUE(out_.is_cut);
  EXPECT_FALSE(out_.is_reset);
  EXPECT_EQ(answered("http_abort", {{"bytes", 9}}, answer_with("body")), answer_with("body"));
  EXPECT_FALSE(out_.is_reset);
}

TEST_F(HttpToxicsTest, DelayHoldsAChosenMessageAndWhatIsBehindIt) {
  follow({toxic("http_delay", {{"delay", 50}, {"path", "/slow"}})});
  listeners_.hear("GET /a HTTP/1.1\r\n\r\nGET /slow HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
  take(answer_with("1") + answer_with("2") + answer_with("3"));
  EXPECT_EQ(out_.text(), answer_with("1"));
  run();
  EXPECT_EQ(out_.now, milliseconds(50));
  EXPECT_EQ(out_.text(), answer_with("1") + answer_with("2") + answer_with("3"));
}

using HttpToxicsOnSockets = ProxyRig;

const std::string request = "POST /orders HTTP/1.1\r\nContent-Length: 7\r\n\r\n{\"n\":1}";

TEST_F(HttpToxicsOnSockets, ARequestIsChangedBeforeTheServerSeesIt) {
  add("http_body", {{"field", "$.n"}, {"value", 1000}}, Stream::upstream);
  add("http_header", {{"name", "X-Role"}, {"value", "admin"}}, Stream::upstream);
  const Ends ends = open();
  const std::string changed =
      "POST /orders HTTP/1.1\r\nContent-Length: 10\r\nX-Role: admin\r\n\r\n{\"n\":1000}";
  for (int i = 0; i < 2; ++i) {
    send_text(ends.client, request);
    EXPECT_EQ(receive(ends.server, changed.size()), changed);
  }
}

TEST_F(HttpToxicsOnSockets, TheServerHearsNothingOfARequestThatIsAborted) {
  add("http_abort", {{"method", "POST"}}, Stream::upstream);
  const Ends ends = open();
  send_text(ends.client, "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(receive(ends.server, 18), "GET / HTTP/1.1\r\n\r\n");
  send_text(ends.client, request);
  EXPECT_EQ(ending(ends.client), "reset");
  EXPECT_EQ(ending(ends.server), "reset");
}

TEST_F(HttpToxicsOnSockets, AnAnswerIsLateAndItsStatusAnother) {
  add("http_delay", {{"delay", 40}});
  add("http_status", {{"status", 500}});
  const Ends ends = open();
  send_text(ends.client, request);
  EXPECT_EQ(receive(ends.server, request.size()), request);
  const Duration start = sys::monotonic_now();
  send_text(ends.server, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  const std::string expected = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(receive(ends.client, expected.size()), expected);
  EXPECT_GE((sys::monotonic_now() - start).milliseconds(), 40);
}

}  // namespace
}  // namespace squall::proxy
