#include "core/url.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "core/text.h"

namespace squall {
namespace {

constexpr std::size_t length_max = 8192;

bool starts_with_scheme(std::string_view text, std::string_view scheme) {
  return text.size() >= scheme.size() &&
         std::equal(scheme.begin(), scheme.end(), text.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
}

Error mistake(std::string_view url, std::string_view what, std::string next) {
  return error(Code::invalid, fmt::format("the URL \"{}\" {}", printable(url), what),
               std::move(next));
}

Result<int> parse_port(std::string_view url, std::string_view text) {
  int port = 0;
  auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (code != std::errc() || rest != text.data() + text.size() || port < 1 || port > 65535) {
    return mistake(url, fmt::format("has the port \"{}\"", printable(text)),
                   "ports are 1 to 65535");
  }
  return port;
}

// Names have letters, digits, "-", "." and "_"; addresses in brackets have ":" and a zone after
// "%".
bool is_host(std::string_view host, bool is_bracketed) {
  const std::string_view others = is_bracketed ? ":.%-_" : "-._";
  return std::all_of(host.begin(), host.end(), [&](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
           (letter >= 'A' && letter <= 'Z') || others.find(letter) != std::string_view::npos;
  });
}

// Splits "host", "host:port" or "[address]:port".
Status read_authority(std::string_view whole, std::string_view text, Url& url) {
  if (text.find('@') != std::string_view::npos) {
    return mistake(whole.substr(0, 7), "should hold no user name or password",
                   "send an Authorization header instead");
  }
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return mistake(whole, "has an open \"[\"", "close it");
    url.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const std::size_t colon = text.find(':');
    url.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? "" : text.substr(colon);
    if (rest.find(':', 1) != std::string_view::npos) {
      return mistake(whole, "has more than one \":\" in its host",
                     "write an IPv6 address in brackets: http://[::1]:8080/");
    }
  }
  const bool is_bracketed = text.starts_with('[');
  if (!is_host(url.host, is_bracketed) ||
      (is_bracketed && url.host.find(':') == std::string::npos)) {
    return mistake(whole, fmt::format("has the host {}", quote(url.host)),
                   "a host is a name or an address; only an IPv6 address stands in brackets");
  }
  if (url.host.empty()) return mistake(whole, "names no host", "write http://host:port/path");
  if (rest.empty()) return ok();
  if (rest[0] != ':') return mistake(whole, "has text after \"]\"", "write http://[::1]:8080/");
  if (rest.size() > 1) url.port = TRY(parse_port(whole, rest.substr(1)));
  return ok();
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  text = trim(text);
  if (text.size() > length_max) {
    return error(Code::invalid, fmt::format("a URL of {} bytes is too long", text.size()),
                 fmt::format("at most {} bytes are allowed", length_max));
  }
  if (starts_with_scheme(text, "https://")) {
    return error(Code::unsupported,
                 fmt::format("the URL \"{}\" needs TLS, which is not built in", printable(text)),
                 "probe the plain port behind it, or use the command probe with curl");
  }
  constexpr std::string_view scheme = "http://";
  if (!starts_with_scheme(text, scheme)) {
    return mistake(text, "does not start with http://", "write http://host:port/path");
  }
  const auto is_wrong = [](char letter) { return letter <= ' ' || letter >= 0x7F; };
  if (std::any_of(text.begin(), text.end(), is_wrong)) {
    return mistake(text, "has blanks or characters beyond ASCII",
                   "percent-encode them: a blank is %20");
  }
  std::string_view rest = text.substr(scheme.size());
  rest = rest.substr(0, rest.find('#'));
  const std::size_t end = rest.find_first_of("/?");
  Url url;
  TRY_VOID(read_authority(text, rest.substr(0, end), url));
  if (end != std::string_view::npos) {
    url.target = rest[end] == '?' ? "/" + std::string(rest.substr(end)) : rest.substr(end);
  }
  return url;
}

std::string authority(const Url& url) {
  const bool is_ipv6 = url.host.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? "[" + url.host + "]" : url.host;
  return url.port == 80 ? host : fmt::format("{}:{}", host, url.port);
}

}  // namespace squall
