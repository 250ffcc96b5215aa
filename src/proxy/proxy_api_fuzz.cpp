// Hands one body to every route that reads one and opens no port.
#include <cstddef>
#include <cstdint>
#include <string>

#include "proxy/api.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall;
  static const std::unique_ptr<proxy::Loops> loops = proxy::Loops::start(0).value();
  const std::string body(reinterpret_cast<const char*>(data), size);
  proxy::Api api(*loops, {});
  const auto call = [&](const std::string& path, const std::string& text) {
    const net::HttpAnswer answer = api.answer({.method = "POST", .path = path, .body = text});
    CHECK(answer.status >= 200 && answer.status <= 500, "every body has its answer");
    const bool is_json = parse_json(answer.body.empty() ? "null" : answer.body).ok();
    CHECK(is_json, "an answer can be read");
  };
  call("/proxies", R"({"name":"own","upstream":"127.0.0.1:1","enabled":false})");
  call("/proxies/own/toxics", body);
  call("/proxies/own/toxics", R"({"type":"latency","name":"own"})");
  call("/proxies/own/toxics/own", body);
  // A proxy that is enabled would open a port.
  const Result<json::value> value = proxy::read_body(body);
  if (value.ok()) {
    static_cast<void>(proxy::read_proxy(*value));
    static_cast<void>(proxy::read_proxies(*value));
  }
  return 0;
}
