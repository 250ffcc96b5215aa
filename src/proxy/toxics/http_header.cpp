// http_header: some requests or answers have a header more, less, or another one. Headers that say
// how long a message is are left alone: without them nobody would find the next one.
#include <array>

#include <strings.h>

#include "proxy/http/stage.h"

namespace squall::proxy {
namespace {

using param::choice;
using param::field;

struct HttpHeader : http::Choice {
  enum class Action { set, add, remove };
  std::string name;
  std::string value;
  Action action = Action::set;

  static Status check(const HttpHeader& attributes) {
    http::Head head;
    const std::string line = attributes.name + ": " + attributes.value + "\r\n\r\n";
    if (!http::read_head("GET / HTTP/1.1\r\n" + line, true, head) || head.headers.size() != 1) {
      return error(Code::invalid, "name and value make no header");
    }
    for (const char* framing : {"Content-Length", "Transfer-Encoding"}) {
      if (::strcasecmp(framing, attributes.name.c_str()) != 0) continue;
      return error(Code::invalid, "headers that say how long a message is are left alone");
    }
    return ok();
  }
};

std::vector<param::Field<HttpHeader>> own_fields() {
  return {
      field("name", &HttpHeader::name, {.about = "The header.", .required = true}),
      field("value", &HttpHeader::value, {.about = "Its value."}),
      choice("action", &HttpHeader::action,
             {{"set", HttpHeader::Action::set},
              {"add", HttpHeader::Action::add},
              {"remove", HttpHeader::Action::remove}},
             "Set it in place of all of its name, add one, or remove them."),
  };
}

const param::Table<HttpHeader> table = http::table_with_choice<HttpHeader>(own_fields());

class HttpHeaderStage final : public http::MessageStage {
 public:
  HttpHeaderStage(const HttpHeader& attributes, const Start& start)
      : MessageStage(attributes, start), attributes_(attributes) {}

 private:
  void begin_chosen(http::Head& head, std::string_view) override {
    if (attributes_.action != HttpHeader::Action::add) head.remove(attributes_.name);
    if (attributes_.action != HttpHeader::Action::remove) {
      head.headers.push_back({attributes_.name, attributes_.value});
    }
    emit(http::render(head));
  }

  HttpHeader attributes_;
};

}  // namespace

extern const Kind kind_http_header;
const Kind kind_http_header = kind_of<HttpHeader, HttpHeaderStage>(
    table, {.name = "http_header",
            .about = "Sets, adds or removes a header of requests or answers.",
            .listen = http::listen_to_requests});

}  // namespace squall::proxy
