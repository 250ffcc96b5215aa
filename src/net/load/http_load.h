// HTTP/1.1 requests as a load, on connections that are kept.
#pragma once

#include "net/http_client.h"
#include "net/load/protocol.h"

namespace squall::net {

class HttpLoad final : public LoadProtocol {
 public:
  // `request` passed check_request and is no HEAD, which would leave answers without their ends.
  explicit HttpLoad(const HttpRequest& request, std::vector<LoadForm> invalid_forms = {});
  std::string_view request() const override { return request_; }
  const std::vector<LoadForm>& invalid_forms() const override { return invalid_forms_; }
  std::unique_ptr<LoadReader> make_reader() const override;

 private:
  std::string request_;
  std::vector<LoadForm> invalid_forms_;
};

}  // namespace squall::net
