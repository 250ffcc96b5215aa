#include "proxy/metrics.h"

#include <array>

#include <fmt/core.h>

namespace squall::proxy {
namespace {

std::string escape_label(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '\\' || letter == '"') escaped += '\\';
    letter == '\n' ? escaped += "\\n" : escaped += letter;
  }
  return escaped;
}

}  // namespace

std::string metrics(const Proxies& proxies) {
  struct Counter {
    std::string_view name;
    std::string_view help;
    const std::array<std::atomic<std::uint64_t>, 2> Traffic::*values;
  };
  static constexpr std::array<Counter, 2> counters = {{
      {"toxiproxy_proxy_received_bytes_total", "Bytes that came from the source.",
       &Traffic::received},
      {"toxiproxy_proxy_sent_bytes_total", "Bytes that were sent to the destination.",
       &Traffic::sent},
  }};
  std::string text;
  for (const Counter& counter : counters) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} counter\n", counter.name, counter.help);
    for (const auto& [name, proxy] : proxies) {
      for (std::size_t stream = 0; stream < 2; ++stream) {
        const std::uint64_t value = (proxy->traffic().*counter.values)[stream].load();
        if (value == 0) continue;
        text += fmt::format(
            "{}{{direction=\"{}\",listener=\"{}\",proxy=\"{}\",upstream=\"{}\"}} {}\n",
            counter.name, name_of(static_cast<Stream>(stream)), escape_label(proxy->spec().listen),
            escape_label(name), escape_label(proxy->spec().upstream), value);
      }
    }
  }
  return text;
}

}  // namespace squall::proxy
