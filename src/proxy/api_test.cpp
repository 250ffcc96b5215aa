// The interface that clients of Toxiproxy know: every exchange with its status, body and header.
#include "proxy/api.h"

#include "proxy/sockets_test.h"

namespace squall::proxy {
namespace {

class ApiTest : public testing::Test {
 protected:
  ApiTest() : loops_(Loops::start(1).value()), api_(*loops_, {.seed = 3, .has_metrics = true}) {}

  net::HttpAnswer call(std::string method, std::string path, std::string body = "",
                       std::string agent = "toxiproxy-test") {
    return api_.answer({.method = std::move(method),
                        .path = std::move(path),
                        .headers = {{"User-Agent", std::move(agent)}},
                        .body = std::move(body)});
  }
  void expect(const net::HttpAnswer& answer, int status, std::string_view body) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.body, body);
  }
  void expect_problem(const net::HttpAnswer& answer, int status, std::string_view message) {
    expect(answer, status, fmt::format("{{\"error\":\"{}\",\"status\":{}}}\n", message, status));
    EXPECT_EQ(header(answer, "Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(header(answer, "X-Content-Type-Options"), "nosniff");
  }
  static std::string header(const net::HttpAnswer& answer, std::string_view name) {
    for (const net::HttpHeader& one : answer.headers) {
      if (one.name == name) return one.value;
    }
    return "";
  }
  // Makes a proxy called db; where it listens.
  std::string create() {
    const net::HttpAnswer made =
        call("POST", "/proxies",
             fmt::format(R"({{"name":"db","listen":"127.0.0.1:0","upstream":"{}"}})",
                         upstream_.place()));
    EXPECT_EQ(made.status, 201) << made.body;
    return text_at(parse_json(made.body).value().as_object(), "listen");
  }
  std::string shown(const std::string& listen, std::string_view enabled = "true",
                    std::string_view toxics = "[]") const {
    return fmt::format(R"({{"name":"db","listen":"{}","upstream":"{}","enabled":{},"toxics":{}}})",
                       listen, upstream_.place(), enabled, toxics);
  }

  Upstream upstream_;
  std::unique_ptr<Loops> loops_;
  Api api_;
};

TEST_F(ApiTest, CreatesShowsListsAndDeletes) {
  expect(call("GET", "/proxies"), 200, "{}");
  const std::string listen = create();
  EXPECT_NE(listen, "127.0.0.1:0");
  expect(call("GET", "/proxies/db"), 200, shown(listen));
  expect(call("GET", "/proxies"), 200, fmt::format(R"({{"db":{}}})", shown(listen)));
  EXPECT_TRUE(connect_to(listen).valid());
  expect(call("DELETE", "/proxies/db"), 204, "");
  EXPECT_FALSE(connect_to(listen).valid());
  expect_problem(call("DELETE", "/proxies/db"), 404, "proxy not found");
}

TEST_F(ApiTest, AnswersInTheEnvelopeThatClientsKnow) {
  const net::HttpAnswer list = call("GET", "/proxies");
  EXPECT_EQ(header(list, "Content-Type"), "application/json");
  EXPECT_FALSE(header(list, "X-Toxiproxy-Request-Id").empty());
  const net::HttpAnswer version = call("GET", "/version");
  expect(version, 200, "{\"version\": \"2.12.0\"}\n");
  EXPECT_EQ(header(version, "Content-Type"), "application/json;charset=utf-8");
  expect(call("GET", "/proxies", "", "Mozilla/5.0"), 403, "User agent not allowed\n");
  const net::HttpAnswer unknown = call("GET", "/nothing", "", "Mozilla/5.0");
  expect(unknown, 404, "404 page not found\n");
  EXPECT_EQ(header(unknown, "X-Toxiproxy-Request-Id"), "");
  expect(call("PUT", "/proxies"), 405, "");
  expect(call("GET", "/reset"), 405, "");
  expect(call("GET", "/proxies/"), 404, "404 page not found\n");
}

TEST_F(ApiTest, NamesWhatIsWrongWithAProxy) {
  create();
  expect_problem(call("POST", "/proxies", R"({"upstream":"a:1"})"), 400,
                 "missing required field: name");
  expect_problem(call("POST", "/proxies", R"({"name":"x"})"), 400,
                 "missing required field: upstream");
  expect_problem(call("POST", "/proxies", R"({"name":"db","upstream":"a:1"})"), 409,
                 "proxy already exists");
  for (const std::string body : {"", "{", "[]", "7", R"({"name":5})", R"({"enabled":"yes"})"}) {
    const net::HttpAnswer answer = call("POST", "/proxies", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_TRUE(answer.body.starts_with(R"({"error":"bad request body: )")) << answer.body;
  }
  EXPECT_EQ(call("POST", "/proxies", R"({"name":"x","upstream":"a:1","listen":"nowhere"})").status,
            500);
  EXPECT_EQ(
      call("POST", "/proxies", R"({"name":"x","upstream":"a:1","listen":"1.2.3.4:9"})").status,
      500);
  expect_problem(call("GET", "/proxies/x"), 404, "proxy not found");
}

TEST_F(ApiTest, ReadsJsonAsItsClientsWriteIt) {
  // The client for Ruby sends null for what it does not say; keys are taken in any case; what
  // follows the first value is not read.
  const net::HttpAnswer made = call(
      "POST", "/proxies",
      R"({"Name":"n","listen":"127.0.0.1:0","upstream":"127.0.0.1:1","enabled":null,"x":1} junk)");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_TRUE(bool_at(parse_json(made.body).value().as_object(), "enabled"));
}

TEST_F(ApiTest, UpdatesByPostAndByPatchAndKeepsWhatIsNotNamed) {
  const std::string listen = create();
  call("POST", "/proxies/db/toxics", R"({"type":"noop"})");
  const std::string toxics =
      R"([{"attributes":{},"name":"noop_downstream","type":"noop","stream":"downstream",)"
      R"("toxicity":1}])";
  expect(call("POST", "/proxies/db", R"({"enabled":false,"name":"other"})"), 200,
         shown(listen, "false", toxics));
  EXPECT_FALSE(connect_to(listen).valid());
  expect(call("PATCH", "/proxies/db", R"({"enabled":true})"), 200, shown(listen, "true", toxics));
  EXPECT_TRUE(connect_to(listen).valid());
  expect(call("PATCH", "/proxies/db", "null"), 200, shown(listen, "true", toxics));
  expect_problem(call("PATCH", "/proxies/no", "{}"), 404, "proxy not found");
  EXPECT_EQ(call("PATCH", "/proxies/db", "").status, 400);
}

TEST_F(ApiTest, PopulatesAndLeavesAloneWhatIsTheSame) {
  const std::string listen = create();
  call("POST", "/proxies/db/toxics", R"({"type":"noop"})");
  const std::string same =
      fmt::format(R"([{{"name":"db","listen":"{}","upstream":"{}"}}])", listen, upstream_.place());
  const net::HttpAnswer kept = call("POST", "/populate", same);
  EXPECT_EQ(kept.status, 201);
  EXPECT_NE(kept.body.find("noop_downstream"), std::string::npos) << kept.body;
  const std::string moved = fmt::format(
      R"([{{"name":"db","listen":"{}","upstream":"127.0.0.1:1"}},)"
      R"({{"name":"two","listen":"127.0.0.1:0","upstream":"127.0.0.1:2","enabled":false}}])",
      listen);
  expect(call("POST", "/populate", moved), 201,
         fmt::format(R"({{"proxies":[{{"name":"db","listen":"{}","upstream":"127.0.0.1:1",)"
                     R"("enabled":true,"toxics":[]}},{{"name":"two","listen":"127.0.0.1:0",)"
                     R"("upstream":"127.0.0.1:2","enabled":false,"toxics":[]}}]}})",
                     listen));
  expect(call("POST", "/populate", "[]"), 201, R"({"proxies":null})");
}

TEST_F(ApiTest, PopulatingSaysWhatWasDoneBeforeItFailed) {
  const net::HttpAnswer wrong = call("POST", "/populate", R"([{"name":"a","upstream":"b:1"},{}])");
  expect(wrong, 400,
         R"({"error":"missing required field: name at proxy 2","status":400,"proxies":null})");
  EXPECT_EQ(header(wrong, "Content-Type"), "application/json");
  const net::HttpAnswer half =
      call("POST", "/populate",
           R"([{"name":"a","upstream":"b:1","enabled":false,"listen":":7"},)"
           R"({"name":"c","upstream":"b:1","listen":"bad"}])");
  EXPECT_EQ(half.status, 500);
  EXPECT_NE(half.body.find(R"("proxies":[{"name":"a")"), std::string::npos) << half.body;
  EXPECT_EQ(call("POST", "/populate", "{}").status, 400);
}

TEST_F(ApiTest, AddsListsUpdatesAndRemovesToxics) {
  create();
  expect(call("GET", "/proxies/db/toxics"), 200, "[]");
  const std::string latency =
      R"({"attributes":{"latency":200,"jitter":0},"name":"latency_downstream","type":"latency",)"
      R"("stream":"downstream","toxicity":1})";
  expect(call("POST", "/proxies/db/toxics", R"({"type":"latency","attributes":{"latency":200}})"),
         200, latency);
  const std::string slow =
      R"({"attributes":{"rate":5},"name":"slow","type":"bandwidth","stream":"UPSTREAM",)"
      R"("toxicity":0.1})";
  expect(call("POST", "/proxies/db/toxics",
              R"({"name":"slow","type":"bandwidth","stream":"UPSTREAM","toxicity":0.1,)"
              R"("attributes":{"rate":5}})"),
         200, slow);
  expect(call("GET", "/proxies/db/toxics"), 200, fmt::format("[{},{}]", slow, latency));
  expect(call("GET", "/proxies/db/toxics/slow"), 200, slow);
  expect(call("PATCH", "/proxies/db/toxics/latency_downstream",
              R"({"toxicity":1.5,"name":"x","type":"noop","attributes":{"jitter":7}})"),
         200,
         R"({"attributes":{"latency":200,"jitter":7},"name":"latency_downstream","type":"latency",)"
         R"("stream":"downstream","toxicity":1.5})");
  expect(call("DELETE", "/proxies/db/toxics/slow"), 204, "");
  expect_problem(call("DELETE", "/proxies/db/toxics/slow"), 404, "toxic not found");
  expect_problem(call("GET", "/proxies/no/toxics/slow"), 404, "proxy not found");
}

TEST_F(ApiTest, TakesItsOwnKeysAndShowsThemOnlyWhereTheyAreUsed) {
  create();
  expect(call("POST", "/proxies/db/toxics", R"({"type":"noop","first":2})"), 200,
         R"({"attributes":{},"name":"noop_downstream","type":"noop","stream":"downstream",)"
         R"("toxicity":1,"first":2})");
  expect(call("PATCH", "/proxies/db/toxics/noop_downstream", R"({"first":0,"every":3})"), 200,
         R"({"attributes":{},"name":"noop_downstream","type":"noop","stream":"downstream",)"
         R"("toxicity":1,"every":3})");
  expect(call("PATCH", "/proxies/db/toxics/noop_downstream", R"({"every":0,"after":"END"})"), 200,
         R"({"attributes":{},"name":"noop_downstream","type":"noop","stream":"downstream",)"
         R"("toxicity":1,"after":"END"})");
  EXPECT_EQ(call("PATCH", "/proxies/db/toxics/noop_downstream", R"({"after":7})").status, 400);
  EXPECT_EQ(call("PATCH", "/proxies/db/toxics/noop_downstream",
                 fmt::format(R"({{"after":"{}"}})", std::string(1025, 'x')))
                .status,
            400);
  expect_problem(call("POST", "/proxies/db/toxics", R"({"type":"down","after":"x"})"), 400,
                 "down acts before any data: it takes no after");
  EXPECT_EQ(call("PATCH", "/proxies/db/toxics/noop_downstream", R"({"every":-1})").status, 400);
  EXPECT_EQ(call("PATCH", "/proxies/db/toxics/noop_downstream", R"({"every":1.5})").status, 400);
}

TEST_F(ApiTest, ALeaseEndsAToxicOrAProxyUnlessItIsRenewed) {
  const std::string listen = create();
  call("POST", "/proxies/db/toxics", R"({"type":"noop","ttl":10000})");
  EXPECT_NE(call("GET", "/proxies/db").body.find("\"ttl\":10000"), std::string::npos);
  const Duration now = sys::monotonic_now();
  const Duration ends = api_.expire(now);
  EXPECT_GT(ends, now);
  EXPECT_LE(ends, now + seconds(10));
  call("PATCH", "/proxies/db/toxics/noop_downstream", R"({"ttl":60000})");
  EXPECT_GT(api_.expire(ends), ends + seconds(40));
  EXPECT_EQ(api_.expire(ends + seconds(60)), never);
  expect(call("GET", "/proxies/db"), 200, shown(listen));
  call("PATCH", "/proxies/db", R"({"ttl":5000})");
  EXPECT_EQ(api_.expire(sys::monotonic_now() + seconds(6)), never);
  EXPECT_EQ(call("GET", "/proxies/db").status, 404);
  EXPECT_FALSE(connect_to(listen).valid());
  EXPECT_EQ(call("POST", "/proxies", R"({"name":"x","upstream":"a:1","ttl":-1})").status, 400);
}

TEST_F(ApiTest, NamesWhatIsWrongWithAToxic) {
  create();
  const auto add = [&](const std::string& body) {
    return call("POST", "/proxies/db/toxics", body);
  };
  expect_problem(add(R"({"type":"noop","stream":"sideways"})"), 400,
                 "stream was invalid, can be either upstream or downstream");
  expect_problem(add(R"({"type":"gremlin"})"), 400, "invalid toxic type");
  expect_problem(add("{}"), 400, "invalid toxic type");
  expect_problem(add(R"({"type":"http_status","stream":"upstream"})"), 400,
                 "http_status acts on the downstream only");
  EXPECT_EQ(add(R"({"type":"noop"})").status, 200);
  expect_problem(add(R"({"type":"noop","stream":"downstream"})"), 409, "toxic already exists");
  for (const std::string attributes :
       {R"("slicer","attributes":{"average_size":0})", R"("slicer")",
        R"("bandwidth","attributes":{"rate":-1})", R"("limit_data","attributes":{"bytes":-1})",
        R"("latency","attributes":{"latency":1.5})", R"("latency","attributes":[])",
        R"("latency","attributes":{"latency":1e300})"}) {
    EXPECT_EQ(add(fmt::format(R"({{"name":"bad","type":{}}})", attributes)).status, 400)
        << attributes;
  }
  for (int i = 0; i < 255; ++i) {
    ASSERT_EQ(add(fmt::format(R"({{"name":"{}","type":"noop"}})", i)).status, 200);
  }
  EXPECT_EQ(add(R"({"name":"one too many","type":"noop"})").status, 400);
}

TEST_F(ApiTest, ResetEnablesAllAndRemovesEveryToxic) {
  const std::string listen = create();
  call("POST", "/proxies/db/toxics", R"({"type":"timeout"})");
  call("POST", "/proxies/db", R"({"enabled":false})");
  expect(call("POST", "/reset"), 204, "");
  expect(call("GET", "/proxies/db"), 200, shown(listen));
}

TEST_F(ApiTest, CountsBytesOfConnectionsThatEnded) {
  const std::string listen = create();
  sys::Fd client = connect_to(listen);
  const sys::Fd server = upstream_.accept();
  send_text(client, "12345");
  EXPECT_EQ(receive(server, 5), "12345");
  call("POST", "/proxies/db", R"({"enabled":false})");
  const std::string metrics = call("GET", "/metrics").body;
  EXPECT_NE(metrics.find(fmt::format(
                "toxiproxy_proxy_received_bytes_total{{direction=\"upstream\",listener=\"{}\","
                "proxy=\"db\",upstream=\"{}\"}} 5\n",
                listen, upstream_.place())),
            std::string::npos)
      << metrics;
}

TEST_F(ApiTest, EveryRouteAnswersWhileAConnectionIsStalledByEachToxic) {
  const std::string listen = create();
  const sys::Fd client = connect_to(listen);
  const sys::Fd server = upstream_.accept();
  for (const Kind* kind : catalogue()) {
    const net::HttpAnswer added = call(
        "POST", "/proxies/db/toxics",
        fmt::format(R"({{"name":"t","type":"{}","attributes":{{"latency":100000,)"
                    R"("average_size":1,"delay":1000000,"timeout":100000,"bytes":1000,"name":"X",)"
                    R"("field":"$.a"}}}})",
                    kind->name));
    ASSERT_EQ(added.status, 200) << added.body;
    send_text(server, "x");
    const Duration start = sys::monotonic_now();
    EXPECT_EQ(call("DELETE", "/proxies/db/toxics/t").status, 204);
    EXPECT_LT((sys::monotonic_now() - start).milliseconds(), 1000) << kind->name;
    if (kind->name == "timeout") return;  // the last: it closes
  }
}

TEST_F(ApiTest, SpeaksHttpToARealClient) {
  const Result<net::Address> anywhere = listen_address("127.0.0.1:0");
  auto server = net::HttpServer::listen(*anywhere,
                                        [&](const net::HttpCall& one) { return api_.answer(one); });
  ASSERT_TRUE(server.ok());
  const std::string place = (*server)->place();
  const std::jthread thread(
      [&](std::stop_token stop) { EXPECT_TRUE((*server)->serve(stop).ok()); });
  const sys::Fd client = connect_to(place);
  send_text(client, "GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = receive(client, 4096);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n{\"version\": \"2.12.0\"}\n")) << answer;
  EXPECT_NE(answer.find("Content-Length: 22\r\n"), std::string::npos) << answer;
}

}  // namespace
}  // namespace squall::proxy
