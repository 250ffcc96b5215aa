// file.replace: a file holds something else, as after a bad deploy, a wrong template or an expired
// certificate.
//
// The new content takes the old file's place in one atomic step; the old file itself is kept aside
// and put back at the end, so nothing about it is lost. Programs which open the file meanwhile read
// the new content; those that hold the old one open go on reading the old.
#include <fmt/core.h>

#include "core/digest.h"
#include "core/text.h"
#include "faults/files.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Replace {
  std::string path;
  std::string content;
  std::string source;
};

const param::Table<Replace> table{{
    param::field("path", &Replace::path,
                 {.about = "The file, with its full path.", .required = true}),
    param::field("content", &Replace::content,
                 {.about = "The new content. Without it and without `source`, the file is empty."}),
    param::field("source", &Replace::source,
                 {.about = "A file whose content is taken instead, with its full path."}),
}};

constexpr std::size_t largest_content = 1 << 20;

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("write permission on the file and its folder")};
}

Status check(const Replace& replace) {
  TRY_VOID(check_full_path("path", replace.path));
  if (!replace.source.empty()) TRY_VOID(check_full_path("source", replace.source));
  if (!replace.source.empty() && !replace.content.empty()) {
    return error(Code::invalid, "content and source are both given", "leave one of them out");
  }
  if (replace.content.size() > largest_content) {
    return error(Code::invalid,
                 fmt::format("content: {} are too much for a document",
                             render_rounded(Bytes{replace.content.size()})),
                 "put it into a file and name that as `source`");
  }
  return ok();
}

Wants wants(const Replace& replace) {
  Wants wanted{.files = {replace.path}};
  if (!replace.source.empty()) wanted.files.push_back(replace.source);
  return wanted;
}

Result<Strike> plan(const Replace& replace, const Facts& facts, const Choices&, std::uint64_t) {
  const FileFacts old = TRY(existing_file(facts, replace.path));
  json::object request{{"path", replace.path}};
  std::string digest;
  if (replace.source.empty()) {
    request["content"] = to_base64(replace.content);
    digest = sha256_hex(replace.content);
  } else {
    request["source"] = replace.source;
    digest = TRY(existing_file(facts, replace.source), "source")
    .sha256;
  }
  if (digest == old.sha256) {
    return error(
        Code::invalid,
        fmt::format("{} already has this content; nothing would change", printable(replace.path)),
        "give other content");
  }
  return Strike{.changes = {{"file.content", std::move(request)}},
                .watches = {{"file.changed", {{"path", replace.path}}}},
                .target = printable(replace.path)};
}

}  // namespace

extern const Kind kind_file_replace;
const Kind kind_file_replace = kind_of<Replace>({
    .name = "file.replace",
    .summary = "A file holds something else: a bad configuration, certificate or data file.",
    .mechanism =
        "The new content is written beside the file, with the same owner and mode, and takes its "
        "place in one atomic exchange. There is no moment at which the file is missing or half "
        "written.",
    .undo =
        "The original file, kept aside untouched, is exchanged back in the same way. The journal "
        "knows of it beforehand: if squall dies or the host reboots, the guardian or the next "
        "start of squall puts it back. If somebody else wrote the file meanwhile, that is "
        "reported and left.",
    .limits =
        "Programs that hold the old file open go on using it: most must be told to reload "
        "before they notice. What a program wrote into the replacement meanwhile is lost at "
        "the end. The file must exist; to test a missing file, replace it by an empty one and "
        "say so.",
    .example = R"({"path": "/etc/nginx/conf.d/site.conf", "content": "server {"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
