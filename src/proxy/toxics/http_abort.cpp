// http_abort: the connection breaks at some requests before they reach the server, or at some
// answers: in place of them, or in the middle of their body.
#include "proxy/http/stage.h"

namespace squall::proxy {
namespace {

using param::choice;
using param::field;

struct HttpAbort : http::Choice {
  enum class Mode { reset, close };
  Mode mode = Mode::reset;
  std::int64_t bytes = 0;
};

std::vector<param::Field<HttpAbort>> own_fields() {
  return {
      choice("mode", &HttpAbort::mode,
             {{"reset", HttpAbort::Mode::reset}, {"close", HttpAbort::Mode::close}},
             "How the connection ends: with a RST, or closed."),
      field("bytes", &HttpAbort::bytes,
            {.about = "How many bytes of the body get through; 0: not even the head.",
             .min = 0,
             .max = size_max}),
  };
}

const param::Table<HttpAbort> table = http::table_with_choice<HttpAbort>(own_fields());

class HttpAbortStage final : public http::MessageStage {
 public:
  HttpAbortStage(const HttpAbort& attributes, const Start& start)
      : MessageStage(attributes, start), attributes_(attributes) {}

 private:
  void begin_chosen(http::Head&, std::string_view raw) override {
    left_ = static_cast<std::size_t>(attributes_.bytes);
    if (left_ == 0) return end_connection(attributes_.mode == HttpAbort::Mode::reset);
    emit(raw);
  }
  // A message whose body is shorter passes whole.
  void take_chosen(std::string_view raw, std::string_view content) override {
    if (content.size() < left_ || content.empty()) {
      left_ -= content.size();
      return emit(raw);
    }
    emit(content.substr(0, left_));
    end_connection(attributes_.mode == HttpAbort::Mode::reset);
  }

  HttpAbort attributes_;
  std::size_t left_ = 0;
};

}  // namespace

extern const Kind kind_http_abort;
const Kind kind_http_abort = kind_of<HttpAbort, HttpAbortStage>(
    table, {.name = "http_abort",
            .about = "Breaks the connection at requests or answers.",
            .listen = http::listen_to_requests});

}  // namespace squall::proxy
