// How a Selector is written in a document: {name: redis-server, pick: one}.
#pragma once

#include "core/selector.h"
#include "param/codec.h"

namespace squall::param {

template <>
struct Codec<Selector> {
  static constexpr std::string_view type = "process selector";
  // Errors name the offending key; at least one criterion is demanded. A parameter that may be left
  // out altogether is rendered as null when it is, and null reads as that again.
  static Result<Selector> parse(const Node& node);
  static json::value render(const Selector& value);
  static json::object schema();
};

}  // namespace squall::param
