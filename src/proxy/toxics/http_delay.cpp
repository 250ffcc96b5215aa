// http_delay: some requests reach the server later, or some answers the client. What stands behind
// such a message on its connection waits with it, for a connection keeps its order.
#include <algorithm>

#include "proxy/http/stage.h"

namespace squall::proxy {
namespace {

using param::field;

struct HttpDelay : http::Choice {
  std::int64_t delay_ms = 0;
  std::int64_t jitter_ms = 0;
};

const param::Table<HttpDelay> table = http::table_with_choice<HttpDelay>({
    field("delay", &HttpDelay::delay_ms,
          {.about = "How much later, in milliseconds.", .min = 0, .max = milliseconds_max}),
    field("jitter", &HttpDelay::jitter_ms,
          {.about = "The delay varies by up to this much both ways, in milliseconds.",
           .min = 0,
           .max = milliseconds_max}),
});

class HttpDelayStage final : public http::MessageStage {
 public:
  HttpDelayStage(const HttpDelay& attributes, const Start& start)
      : MessageStage(attributes, start), attributes_(attributes) {}

 private:
  void begin_chosen(http::Head&, std::string_view raw) override {
    const double deviation = 2 * choices().unit("", "jitter", ordinal()) - 1;
    delay(std::max(
        milliseconds(attributes_.delay_ms) + milliseconds(attributes_.jitter_ms).scaled(deviation),
        Duration{}));
    emit(raw);
  }

  HttpDelay attributes_;
};

}  // namespace

extern const Kind kind_http_delay;
const Kind kind_http_delay =
    kind_of<HttpDelay, HttpDelayStage>(table, {.name = "http_delay",
                                               .about = "Delays requests or answers.",
                                               .room = wide_room,
                                               .listen = http::listen_to_requests});

}  // namespace squall::proxy
