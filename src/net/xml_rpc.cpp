// The answer is read by a parser for exactly this small language: tags without attributes, texts,
// and a first line that says which XML it is. Comments, namespaces and document types are nonsense
// here.
#include "net/xml_rpc.h"

#include <charconv>

#include <fmt/core.h>

#include "core/text.h"
#include "net/http_client.h"

namespace squall::net {
namespace {

constexpr int depth_max = 16;

Error nonsense(std::string_view what) {
  return error(Code::conflict, fmt::format("this is no answer in XML-RPC: {}", what));
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '&') {
      out += "&amp;";
    } else if (letter == '<') {
      out += "&lt;";
    } else if (letter == '>') {
      out += "&gt;";
    } else {
      out += letter;
    }
  }
  return out;
}

std::string render_value(const json::value& value) {
  if (value.is_bool()) return fmt::format("<boolean>{}</boolean>", value.get_bool() ? 1 : 0);
  if (value.is_int64()) return fmt::format("<int>{}</int>", value.get_int64());
  CHECK(value.is_string(), "an argument is a text, a whole number, or yes or no");
  return fmt::format("<string>{}</string>", escaped(std::string_view(value.get_string())));
}

// The character that &name; stands for, as UTF-8.
Result<std::string> character_named(std::string_view name) {
  if (name == "amp") return "&";
  if (name == "lt") return "<";
  if (name == "gt") return ">";
  if (name == "quot") return "\"";
  if (name == "apos") return "'";
  const bool is_hexadecimal = name.starts_with("#x");
  if (!name.starts_with('#')) return nonsense("an unknown name after &");
  name.remove_prefix(is_hexadecimal ? 2 : 1);
  std::uint32_t point = 0;
  const auto [end, code] =
      std::from_chars(name.data(), name.data() + name.size(), point, is_hexadecimal ? 16 : 10);
  const bool is_surrogate = point >= 0xD800 && point < 0xE000;
  if (code != std::errc() || end != name.data() + name.size() || point == 0 || point > 0x10FFFF ||
      is_surrogate) {
    return nonsense("a character that does not exist");
  }
  std::string text;
  if (point < 0x80) return std::string(1, static_cast<char>(point));
  const int followers = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  const std::uint32_t lead = followers == 1 ? 0xC0 : followers == 2 ? 0xE0 : 0xF0;
  text += static_cast<char>(lead | point >> (6 * followers));
  for (int i = followers - 1; i >= 0; --i) {
    text += static_cast<char>(0x80 | ((point >> (6 * i)) & 0x3F));
  }
  return text;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  Result<json::value> answer() {
    skip_blanks();
    if (rest_.starts_with("<?xml")) {
      const std::size_t end = rest_.find("?>");
      if (end == std::string_view::npos) return nonsense("its first line does not end");
      rest_.remove_prefix(end + 2);
    }
    TRY_VOID(expect("methodResponse"));
    if (take("fault")) return fault();
    TRY_VOID(expect("params"));
    TRY_VOID(expect("param"));
    json::value result = TRY(value(0));
    for (const char* tag : {"/param", "/params", "/methodResponse"}) TRY_VOID(expect(tag));
    return result;
  }

 private:
  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  }

  // Whether <tag> comes next; if so it is read.
  bool take(std::string_view tag) {
    skip_blanks();
    if (rest_.size() < tag.size() + 2 || rest_[0] != '<' || rest_.substr(1, tag.size()) != tag ||
        rest_[tag.size() + 1] != '>') {
      return false;
    }
    rest_.remove_prefix(tag.size() + 2);
    return true;
  }
  Status expect(std::string_view tag) {
    if (take(tag)) return ok();
    return nonsense(fmt::format("<{}> is missing", tag));
  }

  // Up to the next tag.
  Result<std::string> text() {
    const std::string_view raw = rest_.substr(0, rest_.find('<'));
    rest_.remove_prefix(raw.size());
    std::string out;
    for (std::size_t at = 0; at < raw.size();) {
      if (raw[at] != '&') {
        out += raw[at++];
        continue;
      }
      const std::size_t end = raw.find(';', at);
      if (end == std::string_view::npos) return nonsense("a & without its ;");
      out += TRY(character_named(raw.substr(at + 1, end - at - 1)));
      at = end + 1;
    }
    return out;
  }

  Result<json::value> fault() {
    const json::value what = TRY(value(0));
    TRY_VOID(expect("/fault"));
    const json::object* members = what.if_object();
    if (members == nullptr) return nonsense("a fault without a reason");
    return error(Code::failed, printable(text_at(*members, "faultString", "a fault")));
  }

  Result<json::value> value(int depth) {
    if (depth > depth_max) return nonsense("it is nested too deep");
    skip_blanks();
    TRY_VOID(expect("value"));
    json::value result = TRY(typed(depth));
    TRY_VOID(expect("/value"));
    return result;
  }

  // What stands between <value> and </value>.
  Result<json::value> typed(int depth) {
    if (take("struct")) return members(depth);
    if (take("array")) return items(depth);
    if (take("nil/")) return json::value();
    for (const char* tag :
         {"int", "i4", "i8", "boolean", "double", "string", "base64", "dateTime.iso8601"}) {
      if (!take(tag)) continue;
      const std::string content = TRY(text());
      TRY_VOID(expect(std::string("/") + tag));
      return scalar(tag, content);
    }
    return json::value(json::string(repair_utf8(TRY(text()))));
  }

  static Result<json::value> scalar(std::string_view tag, const std::string& content) {
    const std::string_view word = trim(content);
    const char* end = word.data() + word.size();
    if (tag == "int" || tag == "i4" || tag == "i8") {
      std::int64_t number = 0;
      const auto read = std::from_chars(word.data(), end, number);
      if (read.ec != std::errc() || read.ptr != end) return nonsense("a number that is none");
      return json::value(number);
    }
    if (tag == "double") {
      double number = 0;
      const auto read = std::from_chars(word.data(), end, number);
      if (read.ec != std::errc() || read.ptr != end) return nonsense("a number that is none");
      return json::value(number);
    }
    if (tag == "boolean") {
      if (word != "0" && word != "1") return nonsense("a yes or no that is neither");
      return json::value(word == "1");
    }
    return json::value(json::string(repair_utf8(content)));
  }

  Result<json::value> members(int depth) {
    json::object object;
    while (take("member")) {
      TRY_VOID(expect("name"));
      const std::string name = repair_utf8(TRY(text()));
      TRY_VOID(expect("/name"));
      object[name] = TRY(value(depth + 1));
      TRY_VOID(expect("/member"));
    }
    TRY_VOID(expect("/struct"));
    return json::value(std::move(object));
  }

  Result<json::value> items(int depth) {
    json::array array;
    TRY_VOID(expect("data"));
    while (!take("/data")) array.push_back(TRY(value(depth + 1)));
    TRY_VOID(expect("/array"));
    return json::value(std::move(array));
  }

  std::string_view rest_;
};

}  // namespace

std::string render_xml_rpc(const XmlRpcCall& call) {
  std::string text = fmt::format("<?xml version=\"1.0\"?><methodCall><methodName>{}</methodName>",
                                 escaped(call.method));
  text += "<params>";
  for (const json::value& argument : call.arguments) {
    text += fmt::format("<param><value>{}</value></param>", render_value(argument));
  }
  return text + "</params></methodCall>";
}

Result<json::value> parse_xml_rpc(std::string_view text) {
  return Reader(text).answer();
}

Result<json::value> call_xml_rpc(const XmlRpcCall& call, sys::Patience& patience) {
  const HttpRequest request{.method = "POST",
                            .url = {.host = "localhost", .port = 80, .target = "/RPC2"},
                            .headers = {{"Content-Type", "text/xml"}},
                            .body = render_xml_rpc(call),
                            .unix_path = call.unix_path};
  const HttpResponse response = TRY(exchange(request, patience));
  const std::string peer = printable(call.unix_path);
  if (response.status == 401) {
    return error(Code::refused, fmt::format("{} wants a user and a password", peer),
                 "let the socket be guarded by its file mode alone, without a password");
  }
  if (response.status != 200 || response.body_was_cut) {
    return error(Code::conflict,
                 fmt::format("{} answered with the HTTP status {}", peer, response.status));
  }
  return parse_xml_rpc(response.body);
}

}  // namespace squall::net
