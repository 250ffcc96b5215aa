// One field of a parameter table: a member of a struct, with its name, bounds, typical range and
// one sentence, and from these how it is parsed, rendered, drawn at random and described. table.h
// makes tables of them.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "core/node.h"
#include "core/text.h"
#include "param/codec.h"

namespace squall::param {

// What a page, a form or a schema says of one field. Texts only.
struct FieldInfo {
  std::string name;
  std::string type;
  std::string about;
  bool required = false;
  std::string fallback;  // rendered default; empty when required or when the default is "nothing"
  std::string bounds;    // "1 ms to 1 min", "at least 0", or empty
  std::vector<std::string> words;  // the allowed words of an enumeration
  json::object schema;
};

template <class V>
struct Limits {
  std::string_view about;  // one sentence
  bool required = false;
  std::optional<V> min = {};          // inclusive
  std::optional<V> max = {};          // inclusive
  std::optional<V> typical_low = {};  // random draws stay within the typical range
  std::optional<V> typical_high = {};
};

template <class P>
struct Field {
  FieldInfo info;
  std::function<Status(P&, const Node&)> parse;
  std::function<json::value(const P&)> render;
  // Sets a random value from 53 uniform bits in [0, 1); empty where no typical range is given.
  std::function<void(P&, double)> draw;
};

namespace detail {
template <class V>
std::string as_text(const V& value) {
  const json::value rendered = Codec<V>::render(value);
  return rendered.is_string() ? std::string(rendered.get_string()) : canonical_json(rendered);
}
template <class V>
std::string bounds_text(const Limits<V>& limits) {
  if (limits.min && limits.max) {
    return fmt::format("{} to {}", as_text(*limits.min), as_text(*limits.max));
  }
  if (limits.min) return fmt::format("at least {}", as_text(*limits.min));
  if (limits.max) return fmt::format("at most {}", as_text(*limits.max));
  return {};
}
void add_numeric_bounds(json::object& schema, std::optional<double> min, std::optional<double> max);
// The uniform point `unit` of [low, high], for the value types that have a notion of between.
Duration between(Duration low, Duration high, double unit);
Bytes between(Bytes low, Bytes high, double unit);
Share between(Share low, Share high, double unit);
Rate between(Rate low, Rate high, double unit);
std::int64_t between(std::int64_t low, std::int64_t high, double unit);
double between(double low, double high, double unit);
}  // namespace detail

template <class P, class V>
Field<P> field(std::string_view name, V P::*member, Limits<std::type_identity_t<V>> limits) {
  Field<P> made;
  made.info.name = name;
  made.info.type = Codec<V>::type;
  made.info.about = limits.about;
  made.info.required = limits.required;
  made.info.bounds = detail::bounds_text(limits);
  made.info.schema = Codec<V>::schema();
  if constexpr (std::is_arithmetic_v<V> && !std::is_same_v<V, bool>) {
    detail::add_numeric_bounds(made.info.schema, limits.min, limits.max);
  }
  if (!limits.required && !Codec<V>::render(P{}.*member).is_null()) {
    made.info.fallback = detail::as_text(P{}.*member);
  }
  made.parse = [member, limits](P& target, const Node& node) -> Status {
    V value = TRY(Codec<V>::parse(node));
    if constexpr (std::three_way_comparable<V>) {
      if ((limits.min && value < *limits.min) || (limits.max && value > *limits.max)) {
        return error(Code::invalid, fmt::format("{} is out of bounds", detail::as_text(value)),
                     fmt::format("allowed: {}", detail::bounds_text(limits)));
      }
    }
    target.*member = std::move(value);
    return ok();
  };
  made.render = [member](const P& source) { return Codec<V>::render(source.*member); };
  if constexpr (requires(V v) { detail::between(v, v, 0.5); }) {
    if (limits.typical_low && limits.typical_high) {
      made.draw = [member, limits](P& target, double unit) {
        target.*member = detail::between(*limits.typical_low, *limits.typical_high, unit);
      };
    }
  }
  return made;
}

// An enumeration, written as one of a few words.
template <class P, class E>
Field<P> choice(std::string_view name, E P::*member, std::vector<std::pair<std::string, E>> words,
                std::string_view about) {
  Field<P> made;
  made.info.name = name;
  made.info.type = "word";
  made.info.about = about;
  json::array allowed;
  for (const auto& [word, value] : words) {
    made.info.words.push_back(word);
    allowed.push_back(json::string(word));
    if (value == P{}.*member) made.info.fallback = word;
  }
  made.info.schema = {{"enum", allowed}};
  made.parse = [member, words, all = made.info.words](P& target, const Node& node) -> Status {
    for (const auto& [word, value] : words) {
      if (node.is_scalar() && node.text == word) {
        target.*member = value;
        return ok();
      }
    }
    return error(Code::invalid,
                 fmt::format("{} is not one of the words allowed here", quote(node.text)),
                 "use " + list_words(all, "or"));
  };
  made.render = [member, words](const P& source) -> json::value {
    for (const auto& [word, value] : words) {
      if (value == source.*member) return json::string(word);
    }
    return nullptr;
  };
  return made;
}

}  // namespace squall::param
