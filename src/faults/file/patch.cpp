// file.patch: one setting of a file is wrong, as after a bad deploy or a slip of a hand: a port, a
// host name, a limit, a flag.
//
// What is to be changed is said as text, as a regular expression, or as paths into JSON or YAML.
// The whole new content is worked out before anything is touched; a patch that would change nothing
// is a mistake. The file is then exchanged in one step (file.content), and only while it still
// holds what the new content was worked out from.
#include <fmt/core.h>

#include "core/digest.h"
#include "core/pattern.h"
#include "core/text.h"
#include "document/edit.h"
#include "faults/files.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Patch {
  std::string path;
  std::string find;
  std::string pattern;
  std::string replace;
  std::int64_t times = 0;
  json::value json_values;
  json::value yaml_values;
};

const param::Table<Patch> table{{
    param::field("path", &Patch::path,
                 {.about = "The file, with its full path.", .required = true}),
    param::field("find", &Patch::find, {.about = "A text in it, taken literally."}),
    param::field("pattern", &Patch::pattern,
                 {.about = "Or a regular expression (ECMAScript); ^ and $ are the ends of a "
                           "line."}),
    param::field("replace", &Patch::replace,
                 {.about = "What takes the place of what was found. After a pattern, $1 is its "
                           "first group and $& the whole."}),
    param::field("times", &Patch::times,
                 {.about = "How many places are changed, from the beginning; 0 means all.",
                  .min = 0,
                  .max = 100'000}),
    param::field("json", &Patch::json_values,
                 {.about = "Or new values by their paths in a JSON file: {$.server.port: 0}."}),
    param::field("yaml", &Patch::yaml_values,
                 {.about = "Or new scalars by their paths in a YAML file; comments and form "
                           "stay."}),
}};

constexpr std::size_t largest_result = 2 << 20;  // it travels to the guardian as one message

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("write permission on the file and its folder")};
}

Result<std::vector<document::Edit>> edits_of(std::string_view parameter,
                                             const json::value& values) {
  const json::object* members = values.if_object();
  if (members == nullptr || members->empty()) {
    return error(Code::invalid, fmt::format("{}: this is no list of paths with values", parameter),
                 fmt::format("write {}: {{\"$.server.port\": 0}}", parameter));
  }
  std::vector<document::Edit> edits;
  for (const auto& [path, value] : *members) {
    edits.push_back({
      TRY(JsonPath::parse(path), std::string(parameter))
      , value
    });
    if (edits.back().path.is_singular()) continue;
    return error(Code::invalid,
                 fmt::format("{}: the path {} may mean several values", parameter, quote(path)),
                 "name one value, without * and ..");
  }
  return edits;
}

Status check(const Patch& patch) {
  TRY_VOID(check_full_path("path", patch.path));
  const int ways = static_cast<int>(!patch.find.empty()) +
                   static_cast<int>(!patch.pattern.empty()) +
                   static_cast<int>(!patch.json_values.is_null()) +
                   static_cast<int>(!patch.yaml_values.is_null());
  if (ways != 1) {
    return error(Code::invalid, fmt::format("{} of find, pattern, json and yaml are given", ways),
                 "give exactly one of them");
  }
  if (!patch.pattern.empty()) TRY_VOID(Pattern::compile(patch.pattern), "pattern");
  if (!patch.json_values.is_null()) TRY_VOID(edits_of("json", patch.json_values));
  if (!patch.yaml_values.is_null()) TRY_VOID(edits_of("yaml", patch.yaml_values));
  return ok();
}

Wants wants(const Patch& patch) {
  return {.contents = {patch.path}};
}

std::string replace_literally(std::string_view text, const Patch& patch) {
  std::string result;
  std::size_t kept = 0;
  for (std::int64_t count = 0; patch.times == 0 || count < patch.times; ++count) {
    const std::size_t found = text.find(patch.find, kept);
    if (found == std::string_view::npos || result.size() > largest_result) break;
    result += text.substr(kept, found - kept);
    result += patch.replace;
    kept = found + patch.find.size();
  }
  return result.append(text.substr(kept));
}

Result<std::string> patched(const std::string& text, const Patch& patch) {
  if (!patch.find.empty()) return replace_literally(text, patch);
  if (!patch.json_values.is_null()) {
    return document::edit_json(text, TRY(edits_of("json", patch.json_values)));
  }
  if (!patch.yaml_values.is_null()) {
    return document::edit_yaml(text, TRY(edits_of("yaml", patch.yaml_values)));
  }
  const Pattern pattern = TRY(Pattern::compile(patch.pattern));
  return TRY(pattern.replace(text, {patch.replace, static_cast<std::size_t>(patch.times)}))
  .text;
}

Result<Strike> plan(const Patch& patch, const Facts& facts, const Choices&, std::uint64_t) {
  const std::string text = TRY(content_of(facts, patch.path));
  const std::string now = TRY(patched(text, patch), "patching " + printable(patch.path));
  if (now == text) {
    return error(Code::invalid,
                 fmt::format("the patch changes nothing in {}", printable(patch.path)),
                 "what is to be replaced may be spelt otherwise there, or be replaced already");
  }
  if (now.size() > largest_result) {
    return error(
        Code::invalid,
        fmt::format("the patched file would have more than {}", render(Bytes{largest_result})),
        "use file.replace with a source");
  }
  return Strike{.changes = {{"file.content",
                             {{"path", patch.path},
                              {"content", to_base64(now)},
                              {"expects", sha256_hex(text)}}}},
                .watches = {{"file.changed", {{"path", patch.path}}}},
                .target = printable(patch.path)};
}

}  // namespace

extern const Kind kind_file_patch;
const Kind kind_file_patch = kind_of<Patch>({
    .name = "file.patch",
    .summary = "Some settings of a file are wrong while all the rest of it stays as it was.",
    .mechanism =
        "The new content is worked out from the old one: a text or a regular expression is "
        "replaced, or values in JSON and YAML are changed where they stand, so that comments, "
        "order and form are kept. It is written beside the file, with the same owner and mode, and "
        "takes its place in one atomic exchange, provided that the file still holds what was read.",
    .undo =
        "The original file, kept aside untouched, is exchanged back in the same way. The journal "
        "knows of it beforehand: if squall dies or the host reboots, the guardian or the next "
        "start of squall puts it back. If somebody else wrote the file meanwhile, that is "
        "reported and left.",
    .limits =
        "Programs that hold the old file open go on using it: most must be told to reload before "
        "they notice. Only values that exist can be changed, in files of up to 1 MiB. In YAML a "
        "scalar on one line takes the place of another; blocks, values with an alias, and files "
        "with tags, merge keys or several documents are refused: replace their text instead.",
    .example = R"({"path": "/etc/example/service.conf", "pattern": "^listen = \\d+$",
                   "replace": "listen = 0"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
