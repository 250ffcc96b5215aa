// What the parts of a document have in common: lists of mappings whose keys are partly fixed words
// and partly the name of a kind.
#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "scenario/parts.h"

namespace squall::scenario {
namespace {

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::vector<std::string> names_of(const param::AnyTable& words) {
  std::vector<std::string> names;
  for (const param::FieldName& one : words.names()) names.emplace_back(one.name);
  return names;
}

void report_unknown_key(const Entry& entry, const std::vector<std::string>& known,
                        std::string_view what, Diagnostics& diagnostics) {
  const auto meant = closest(entry.key, known);
  diagnostics.add(
      entry.mark, fmt::format("unknown key {} in {}", quote(entry.key), what),
      meant ? fmt::format("did you mean \"{}\"?", *meant) : "known: " + list_words(known, "and"));
}

}  // namespace

Node only_words(const Node& mapping, const param::AnyTable& words) {
  Node taken{.kind = Node::Kind::mapping, .mark = mapping.mark};
  const std::vector<std::string> names = names_of(words);
  for (const Entry& entry : mapping.entries) {
    if (contains(names, entry.key)) taken.entries.push_back(entry);
  }
  return taken;
}

Node take_words(const Node& mapping, const param::AnyTable& words,
                const std::vector<std::string>& other_keys, std::string_view what,
                Diagnostics& diagnostics) {
  std::vector<std::string> known = names_of(words);
  if (!mapping.is_mapping() && !mapping.is_null()) {
    diagnostics.add(mapping.mark,
                    fmt::format("{} is expected here, not {}", what, kind_name(mapping.kind)),
                    "write a mapping with " + list_words(known, "and"));
  }
  known.insert(known.end(), other_keys.begin(), other_keys.end());
  for (const Entry& entry : mapping.entries) {
    if (!contains(known, entry.key)) report_unknown_key(entry, known, what, diagnostics);
  }
  return only_words(mapping, words);
}

std::vector<const Node*> items_of(const Node& document, std::string_view key, std::size_t max,
                                  Diagnostics& diagnostics) {
  std::vector<const Node*> items;
  const Node* list = document.find(key);
  if (list == nullptr || list->is_null()) return items;
  if (!list->is_sequence()) {
    diagnostics.add(list->mark,
                    fmt::format("{}: a list is expected here, not {}", key, kind_name(list->kind)),
                    "begin each item with \"- \"");
    return items;
  }
  if (list->items.size() > max) {
    diagnostics.add(list->mark, fmt::format("{}: {} items are more than the {} allowed", key,
                                            list->items.size(), max));
    return items;
  }
  for (const Node& item : list->items) {
    if (item.is_mapping()) {
      items.push_back(&item);
      continue;
    }
    diagnostics.add(item.mark,
                    fmt::format("{}: an item is a mapping, not {}", key, kind_name(item.kind)),
                    item.is_scalar() ? "is there a colon missing?" : "");
  }
  return items;
}

const Entry* find_kind(const Node& item, const KindSearch& search, Diagnostics& diagnostics) {
  std::vector<const Entry*> known;
  std::vector<const Entry*> unknown;
  for (const Entry& entry : item.entries) {
    if (contains(search.kinds, entry.key)) {
      known.push_back(&entry);
    } else if (!contains(search.other_keys, entry.key)) {
      unknown.push_back(&entry);
    }
  }
  // Without a known kind, the unknown key that looks most like one is taken for a misspelt kind.
  const auto looks_like_kind = [&](const Entry* entry) {
    return entry->value.is_mapping() || closest(entry->key, search.kinds).has_value();
  };
  auto misspelt =
      known.empty() ? std::find_if(unknown.begin(), unknown.end(), looks_like_kind) : unknown.end();
  if (misspelt != unknown.end()) {
    const Entry& entry = **misspelt;
    const auto meant = closest(entry.key, search.kinds);
    diagnostics.add(entry.mark, fmt::format("unknown {} {}", search.what, quote(entry.key)),
                    meant ? fmt::format("did you mean \"{}\"?", *meant)
                          : "known: " + list_words(search.kinds, "and"));
    unknown.erase(misspelt);
  } else if (known.empty()) {
    diagnostics.add(item.mark, fmt::format("no {} is named here", search.what),
                    fmt::format("write for example {}", search.example));
  }
  std::vector<std::string> expected = search.other_keys;
  if (known.empty()) expected.insert(expected.end(), search.kinds.begin(), search.kinds.end());
  for (const Entry* entry : unknown) {
    report_unknown_key(*entry, expected, fmt::format("an item with a {}", search.what),
                       diagnostics);
  }
  if (known.size() > 1) {
    diagnostics.add(known[1]->mark,
                    fmt::format("a second {} in one item: {} after {}", search.what,
                                quote(known[1]->key), quote(known[0]->key)),
                    "begin an item of its own for it, with \"- \"");
  }
  return known.size() == 1 ? known[0] : nullptr;
}

bool is_plain_name(std::string_view text) {
  constexpr std::size_t longest = 64;
  const auto is_alphanumeric = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9');
  };
  return !text.empty() && text.size() <= longest && is_alphanumeric(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char letter) {
           return is_alphanumeric(letter) || letter == '_' || letter == '-' || letter == '.' ||
                  letter == '#';
         });
}

}  // namespace squall::scenario
