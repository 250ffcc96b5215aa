// The envelopes of Toxiproxy's answers, as its clients know them.
#pragma once

#include <string>

#include "core/node.h"
#include "core/result.h"
#include "net/http_server.h"

namespace squall::proxy {

net::HttpAnswer json_answer(int status, const json::value& value);
net::HttpAnswer text_answer(int status, std::string text);
// {"error":"proxy not found","status":404}
net::HttpAnswer problem(int status, const std::string& message);
net::HttpAnswer bad_body(const Error& detail);
net::HttpAnswer no_proxy();
net::HttpAnswer no_toxic();

}  // namespace squall::proxy
