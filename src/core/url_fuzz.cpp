// Whatever is taken for a URL can be put on the wire as it is, and its host and port say the same
// when they are written out again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall;
  const Result<Url> url = parse_url(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!url.ok()) return 0;
  const auto is_visible = [](char letter) { return letter > ' ' && letter < 0x7F; };
  CHECK(url->target.starts_with('/'), "a target starts with a slash");
  CHECK(std::all_of(url->target.begin(), url->target.end(), is_visible), "a target is one word");
  CHECK(std::all_of(url->host.begin(), url->host.end(), is_visible), "a host is one word");
  CHECK(url->port >= 1 && url->port <= 65535, "a port is a port");
  const Result<Url> again = parse_url("http://" + authority(*url) + url->target);
  CHECK(again.ok() && again->host == url->host && again->port == url->port &&
            again->target == url->target,
        "what was written can be read");
  return 0;
}
