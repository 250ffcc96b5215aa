// The routes of toxics.
#include <fmt/core.h>

#include "proxy/answers.h"
#include "proxy/api.h"

namespace squall::proxy {
namespace {

using Names = std::vector<std::string>;

constexpr std::size_t toxics_max = 256;  // of one proxy

}  // namespace

net::HttpAnswer Api::list_toxics(const Names& names, std::string_view) {
  const Proxy* proxy = find_proxy(names[0]);
  return proxy == nullptr ? no_proxy() : json_answer(200, show_toxics(*proxy));
}

net::HttpAnswer Api::add_toxic(const Names& names, std::string_view body) {
  Proxy* proxy = find_proxy(names[0]);
  if (proxy == nullptr) return no_proxy();
  const Result<json::value> value = read_body(body);
  if (!value.ok()) return bad_body(value.error());
  const Result<ToxicWords> words = read_toxic(*value);
  if (!words.ok()) return bad_body(words.error());
  Toxic toxic{.stream_name = words->stream.value_or("downstream"),
              .toxicity = words->toxicity.value_or(1),
              .first = words->first.value_or(0),
              .every = words->every.value_or(0),
              .after = words->after.value_or(""),
              .ttl_ms = words->ttl_ms.value_or(0)};
  const std::optional<Stream> stream = read_stream(toxic.stream_name);
  if (!stream) {
    return problem(400, "stream was invalid, can be either upstream or downstream");
  }
  toxic.stream = *stream;
  const std::string type = words->type.value_or("");
  toxic.name = words->name.value_or("");
  if (toxic.name.empty()) toxic.name = fmt::format("{}_{}", type, toxic.stream_name);
  toxic.kind = find(catalogue(), type);
  if (toxic.kind == nullptr) return problem(400, "invalid toxic type");
  if (toxic.kind->only.value_or(toxic.stream) != toxic.stream) {
    return problem(400, fmt::format("{} acts on the {} only", type, name_of(*toxic.kind->only)));
  }
  if (toxic.kind->door != nullptr && !toxic.after.empty()) {
    return problem(400, fmt::format("{} acts before any data: it takes no after", type));
  }
  if (proxy->find_toxic(toxic.name)) return problem(409, "toxic already exists");
  if (proxy->toxics().size() >= toxics_max) {
    return problem(400, fmt::format("a proxy has at most {} toxics", toxics_max));
  }
  Result<Attributes> attributes = toxic.kind->parse(*toxic.kind, nullptr, words->attributes);
  if (!attributes.ok()) return bad_body(attributes.error());
  toxic.attributes = *std::move(attributes);
  return json_answer(200, show(*proxy->add_toxic(std::move(toxic))));
}

net::HttpAnswer Api::get_toxic(const Names& names, std::string_view) {
  const Proxy* proxy = find_proxy(names[0]);
  if (proxy == nullptr) return no_proxy();
  const std::shared_ptr<const Toxic> toxic = proxy->find_toxic(names[1]);
  return toxic ? json_answer(200, show(*toxic)) : no_toxic();
}

net::HttpAnswer Api::update_toxic(const Names& names, std::string_view body) {
  Proxy* proxy = find_proxy(names[0]);
  if (proxy == nullptr) return no_proxy();
  const std::shared_ptr<const Toxic> present = proxy->find_toxic(names[1]);
  if (!present) return no_toxic();
  const Result<json::value> value = read_body(body);
  if (!value.ok()) return bad_body(value.error());
  const Result<ToxicWords> words = read_toxic(*value);
  if (!words.ok()) return bad_body(words.error());
  Toxic toxic = *present;
  toxic.toxicity = words->toxicity.value_or(toxic.toxicity);
  toxic.first = words->first.value_or(toxic.first);
  toxic.every = words->every.value_or(toxic.every);
  toxic.after = words->after.value_or(toxic.after);
  toxic.ttl_ms = words->ttl_ms.value_or(toxic.ttl_ms);
  Result<Attributes> attributes =
      toxic.kind->parse(*toxic.kind, &present->attributes, words->attributes);
  if (!attributes.ok()) return bad_body(attributes.error());
  toxic.attributes = *std::move(attributes);
  return json_answer(200, show(*proxy->update_toxic(std::move(toxic))));
}

net::HttpAnswer Api::remove_toxic(const Names& names, std::string_view) {
  Proxy* proxy = find_proxy(names[0]);
  if (proxy == nullptr) return no_proxy();
  const std::shared_ptr<const Toxic> toxic = proxy->find_toxic(names[1]);
  if (!toxic) return no_toxic();
  proxy->remove_toxic(toxic->id);
  return {204, {}, ""};
}

}  // namespace squall::proxy
