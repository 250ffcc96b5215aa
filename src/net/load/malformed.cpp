// Each family is a function that adds its forms. What goes through the good request's renderer is
// well-formed HTTP with a bad content; what is spliced together here is bad HTTP.
#include "net/load/malformed.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "core/node.h"
#include "core/text.h"

namespace squall::net {
namespace {

constexpr std::size_t long_text = 80 << 10;  // past the 64 KiB that servers take at most
constexpr std::size_t members_max = 8;

class Maker {
 public:
  Maker(const HttpRequest& good, std::vector<LoadForm>& forms) : good_(good), forms_(forms) {
    good_.method = "GET";
    good_.body.clear();
    std::erase_if(good_.headers, [](const HttpHeader& header) {
      return header.name == "Content-Type" || header.name == "content-type";
    });
  }

  std::string_view family;

  const HttpRequest& get() const { return good_; }
  void add(std::string_view name, std::string bytes) {
    forms_.push_back({std::string(name), std::string(family), std::move(bytes)});
  }
  void add(std::string_view name, const HttpRequest& request) {
    add(name, render_request(request, Closing::keep_alive));
  }
  void add_with_target(std::string_view name, std::string target) {
    HttpRequest request = good_;
    request.url.target = std::move(target);
    add(name, request);
  }
  void add_with_query(std::string_view name, std::string_view query) {
    const bool has_query = good_.url.target.find('?') != std::string::npos;
    add_with_target(name, fmt::format("{}{}{}", good_.url.target, has_query ? '&' : '?', query));
  }
  // Below the path, so that a server which only knows the path itself has nothing there.
  void add_with_path(std::string_view name, std::string_view tail) {
    std::string path = good_.url.target.substr(0, good_.url.target.find('?'));
    if (!path.ends_with('/')) path += '/';
    add_with_target(name, path.append(tail));
  }
  void add_with_header(std::string_view name, std::string_view header, std::string value) {
    HttpRequest request = good_;
    request.headers.push_back({std::string(header), std::move(value)});
    add(name, request);
  }
  void add_with_body(std::string_view name, std::string body,
                     std::string_view type = "application/json") {
    HttpRequest request = good_;
    request.method = "POST";
    request.headers.push_back({"Content-Type", std::string(type)});
    request.body = std::move(body);
    add(name, request);
  }
  // A request line and headers of its own after that of the host, and what follows them.
  void add_raw(std::string_view name, std::string_view line, std::string_view rest) {
    add(name, fmt::format("{} {}\r\nHost: {}\r\n{}", line, "HTTP/1.1", authority(good_.url), rest));
  }

 private:
  HttpRequest good_;
  std::vector<LoadForm>& forms_;
};

void add_sql_injection(Maker& maker, const MalformedOrder&) {
  maker.add_with_path("sql_in_path", "%27%20OR%20%271%27%3D%271");
  maker.add_with_query("sql_in_query", "id=1%27%20OR%20%271%27%3D%271%20--%20");
  maker.add_with_query("sql_union_in_query", "id=1%20UNION%20SELECT%20NULL%2Cversion%28%29%20--");
  maker.add_with_header("sql_in_cookie", "Cookie", "session=1' OR '1'='1");
  maker.add_with_body("sql_in_body", R"({"name": "x'); DROP TABLE users; --"})");
}

void add_script(Maker& maker, const MalformedOrder&) {
  maker.add_with_path("script_in_path", "%3Cscript%3Ealert(1)%3C%2Fscript%3E");
  maker.add_with_query("script_in_query", "q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E");
  maker.add_with_header("script_in_header", "Referer", "javascript:alert(document.cookie)");
  maker.add_with_body("script_in_body", R"({"name": "<script>alert(1)</script>"})");
}

void add_oversize(Maker& maker, const MalformedOrder&) {
  maker.add_with_query("long_target", "q=" + std::string(long_text, 'x'));
  maker.add_with_header("long_header", "X-Long", std::string(long_text, 'x'));
  HttpRequest many = maker.get();
  for (int i = 0; i < 2000; ++i) many.headers.push_back({fmt::format("X-Many-{}", i), "x"});
  maker.add("many_headers", many);
  // Only announced: a server should say no before it is sent.
  maker.add_raw("long_body_announced", "POST " + maker.get().url.target,
                "Content-Type: application/json\r\nContent-Length: 1099511627776\r\n\r\n");
}

void add_encoding(Maker& maker, const MalformedOrder&) {
  maker.add_with_path("broken_utf8_in_path", "%C3%28%FF");
  maker.add_with_path("overlong_utf8_in_path", "%C0%AE%C0%AE%C0%AFetc%C0%AFpasswd");
  maker.add_with_path("nul_in_path", "%00.txt");
  maker.add_with_path("broken_percent_in_path", "%zz%2");
  maker.add_raw("raw_bytes_in_target", "GET /\xFF\xFE\x80", "\r\n");
  maker.add_raw("nul_in_header", "GET " + maker.get().url.target,
                std::string_view("X-Nul: a\0b\r\n\r\n", 14));
  maker.add_with_body("text_of_another_charset", std::string("{\"name\": \"\xE9\xE8\"}"),
                      "application/json; charset=utf-8");
  HttpRequest packed = maker.get();
  packed.method = "POST";
  packed.headers.push_back({"Content-Type", "application/json"});
  packed.headers.push_back({"Content-Encoding", "gzip"});
  packed.body = "this was never packed";
  maker.add("gzip_that_is_none", packed);
}

void add_json(Maker& maker, const MalformedOrder&) {
  maker.add_with_body("json_cut_off", R"({"name": "x", "list": [1, 2)");
  maker.add_with_body("json_trailing_comma", R"({"name": "x",})");
  maker.add_with_body("json_single_quotes", R"({'name': 'x'})");
  maker.add_with_body("json_twice", R"({"name": "x"}{"name": "y"})");
  maker.add_with_body("json_not_a_number", R"({"amount": NaN})");
  maker.add_with_body("json_deep", std::string(20'000, '[') + std::string(20'000, ']'));
  maker.add_with_body("json_empty", "");
  maker.add_with_body("json_that_is_xml", "<name>x</name>");
}

// Each member of the good body in turn becomes something it was not.
void add_types(Maker& maker, const MalformedOrder& order) {
  maker.add_with_body("body_is_a_list", "[]");
  maker.add_with_body("body_is_a_text", "\"x\"");
  maker.add_with_body("body_is_null", "null");
  const Result<json::value> parsed = parse_json(order.good.body);
  if (!parsed.ok() || !parsed->is_object()) return;
  std::size_t members = 0;
  for (const json::key_value_pair& member : parsed->get_object()) {
    if (++members > members_max) break;
    json::object wrong = parsed->get_object();
    const std::string name = printable(std::string(member.key()));
    wrong[member.key()] = member.value().is_string() ? json::value(-1) : json::value("text");
    maker.add_with_body("other_type_of_" + name, canonical_json(wrong));
    wrong[member.key()] = json::object{{"$ne", nullptr}};
    maker.add_with_body("object_in_" + name, canonical_json(wrong));
    wrong.erase(member.key());
    maker.add_with_body("without_" + name, canonical_json(wrong));
  }
}

void add_combinations(Maker& maker, const MalformedOrder&) {
  const std::string post = "POST " + maker.get().url.target;
  const std::string get = "GET " + maker.get().url.target;
  maker.add_raw("length_and_chunks", post,
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  maker.add_raw("two_lengths", post, "Content-Length: 2\r\nContent-Length: 7\r\n\r\n{}");
  maker.add_raw("negative_length", post, "Content-Length: -1\r\n\r\n");
  maker.add_raw("two_hosts", get, "Host: elsewhere.example\r\n\r\n");
  maker.add("no_host", get + " HTTP/1.1\r\nAccept: */*\r\n\r\n");
  maker.add_raw("unknown_coding", post, "Transfer-Encoding: squeezed\r\n\r\n");
  maker.add("unknown_version", get + " HTTP/9.9\r\nHost: x\r\n\r\n");
}

Status add_order(Maker& maker, const MalformedOrder& order) {
  maker.add("header_before_the_request",
            fmt::format("Host: {}\r\nGET / HTTP/1.1\r\n\r\n", authority(maker.get().url)));
  maker.add("answer_instead_of_a_request", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  maker.add_raw("chunk_without_its_size", "POST " + maker.get().url.target,
                "Transfer-Encoding: chunked\r\n\r\nhello\r\n0\r\n\r\n");
  for (const std::string& step : order.too_early) {
    const std::size_t blank = step.find(' ');
    HttpRequest request = maker.get();
    request.method = step.substr(0, blank);
    const std::string target = blank == std::string::npos ? "" : step.substr(blank + 1);
    const Result<Url> url = parse_url("http://" + authority(request.url) + target);
    if (!target.starts_with('/') || !url.ok() || !check_request(request).ok()) {
      return error(Code::invalid, fmt::format("{} is not a step", quote(step)),
                   "write METHOD /path, such as POST /orders/4711/ship");
    }
    request.url.target = url->target;
    maker.add("too_early_" + target, request);
  }
  return ok();
}

using Family = void (*)(Maker&, const MalformedOrder&);
constexpr std::array<std::pair<std::string_view, Family>, 7> makers{{
    {"sql_injection", add_sql_injection},
    {"script", add_script},
    {"oversize", add_oversize},
    {"encoding", add_encoding},
    {"json", add_json},
    {"types", add_types},
    {"combinations", add_combinations},
}};

}  // namespace

const std::vector<std::string>& malformed_families() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> made;
    for (const auto& [name, maker] : makers) made.emplace_back(name);
    made.emplace_back("order");
    return made;
  }();
  return names;
}

Result<std::vector<LoadForm>> malformed_requests(const MalformedOrder& order) {
  const std::vector<std::string>& known = malformed_families();
  for (const std::string& family : order.families) {
    if (std::find(known.begin(), known.end(), family) != known.end()) continue;
    return error(Code::invalid, fmt::format("{} is no family of malformed requests", quote(family)),
                 "use " + list_words(known, "or"));
  }
  const auto is_wanted = [&](std::string_view family) {
    return order.families.empty() ||
           std::find(order.families.begin(), order.families.end(), family) != order.families.end();
  };
  std::vector<LoadForm> forms;
  Maker maker(order.good, forms);
  for (const auto& [name, add] : makers) {
    maker.family = name;
    if (is_wanted(name)) add(maker, order);
  }
  maker.family = "order";
  if (is_wanted("order")) TRY_VOID(add_order(maker, order));
  if (!order.may_change) {
    std::erase_if(forms, [](const LoadForm& form) { return !form.bytes.starts_with("GET "); });
  }
  return forms;
}

}  // namespace squall::net
