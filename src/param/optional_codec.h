// How a parameter that may be absent is written: as its value, or as nothing. For parameters of
// which a kind takes one or another, and for which no value could stand for "not given".
//
// Bounds of such a field are checked by the kind itself: for the table "nothing" would be below
// every lower one.
#pragma once

#include <optional>

#include "param/codec.h"

namespace squall::param {

template <class V>
struct Codec<std::optional<V>> {
  static constexpr std::string_view type = Codec<V>::type;
  static Result<std::optional<V>> parse(const Node& node) {
    if (node.is_null()) return std::optional<V>();
    return std::optional<V>(TRY(Codec<V>::parse(node)));
  }
  static json::value render(const std::optional<V>& value) {
    return value ? Codec<V>::render(*value) : json::value(nullptr);
  }
  static json::object schema() { return Codec<V>::schema(); }
};

}  // namespace squall::param
