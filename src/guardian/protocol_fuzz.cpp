// Feeds the guardian's message reader with bytes in odd pieces, and what it makes of them to the
// parameter tables of the change kinds: all that a hostile client can reach before any gate.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "change/change.h"
#include "core/diagnostics.h"
#include "guardian/gates.h"
#include "guardian/protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall;
  guardian::FrameReader reader;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::size_t piece = size == 0 ? 1 : 1 + data[0] % 7U;
  while (!rest.empty()) {
    reader.feed(rest.substr(0, piece));
    rest.remove_prefix(std::min(piece, rest.size()));
    Result<std::optional<json::object>> message = reader.next();
    if (!message.ok()) return 0;
    if (!message->has_value()) continue;
    const json::object& request = **message;
    static_cast<void>(guardian::parse_ssh_connection(text_at(request, "ssh")));
    const json::object* params = object_at(request, "params");
    const change::Kind* kind = change::find(change::catalogue(), text_at(request, "kind"));
    if (params == nullptr || kind == nullptr) continue;
    Diagnostics diagnostics;
    static_cast<void>(kind->table->canonical(node_from_json(*params), diagnostics));
    static_cast<void>(kind->describe(*params));
    const std::string frame = guardian::encode_frame(request);
    guardian::FrameReader again;
    again.feed(frame);
    CHECK(again.next().ok(), "what was encoded can be read");
  }
  return 0;
}
