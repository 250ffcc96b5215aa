// Each text is scanned once from left to right; what a reference stands for was resolved in its own
// turn and is not scanned again, so a value cannot smuggle in a reference of its own making.
#include "scenario/references.h"

#include <algorithm>
#include <cerrno>

#include <fmt/core.h>
#include <sys/stat.h>

#include "core/text.h"
#include "document/yaml.h"
#include "scenario/secrets.h"
#include "scenario/source.h"
#include "sys/file.h"
#include "sys/secret.h"

namespace squall::scenario {
namespace {

constexpr std::size_t circle_max = 16;      // references within references
constexpr std::size_t text_max = 64 << 10;  // bytes of one text after replacement
constexpr std::size_t copied_max = 20'000;  // values copied from the maps into one scenario

bool is_name(std::string_view text) {
  constexpr std::size_t longest = 200;
  return !text.empty() && text.size() <= longest &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyz"
             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
             "0123456789_.-") == std::string_view::npos;
}

// "redis.port" is the key "redis.port", or else "port" within "redis".
const Node* find_path(const Node& map, std::string_view path) {
  if (const Node* whole = map.find(path)) return whole;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos;
       dot = path.find('.', dot + 1)) {
    const Node* inner = map.find(path.substr(0, dot));
    if (inner == nullptr) continue;
    if (const Node* found = find_path(*inner, path.substr(dot + 1))) return found;
  }
  return nullptr;
}

void list_paths(const Node& map, const std::string& prefix, std::vector<std::string>& paths) {
  for (const Entry& entry : map.entries) {
    if (!is_name(prefix + entry.key)) continue;
    paths.push_back(prefix + entry.key);
    list_paths(entry.value, prefix + entry.key + ".", paths);
  }
}

// Every value below gets the place of the reference, the only one that means something to the
// reader of the scenario. Returns how many values there are.
std::size_t move_to(Node& node, Mark mark) {
  std::size_t count = 1;
  node.mark = mark;
  for (Node& item : node.items) count += move_to(item, mark);
  for (Entry& entry : node.entries) {
    entry.mark = mark;
    count += move_to(entry.value, mark);
  }
  return count;
}

}  // namespace

Result<Setting> parse_setting(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = trim(text.substr(0, equals));
  if (equals == std::string_view::npos || !is_name(name)) {
    return error(Code::invalid, fmt::format("{} is not a setting", quote(text)),
                 "write --set name=value, for example --set redis.port=7000");
  }
  const std::string_view value = text.substr(equals + 1);
  if (!is_valid_utf8(value) || value.find('\0') != std::string_view::npos) {
    return error(Code::invalid, fmt::format("the value of --set {} is no text", name));
  }
  return Setting{std::string(name), std::string(value)};
}

References::References(const Sources& sources, std::string file)
    : sources_(sources), own_(std::move(file)), in_targets_(sources.targets_file) {}

void References::resolve(Node& node) {
  resolve_below(node, own_);
}

void References::resolve_below(Node& node, Diagnostics& diagnostics) {
  for (Node& item : node.items) resolve_below(item, diagnostics);
  for (Entry& entry : node.entries) resolve_below(entry.value, diagnostics);
  if (!node.is_scalar() || node.text.find("${") == std::string::npos) return;
  // Only places in the scenario itself are worth remembering: later checks speak of no other.
  const bool is_own_place = &diagnostics == &own_ && node.mark.line > 0;
  std::optional<Node> made = replace_scalar(node, {&diagnostics, node.mark});
  if (!made) {
    ++failures_;
    if (is_own_place) failed_.push_back(node);
    return;
  }
  node = std::move(*made);
  if (is_own_place && holds_secret(json_from_node(node))) secrets_.push_back(node);
}

// One text, from left to right: plain pieces, escapes, secrets, and names to look up.
std::optional<Node> References::replace_scalar(const Node& scalar, Place place) {
  const std::string_view text = scalar.text;
  Node made = scalar;
  made.text.clear();
  std::size_t secrets = 0;
  bool all_found = true;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = std::min(text.find("${", at), text.size());
    made.text += text.substr(at, start - at);
    if (start == text.size()) break;
    at = start + 2;
    const bool is_secret = begins_secret(text.substr(start));
    if (start > 0 && text[start - 1] == '$') {  // "$${": those of secrets wait for the run
      if (!is_secret) made.text.pop_back();
      made.text += "${";
      continue;
    }
    const std::size_t close = text.find('}', at);
    if (close == std::string_view::npos) {
      place.diagnostics->add(
          place.mark, fmt::format("the reference {} is not closed", quote(text.substr(start))),
          "end it with }, or write $${ for a plain ${");
      return std::nullopt;
    }
    const std::string name(text.substr(at, close - at));
    at = close + 1;
    if (is_secret) {
      all_found = check_secret(name, place) && all_found;
      made.text += "${" + name + "}";
      ++secrets;
      continue;
    }
    std::optional<Node> value = look_up(name, place);
    if (value && start == 0 && at == text.size()) return value;
    all_found = append_value(made, name, value, place) && all_found;
    if (value) secrets += count_secrets(value->text);
  }
  if (!all_found) return std::nullopt;
  if (count_secrets(made.text) == secrets) return made;
  place.diagnostics->add(place.mark, "a reference to a secret comes about here by chance",
                         "a value that ends with \"$\" cannot stand before a \"{\" or a reference");
  return std::nullopt;
}

bool References::append_value(Node& made, const std::string& name, const std::optional<Node>& value,
                              Place place) {
  if (!value) return false;
  if (!value->is_scalar()) {
    place.diagnostics->add(
        place.mark,
        fmt::format("${{{}}} is {} and cannot stand within a text", name, kind_name(value->kind)),
        "let the reference be the whole value, or name a single value");
    return false;
  }
  if (made.text.size() + value->text.size() > text_max) {
    place.diagnostics->add(place.mark, "the text grows past 64 KiB by its references");
    return false;
  }
  made.text += value->text;
  return true;
}

bool References::check_secret(std::string_view reference, Place place) {
  if (reference.starts_with("file:") && !reference.starts_with("file:/")) {
    place.diagnostics->add(place.mark,
                           fmt::format("the path {} is not absolute", quote(reference.substr(5))),
                           "write ${file:/the/whole/path}");
    return false;
  }
  if (reference.starts_with("env:") && !is_name(reference.substr(4))) {
    place.diagnostics->add(
        place.mark, fmt::format("{} cannot be the name of a variable", quote(reference.substr(4))));
    return false;
  }
  if (!sources_.demand_secrets) return true;
  const Result<std::string> value = sys::read_secret(reference);
  if (value.ok()) return true;
  place.diagnostics->add(place.mark, value.error().render(), value.error().next);
  return false;
}

std::optional<Node> References::look_up(const std::string& name, Place place) {
  if (!is_name(name)) {
    place.diagnostics->add(place.mark, fmt::format("{} is not a name", quote(name)),
                           "write ${name}, ${name.part}, ${env:NAME} or ${file:/PATH}");
    return std::nullopt;
  }
  if (std::find(open_.begin(), open_.end(), name) != open_.end() || open_.size() >= circle_max) {
    place.diagnostics->add(place.mark, fmt::format("the references go in a circle: {} -> {}",
                                                   join(open_, " -> "), name));
    return std::nullopt;
  }
  auto known = known_.find(name);
  if (known == known_.end()) {
    bool is_in_targets = false;
    std::optional<Node> value = find_value(name, is_in_targets);
    if (!value) {
      report_unknown(name, place);
      known_[name] = std::nullopt;
      return std::nullopt;
    }
    const std::size_t failures = failures_;
    open_.push_back(name);
    resolve_below(*value, is_in_targets ? in_targets_ : own_);
    open_.pop_back();
    if (failures_ > failures) value.reset();
    known = known_.emplace(name, std::move(value)).first;
  } else if (!known->second && !find_path(sources_.own, name) &&
             !find_path(sources_.targets, name)) {
    report_unknown(name, place);  // each place with its own message
  }
  if (!known->second) return std::nullopt;
  Node copy = *known->second;
  copied_ += move_to(copy, place.mark);
  if (copied_ > copied_max) {
    place.diagnostics->add(place.mark,
                           fmt::format("the references copy more than {} values", copied_max));
    return std::nullopt;
  }
  return copy;
}

std::optional<Node> References::find_value(const std::string& name, bool& is_in_targets) {
  for (const Setting& setting : sources_.settings) {
    if (setting.name != name) continue;
    return Node{.kind = Node::Kind::scalar, .text = setting.value};
  }
  if (const Node* found = find_path(sources_.own, name)) return *found;
  if (const Node* found = find_path(sources_.targets, name)) {
    is_in_targets = true;
    return *found;
  }
  return std::nullopt;
}

void References::report_unknown(const std::string& name, Place place) {
  std::vector<std::string> names;
  for (const Setting& setting : sources_.settings) names.push_back(setting.name);
  list_paths(sources_.own, "", names);
  list_paths(sources_.targets, "", names);
  const std::string where = sources_.targets_file.empty() ? "no target map was given"
                                                          : "looked up in " + sources_.targets_file;
  const auto meant = closest(name, names);
  place.diagnostics->add(
      place.mark, fmt::format("unknown reference {}", quote(name)),
      meant ? fmt::format("did you mean \"{}\"? ({})", *meant, where)
            : fmt::format("{}; add it there, or use --set {}=VALUE",
                          sources_.targets_file.empty() ? where + ": use --targets FILE" : where,
                          name));
}

void References::check_settings() {
  for (const Setting& setting : sources_.settings) {
    const bool is_used = known_.contains(setting.name);
    if (is_used || find_path(sources_.own, setting.name) ||
        find_path(sources_.targets, setting.name)) {
      continue;
    }
    std::vector<std::string> names;
    for (const auto& [name, value] : known_) names.push_back(name);
    const auto meant = closest(setting.name, names);
    own_.add({}, fmt::format("--set {} is used nowhere", setting.name),
             meant ? fmt::format("did you mean \"{}\"?", *meant) : "leave it out");
  }
}

Diagnostics References::mistakes() const {
  Diagnostics all = own_;
  all.merge(in_targets_);
  return all;
}

void References::pass_on(const Diagnostics& found, Diagnostics& to) const {
  const auto is_about = [](const Diagnostic& item, const std::vector<Node>& scalars) {
    return std::any_of(scalars.begin(), scalars.end(), [&](const Node& scalar) {
      return item.mark == scalar.mark || item.message.find(quote(scalar.text)) != std::string::npos;
    });
  };
  for (const Diagnostic& item : found.sorted()) {
    if (is_about(item, failed_)) continue;
    to.add(item.mark, item.message,
           is_about(item, secrets_) ? "a secret is read only during the run, so it can stand only "
                                      "where a text is expected; use --set for other values"
                                    : item.hint);
  }
}

namespace {

std::vector<std::string> read_protected(const Node& node, Diagnostics& diagnostics) {
  std::vector<std::string> paths;
  if (!node.is_sequence()) {
    diagnostics.add(
        node.mark,
        fmt::format("protect: a list of paths is expected, not {}", kind_name(node.kind)),
        "write protect: [/the/whole/path]");
    return paths;
  }
  for (const Node& item : node.items) {
    if (!item.is_scalar() || !item.text.starts_with('/')) {
      diagnostics.add(item.mark, "protect: this is not a full path", "begin it with /");
    } else if (item.text.find_first_of("*?[") != std::string::npos && !sys::exists(item.text)) {
      // Read as it stands it would protect nothing, and in silence.
      diagnostics.add(item.mark, fmt::format("protect: {} is a pattern", quote(item.text)),
                      "name the files, or their folder: all that is below it is protected");
    } else {
      paths.push_back(item.text);
    }
  }
  return paths;
}

// A path that may not be looked at is not told to be missing.
std::vector<std::string> absent_of(const std::vector<std::string>& paths) {
  std::vector<std::string> absent;
  for (const std::string& path : paths) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 && errno == ENOENT) absent.push_back(path);
  }
  return absent;
}

}  // namespace

TargetMap load_target_map(const std::string& path, Diagnostics& diagnostics) {
  const Result<std::string> text = read_source(path);
  if (!text.ok()) {
    diagnostics.add({}, text.error().render(), text.error().next);
    return {};
  }
  const std::size_t before = diagnostics.size();
  const Node document = document::parse_yaml(*text, diagnostics);
  if (diagnostics.size() > before) return {};
  const Node* targets = document.find("targets");
  if (targets == nullptr || !targets->is_mapping()) {
    diagnostics.add(targets == nullptr ? document.mark : targets->mark,
                    "a target map is a mapping under the key \"targets\"",
                    "write targets: and below it, indented, the names and their values");
    return {};
  }
  TargetMap map{*targets, {}};
  for (const Entry& entry : document.entries) {
    if (entry.key == "targets") continue;
    if (entry.key == "protect") {
      map.protect = read_protected(entry.value, diagnostics);
      map.absent = absent_of(map.protect);
      continue;
    }
    diagnostics.add(entry.mark, fmt::format("unknown key {}", quote(entry.key)),
                    "a target map has the keys \"targets\" and \"protect\"");
  }
  return map;
}

}  // namespace squall::scenario
