// A password or token, which no document, plan or journal may hold: only where it is to be found.
// It is written `${env:NAME}` or `${file:/PATH}`; whoever needs the value reads it at the last
// moment (sys/secret.h).
#pragma once

#include <string>

#include "param/codec.h"

namespace squall::param {

struct Secret {
  std::string reference;  // as it is written; empty = none
  friend bool operator==(const Secret&, const Secret&) = default;
};

template <>
struct Codec<Secret> {
  // By this name those who resolve references know which to leave alone.
  static constexpr std::string_view type = "secret";
  // A null node or an empty text is none. Code::invalid for a value that is no reference; the
  // message does not repeat it.
  static Result<Secret> parse(const Node& node);
  static json::value render(const Secret& value);
  static json::object schema();
};

}  // namespace squall::param
