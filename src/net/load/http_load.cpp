#include "net/load/http_load.h"

#include "net/load/http_answer.h"

namespace squall::net {

HttpLoad::HttpLoad(const HttpRequest& request, std::vector<LoadForm> invalid_forms)
    : request_(render_request(request, Closing::keep_alive)),
      invalid_forms_(std::move(invalid_forms)) {
  CHECK(request.method != "HEAD", "the end of an answer to HEAD is not told by its header");
}

std::unique_ptr<LoadReader> HttpLoad::make_reader() const {
  return std::make_unique<HttpAnswerReader>();
}

}  // namespace squall::net
