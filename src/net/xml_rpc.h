// A client of XML-RPC (xmlrpc.com/spec.md), as the process manager supervisor speaks it over a unix
// socket.
//
// Values travel as JSON. Types that no answer of a process manager holds (base64, dates) come as
// their text.
#pragma once

#include <string>
#include <string_view>

#include "core/node.h"
#include "core/result.h"
#include "sys/patience.h"

namespace squall::net {

struct XmlRpcCall {
  std::string unix_path;  // the socket of the server
  std::string method;     // "supervisor.getProcessInfo"
  json::array arguments;  // texts, whole numbers, yes or no
};

// Errors: those of exchange(); Code::refused when the server wants a password; Code::conflict for
// an answer that is none; Code::failed with the server's own words when it answers with a fault.
Result<json::value> call_xml_rpc(const XmlRpcCall& call, sys::Patience& patience);

// The document that is sent.
std::string render_xml_rpc(const XmlRpcCall& call);
// The value of an answer; a fault is Code::failed, anything that is no answer Code::conflict.
Result<json::value> parse_xml_rpc(std::string_view text);

}  // namespace squall::net
