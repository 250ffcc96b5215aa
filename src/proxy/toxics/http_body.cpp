// http_body: some JSON bodies carry another value, or lack a field: what a peer sends whose schema
// has drifted, or who lies.
//
// A chosen message is kept until its body is whole, changed, and sent with its new length. It
// passes as it was when its body is larger than body_max, is compressed, is no JSON or has nothing
// at the path, and when its sender waits for "100 Continue" before it sends one.
#include <algorithm>

#include "core/json_path.h"
#include "proxy/http/stage.h"

namespace squall::proxy {
namespace {

using param::choice;
using param::field;

constexpr std::size_t body_max = 1 << 20;

struct HttpBody : http::Choice {
  enum class Action { set, remove };
  std::string field;
  json::value value;
  Action action = Action::set;

  static Status check(const HttpBody& attributes) {
    TRY_VOID(JsonPath::parse(attributes.field));
    return ok();
  }
};

std::vector<param::Field<HttpBody>> own_fields() {
  return {
      field("field", &HttpBody::field,
            {.about = "The values in the body, as a JSONPath: $.items[0].price", .required = true}),
      field("value", &HttpBody::value, {.about = "Any JSON, in place of them."}),
      choice("action", &HttpBody::action,
             {{"set", HttpBody::Action::set}, {"remove", HttpBody::Action::remove}},
             "Set another value, or remove the field or element."),
  };
}

const param::Table<HttpBody> table = http::table_with_choice<HttpBody>(own_fields());

using Chosen = std::vector<const json::value*>;

bool is_among(const Chosen& chosen, const json::value& value) {
  return std::find(chosen.begin(), chosen.end(), &value) != chosen.end();
}

json::value without(const Chosen& chosen, const json::value& value) {
  if (const json::object* object = value.if_object()) {
    json::object kept;
    for (const auto& [key, member] : *object) {
      if (!is_among(chosen, member)) kept[key] = without(chosen, member);
    }
    return kept;
  }
  if (const json::array* array = value.if_array()) {
    json::array kept;
    for (const json::value& element : *array) {
      if (!is_among(chosen, element)) kept.push_back(without(chosen, element));
    }
    return kept;
  }
  return value;
}

json::value with(const Chosen& chosen, const json::value& value, const json::value& other) {
  if (is_among(chosen, value)) return other;
  json::value made = value;
  if (json::object* object = made.if_object()) {
    for (auto& [key, member] : *object) member = with(chosen, value.as_object().at(key), other);
  } else if (json::array* array = made.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      (*array)[i] = with(chosen, value.as_array()[i], other);
    }
  }
  return made;
}

class HttpBodyStage final : public http::MessageStage {
 public:
  HttpBodyStage(const HttpBody& attributes, const Start& start)
      : MessageStage(attributes, start),
        attributes_(attributes),
        path_(JsonPath::parse(attributes.field).value()) {}

 private:
  void begin_chosen(http::Head& head, std::string_view raw) override {
    is_kept_ =
        has_body() && head.find("Content-Encoding") == nullptr && head.find("Expect") == nullptr;
    if (!is_kept_) return emit(raw);
    head_ = std::move(head);
    raw_ = raw;
    content_.clear();
  }

  void take_chosen(std::string_view raw, std::string_view content) override {
    if (!is_kept_) return emit(raw);
    raw_ += raw;
    content_ += content;
    if (content_.size() > body_max || raw_.size() > 2 * body_max) give_up();
  }

  void end_chosen() override {
    if (!is_kept_) return;
    const std::optional<std::string> patched = patch();
    if (!patched) return give_up();
    is_kept_ = false;
    head_.remove("Transfer-Encoding");
    head_.remove("Content-Length");
    head_.remove("Trailer");
    head_.headers.push_back({"Content-Length", std::to_string(patched->size())});
    emit(http::render(head_));
    emit(*patched);
    raw_.clear();
  }

  void give_up() override {
    if (std::exchange(is_kept_, false)) emit(std::exchange(raw_, {}));
  }
  std::size_t kept() const override { return raw_.size(); }

  // Nothing when there is nothing to change.
  std::optional<std::string> patch() const {
    const Result<json::value> document = parse_json(content_);
    if (!document.ok()) return std::nullopt;
    const Result<Chosen> chosen = path_.select(*document);
    if (!chosen.ok() || chosen->empty()) return std::nullopt;
    return compact_json(attributes_.action == HttpBody::Action::remove
                            ? without(*chosen, *document)
                            : with(*chosen, *document, attributes_.value));
  }

  HttpBody attributes_;
  JsonPath path_;
  http::Head head_;
  std::string raw_;
  std::string content_;
  bool is_kept_ = false;
};

}  // namespace

extern const Kind kind_http_body;
const Kind kind_http_body =
    kind_of<HttpBody, HttpBodyStage>(table, {.name = "http_body",
                                             .about = "Changes or removes fields of JSON bodies.",
                                             .room = wide_room,
                                             .listen = http::listen_to_requests});

}  // namespace squall::proxy
