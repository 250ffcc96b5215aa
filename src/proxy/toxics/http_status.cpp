// http_status: some answers carry the status of a failure. The server has done its work: only the
// first line of its answer changes, headers and body stay.
#include "net/http_call.h"
#include "proxy/http/stage.h"

namespace squall::proxy {
namespace {

using param::field;

struct HttpStatus : http::Choice {
  std::int64_t status = 503;
};

const param::Table<HttpStatus> table = http::table_with_choice<HttpStatus>({
    field("status", &HttpStatus::status,
          {.about = "The status in place of the server's.", .min = 400, .max = 599}),
});

class HttpStatusStage final : public http::MessageStage {
 public:
  HttpStatusStage(const HttpStatus& attributes, const Start& start)
      : MessageStage(attributes, start), status_(static_cast<int>(attributes.status)) {}

 private:
  void begin_chosen(http::Head& head, std::string_view) override {
    head.status = status_;
    head.reason = net::reason_phrase(status_);
    emit(http::render(head));
  }

  int status_;
};

}  // namespace

extern const Kind kind_http_status;
const Kind kind_http_status =
    kind_of<HttpStatus, HttpStatusStage>(table, {.name = "http_status",
                                                 .about = "Replaces the status of answers.",
                                                 .only = Stream::downstream,
                                                 .listen = http::listen_to_requests});

}  // namespace squall::proxy
