#include "param/selector_codec.h"

#include "param/table.h"

namespace squall::param {
namespace {

const Table<Selector>& table() {
  static const Table<Selector> made{{
      field("name", &Selector::name,
            {.about = "Process name as the kernel keeps it; * and ? match."}),
      field("command_line", &Selector::command_line,
            {.about = "A text within the command line, arguments joined by one space."}),
      field("pid", &Selector::pid, {.about = "One process id.", .min = 0, .max = 4194304}),
      field("pid_file", &Selector::pid_file, {.about = "A file whose first word is the pid."}),
      field("unit", &Selector::unit, {.about = "A systemd unit: every process of its cgroup."}),
      field("cgroup", &Selector::cgroup,
            {.about = "A cgroup path below the root of any hierarchy, descendants included."}),
      field("parent", &Selector::parent,
            {.about = "Children of this pid.", .min = 0, .max = 4194304}),
      field("user", &Selector::user, {.about = "Owner of the process, name or number."}),
      field("port", &Selector::port,
            {.about = "Whoever listens on this TCP or UDP port, in any network namespace.",
             .min = 0,
             .max = 65535}),
      field("container", &Selector::container,
            {.about = "A container: its id, or at least the first 12 digits of it."}),
      field("pick", &Selector::pick,
            {.about = "How many of those found: one, all, a count (3) or a share (30 %)."}),
  }};
  return made;
}

Status check_pick(const std::string& pick) {
  if (pick == "all" || pick == "one") return ok();
  if (const Result<Share> share = parse_share(pick)) {
    if (share->fraction > 0 && share->fraction <= 1) return ok();
  }
  if (const auto count = Node{.kind = Node::Kind::scalar, .text = pick}.as_integer()) {
    if (*count > 0) return ok();
  }
  return error(Code::invalid, fmt::format("pick: {} is not understood", quote(pick)),
               "use one, all, a count such as 3, or a share such as \"30 %\"");
}

// A criterion that was written but came out empty, as from a setting that nobody filled in, must
// not be dropped in silence: what is left would mean more processes than its author did.
Status check_given(const Node& node, const Selector& selector) {
  const json::object given = table().to_json(selector);
  const json::object nothing = table().to_json(Selector{});
  for (const auto& [key, value] : given) {
    if (key == "pick" || node.find(key) == nullptr || value != nothing.at(key)) continue;
    return error(Code::invalid, fmt::format("{}: is given, but empty", std::string(key)),
                 "give it a value, or leave the criterion out");
  }
  return ok();
}

Status check_container(const std::string& id) {
  constexpr std::size_t shortest = 12;
  constexpr std::size_t longest = 64;
  const bool is_hexadecimal = id.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (id.empty() || (is_hexadecimal && id.size() >= shortest && id.size() <= longest)) return ok();
  return error(Code::invalid, fmt::format("container: {} is not the id of a container", quote(id)),
               "give 12 to 64 hexadecimal digits, as \"docker ps\" shows them");
}

}  // namespace

Result<Selector> Codec<Selector>::parse(const Node& node) {
  if (node.is_null()) return Selector{};
  Diagnostics diagnostics;
  Selector selector = table().parse(node, diagnostics);
  if (!diagnostics.empty()) {
    const Diagnostic first = diagnostics.sorted().front();
    return error(Code::invalid, first.message, first.hint);
  }
  TRY_VOID(check_given(node, selector));
  TRY_VOID(check_pick(selector.pick));
  TRY_VOID(check_container(selector.container));
  if (!selector.pid_file.empty() && !selector.pid_file.starts_with('/') &&
      !selector.pid_file.starts_with("${")) {
    return error(Code::invalid,
                 fmt::format("pid_file: {} is not a full path", quote(selector.pid_file)),
                 "begin it with /");
  }
  if (selector.empty()) {
    return error(
        Code::invalid, "the selector says nothing about which processes are meant",
        "give at least one of name, command_line, pid, pid_file, unit, cgroup, parent, user, port "
        "or container");
  }
  return selector;
}

// Only the criteria that are set: an absent one is no criterion.
json::value Codec<Selector>::render(const Selector& value) {
  if (value.empty()) return nullptr;
  const json::object whole = table().to_json(value);
  const json::object none = table().to_json(Selector{});
  json::object given;
  for (const auto& [key, member] : whole) {
    if (member != none.at(key)) given[key] = member;
  }
  return given;
}

json::object Codec<Selector>::schema() {
  return table().schema();
}

}  // namespace squall::param
