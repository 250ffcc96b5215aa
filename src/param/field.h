// One field of a parameter table: a member of a struct, with its name, bounds, typical range and
// one sentence, and from these how it is parsed, rendered, drawn at random and described. table.h
// makes tables of them.
#pragma once

#include <compare>
#include <memory>
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

// What reading a mapping needs to know of a field.
struct FieldName {
  std::string_view name;   // of a literal, like `about`
  std::string_view about;  // one sentence
  bool required = false;
};

// A field of the parameter type P, whatever the type of its member is. All tables are made whenever
// the program starts, so what only a page or a schema says is worked out when it is asked for.
template <class P>
class FieldWork {
 public:
  virtual ~FieldWork() = default;
  virtual void describe(FieldInfo& info) const = 0;  // all but what is in its FieldName
  virtual Status parse(P& target, const Node& node) const = 0;
  virtual json::value render(const P& source) const = 0;
  // Sets a random value from 53 uniform bits in [0, 1); nothing where no typical range is given.
  virtual void draw(P& target, double unit) const = 0;
};

template <class P>
struct Field : FieldName {
  std::shared_ptr<const FieldWork<P>> work;
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
class MemberField final : public FieldWork<P> {
 public:
  MemberField(V P::*member, const Limits<V>& limits) : member_(member), limits_(limits) {}

  void describe(FieldInfo& info) const override {
    info.type = Codec<V>::type;
    info.bounds = detail::bounds_text(limits_);
    info.schema = Codec<V>::schema();
    if constexpr (std::is_arithmetic_v<V> && !std::is_same_v<V, bool>) {
      detail::add_numeric_bounds(info.schema, limits_.min, limits_.max);
    }
    if (!limits_.required && !Codec<V>::render(P{}.*member_).is_null()) {
      info.fallback = detail::as_text(P{}.*member_);
    }
  }

  Status parse(P& target, const Node& node) const override {
    V value = TRY(Codec<V>::parse(node));
    if constexpr (std::three_way_comparable<V>) {
      if ((limits_.min && value < *limits_.min) || (limits_.max && value > *limits_.max)) {
        return error(Code::invalid, fmt::format("{} is out of bounds", detail::as_text(value)),
                     fmt::format("allowed: {}", detail::bounds_text(limits_)));
      }
    }
    target.*member_ = std::move(value);
    return ok();
  }

  json::value render(const P& source) const override { return Codec<V>::render(source.*member_); }

  void draw(P& target, double unit) const override {
    if constexpr (requires(V v) { detail::between(v, v, 0.5); }) {
      if (!limits_.typical_low || !limits_.typical_high) return;
      target.*member_ = detail::between(*limits_.typical_low, *limits_.typical_high, unit);
    }
  }

 private:
  V P::*member_;
  Limits<V> limits_;
};

template <class P, class V>
Field<P> field(std::string_view name, V P::*member, Limits<std::type_identity_t<V>> limits) {
  return {{name, limits.about, limits.required},
          std::make_shared<MemberField<P, V>>(member, limits)};
}

template <class P, class E>
class WordField final : public FieldWork<P> {
 public:
  using Words = std::vector<std::pair<std::string, E>>;
  WordField(E P::*member, Words words) : member_(member), words_(std::move(words)) {}

  void describe(FieldInfo& info) const override {
    info.type = "word";
    json::array allowed;
    for (const auto& [word, value] : words_) {
      info.words.push_back(word);
      allowed.push_back(json::string(word));
      if (value == P{}.*member_) info.fallback = word;
    }
    info.schema = {{"enum", allowed}};
  }

  Status parse(P& target, const Node& node) const override {
    std::vector<std::string> all;
    for (const auto& [word, value] : words_) {
      if (node.is_scalar() && node.text == word) {
        target.*member_ = value;
        return ok();
      }
      all.push_back(word);
    }
    return error(Code::invalid,
                 fmt::format("{} is not one of the words allowed here", quote(node.text)),
                 "use " + list_words(all, "or"));
  }

  json::value render(const P& source) const override {
    for (const auto& [word, value] : words_) {
      if (value == source.*member_) return json::string(word);
    }
    return nullptr;
  }

  void draw(P&, double) const override {}

 private:
  E P::*member_;
  Words words_;
};

// An enumeration, written as one of a few words.
template <class P, class E>
Field<P> choice(std::string_view name, E P::*member, std::vector<std::pair<std::string, E>> words,
                std::string_view about) {
  return {{name, about, false}, std::make_shared<WordField<P, E>>(member, std::move(words))};
}

}  // namespace squall::param
