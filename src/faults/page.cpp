#include "faults/page.h"

#include <cctype>
#include <set>

#include <fmt/core.h>

#include "core/text.h"

namespace squall::fault {
namespace {

// In a table cell a bar ends the cell.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '|') escaped += '\\';
    escaped += letter;
  }
  return escaped;
}

std::string code_or_nothing(const std::string& text) {
  return text.empty() ? "" : fmt::format("`{}`", cell(text));
}

std::string allowed(const param::FieldInfo& field) {
  if (field.words.empty()) return cell(field.bounds);
  std::vector<std::string> words;
  for (const std::string& word : field.words) words.push_back(fmt::format("`{}`", word));
  return list_words(words, "or");
}

// A fallback that says "nothing": an empty text, list or mapping.
bool says_nothing(const std::string& fallback) {
  return fallback.empty() || fallback == "{}" || fallback == "[]";
}

std::string parameter_rows(const Kind& kind) {
  std::string rows = "| name | type | default | allowed | meaning |\n|---|---|---|---|---|\n";
  for (const param::FieldInfo& field : kind.table->fields()) {
    const std::string fallback = field.required                 ? "required"
                                 : says_nothing(field.fallback) ? ""
                                                                : code_or_nothing(field.fallback);
    rows += fmt::format("| `{}` | {} | {} | {} | {} |\n", field.name, field.type, fallback,
                        allowed(field), cell(field.about));
  }
  return rows;
}

// The members of fields that are mappings themselves, such as process selectors.
std::string nested_rows(const Kind& kind) {
  std::string text;
  for (const param::FieldInfo& field : kind.table->fields()) {
    const json::object* members = object_at(field.schema, "properties");
    if (members == nullptr) continue;
    text += fmt::format("\nA {} (`{}`) takes one or more of these; all given must match:\n\n",
                        field.type, field.name);
    text += "| name | meaning |\n|---|---|\n";
    for (const auto& [name, schema] : *members) {
      text += fmt::format("| `{}` | {} |\n", std::string(name),
                          cell(text_at(schema.as_object(), "description")));
    }
  }
  return text;
}

bool is_safe_plain(const std::string& text) {
  if (text.empty() || text.find(": ") != std::string::npos || text.ends_with(':')) return false;
  const auto is_first = [](unsigned char letter) {
    return std::isalnum(letter) != 0 || letter == '/' || letter == '_';
  };
  if (!is_first(static_cast<unsigned char>(text.front()))) return false;
  for (const char letter : text) {
    if (!is_first(static_cast<unsigned char>(letter)) &&
        std::string_view(" %.:-+").find(letter) == std::string_view::npos) {
      return false;
    }
  }
  const Node node{.kind = Node::Kind::scalar, .text = text};
  return !node.as_bool() && !node.as_number() && text != "null" && !text.ends_with(' ');
}

std::string yaml(const json::object& object, int indent) {
  std::string lines;
  for (const auto& [key, value] : object) {
    lines += fmt::format("{:{}}{}:", "", indent, std::string(key));
    if (value.is_object()) {
      lines += "\n" + yaml(value.get_object(), indent + 2);
    } else if (value.is_string() && is_safe_plain(std::string(value.get_string()))) {
      lines += fmt::format(" {}\n", std::string(value.get_string()));
    } else {
      lines += fmt::format(" {}\n", json::serialize(value));
    }
  }
  return lines;
}

json::object example_as_written(const Kind& kind) {
  const Result<json::value> example = parse_json(kind.example);
  CHECK(example.ok() && example->is_object(), "the example of a kind is a JSON object");
  return example->get_object();
}

// What the example asks of the host and what must be seen, on either kind of host.
struct Parts {
  std::set<std::string> changes;
  std::set<std::string> witnesses;
};

Parts parts_of(const Kind& kind) {
  Parts parts;
  for (const int version : {1, 2}) {
    const Result<Strike> strike =
        kind.plan(example_params(kind), example_facts(kind, version), Choices(1, "example"), 0);
    CHECK(strike.ok(), "the example of a kind can be planned");
    for (const change::Request& request : strike->changes) parts.changes.insert(request.kind);
    for (const Watch& watch : strike->watches) parts.witnesses.insert(watch.witness);
  }
  return parts;
}

std::string quoted_list(const std::set<std::string>& names) {
  std::vector<std::string> quoted;
  quoted.reserve(names.size());
  for (const std::string& name : names) quoted.push_back(fmt::format("`{}`", name));
  return list_words(quoted, "or");
}

std::string heading(const Kind& kind) {
  std::string path(kind.name);
  path.replace(path.find('.'), 1, "/");
  std::string text =
      fmt::format("<!-- Generated from src/faults/{}.cpp; change it there. -->\n# {}\n\n{}\n\n",
                  path, kind.name, kind.summary);
  text += kind.lasting == Lasting::spell
              ? "It lasts: from its start until the end of the time given by `for`.\n"
              : "It strikes at once; there is no end to wait for.\n";
  if (!kind.irreversible.empty()) {
    text += fmt::format(
        "\n**It cannot be undone**: {}. A scenario must accept that in writing "
        "(`accept_irreversible`).\n",
        kind.irreversible);
  }
  return text;
}

}  // namespace

json::object example_params(const Kind& kind) {
  Diagnostics diagnostics;
  json::object params =
      kind.table->canonical(node_from_json(example_as_written(kind)), diagnostics);
  CHECK(diagnostics.empty(), "the table takes the example");
  return params;
}

Facts example_facts(const Kind& kind, int cgroup_version) {
  Facts facts;
  facts.host = {.cores = 4,
                .is_root = true,
                .may_administer_network = true,
                .may_signal_others = true,
                .may_raise_limits = true,
                .may_schedule = true,
                .has_nf_tables = true,
                .may_watch_files = true,
                .kernel = "6.18.0"};
  const bool is_v2 = cgroup_version == 2;
  const std::string_view disk = is_v2 ? "io" : "blkio";
  for (const std::string_view name : {std::string_view("cpu"), std::string_view("cpuset"),
                                      std::string_view("memory"), std::string_view("pids"), disk}) {
    const std::string root = is_v2 ? "/sys/fs/cgroup" : fmt::format("/sys/fs/cgroup/{}", name);
    facts.host.controllers[std::string(name)] = {root, is_v2};
  }
  const Result<Wants> wants = kind.wants(example_params(kind));
  CHECK(wants.ok(), "the example of a kind passes its own check");
  if (wants->victims) {
    const std::string& line = wants->victims->command_line;
    facts.victims.push_back({.id = {4711, 123456},
                             .parent = 1,
                             .state = 'S',
                             .name = "example",
                             .command_line = line.empty() ? "/usr/bin/example --serve" : line,
                             .uid = 1000});
    for (const auto& [name, controller] : facts.host.controllers) {
      facts.cgroups[name][4711] = controller.mount + "/system.slice/example.service";
    }
  }
  for (const std::string& path : wants->files) {
    facts.files[path] = {.exists = true, .size = 4096, .sha256 = std::string(64, '0')};
  }
  for (const std::string& path : wants->contents) {
    const std::string text = "listen = 80\n";
    facts.files[path] = {
        .exists = true, .size = text.size(), .sha256 = std::string(64, '0'), .content = text};
  }
  for (const std::string& name : wants->programs) {
    facts.programs[name] = {"/opt/example/bin/" + name};
  }
  for (const std::string& user : wants->users) facts.users[user] = 1000;
  for (const std::string& group : wants->groups) facts.groups[group] = 1000;
  for (const std::string& path : wants->filesystems) {
    facts.filesystems[path] = {.type = "ext4",
                               .mount_point = "/srv",
                               .device = {8, 17},
                               .disk = {8, 16},
                               .block = Bytes{4096},
                               .total = Bytes{64ULL << 30},
                               .free = Bytes{40ULL << 30},
                               .available = Bytes{36ULL << 30},
                               .inodes = 4'000'000,
                               .free_inodes = 3'900'000};
  }
  return facts;
}

std::string page(const Kind& kind) {
  std::string text = heading(kind);
  text += "\n## Parameters\n\n" + parameter_rows(kind) + nested_rows(kind);
  text += fmt::format("\n## How it is done\n\n{}\n", kind.mechanism);
  if (!kind.accuracy.empty()) text += fmt::format("\n## Accuracy\n\n{}\n", kind.accuracy);
  text += fmt::format("\n## How it is undone\n\n{}\n", kind.undo);
  text += fmt::format("\n## What it cannot do\n\n{}\n", kind.limits);
  text += "\n## What it needs\n\n";
  for (const sys::Need& need : kind.needs(example_facts(kind, 1).host)) {
    text += fmt::format("- {}\n", need.what);
  }
  const Parts parts = parts_of(kind);
  text += fmt::format(
      "\n## How it is proven\n\nThe change made is {}. That it bit is told by the witness {}, "
      "which "
      "knows nothing of the change; if the witness does not see it, the run is invalid.\n",
      quoted_list(parts.changes), quoted_list(parts.witnesses));
  text += fmt::format("\n## Example\n\n```yaml\nfaults:\n  - {}:\n{}    at: 2 s\n", kind.name,
                      yaml(example_as_written(kind), 6));
  if (kind.lasting == Lasting::spell) text += "    for: 10 s\n";
  if (!kind.irreversible.empty()) {
    text += kind.lasting == Lasting::instant
                ? "accept_irreversible: the supervisor starts a new process\n"
                : "accept_irreversible: the target is a copy that nobody else uses\n";
  }
  return text + "```\n";
}

std::string index_page(const Catalogue& kinds) {
  std::string text =
      "<!-- Generated from src/faults; change the kinds there. -->\n# Faults\n\n"
      "`squall faults` shows which of them this host can do, and why not.\n\n"
      "| fault | what the victim feels | undone |\n|---|---|---|\n";
  for (const Kind* kind : kinds) {
    text += fmt::format("| [`{0}`]({0}.md) | {1} | {2} |\n", kind->name, cell(kind->summary),
                        kind->irreversible.empty() ? "yes" : "no, accept it in writing");
  }
  return text;
}

}  // namespace squall::fault
