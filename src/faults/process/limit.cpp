// process.limit: the victim runs out of descriptors, processes, memory or another counted thing,
// as with a leak, a forgotten ulimit or a small container.
//
// The soft limit of the running victim is lowered by prlimit(2); from then on it gets the error
// that a real shortage gives (EMFILE, EAGAIN, ENOMEM). What it already has, it keeps. The hard
// limit stays, so that the old soft limit can be given back without privileges. Limits whose breach
// is answered by a deadly signal (CPU time, file size) are left out: they could not be undone.
#include <charconv>
#include <limits>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

enum class Resource { descriptors, processes, address_space, data, locked_memory, queued_signals };

struct Limit {
  Selector select;
  Resource resource = Resource::descriptors;
  std::string soft;
};

const param::Table<Limit> table{{
    param::field("select", &Limit::select, {.about = "Whose limit is lowered.", .required = true}),
    param::choice("resource", &Limit::resource,
                  {{"descriptors", Resource::descriptors},
                   {"processes", Resource::processes},
                   {"address_space", Resource::address_space},
                   {"data", Resource::data},
                   {"locked_memory", Resource::locked_memory},
                   {"queued_signals", Resource::queued_signals}},
                  "What runs short."),
    param::field("soft", &Limit::soft,
                 {.about = "The new soft limit: a count (16) for descriptors, processes and "
                           "queued_signals, a size (512 MiB) for the others.",
                  .required = true}),
}};

struct ResourceTraits {
  std::string_view kernel_name;  // as in RLIMIT_NOFILE
  bool is_size = false;
};

ResourceTraits traits(Resource resource) {
  switch (resource) {
    case Resource::descriptors:
      return {"nofile"};
    case Resource::processes:
      return {"nproc"};
    case Resource::address_space:
      return {"as", true};
    case Resource::data:
      return {"data", true};
    case Resource::locked_memory:
      return {"memlock", true};
    case Resource::queued_signals:
      return {"sigpending"};
  }
  return {};
}

Result<std::int64_t> soft_limit(const Limit& limit) {
  if (traits(limit.resource).is_size) {
    return static_cast<std::int64_t>(TRY(parse_bytes(limit.soft), "soft").count);
  }
  std::int64_t count = 0;
  const char* end = limit.soft.data() + limit.soft.size();
  const auto [rest, problem] = std::from_chars(limit.soft.data(), end, count);
  if (problem == std::errc() && rest == end && count >= 0 &&
      count <= std::numeric_limits<std::int32_t>::max()) {
    return count;
  }
  return error(Code::invalid, fmt::format("soft: \"{}\" is not a count", printable(limit.soft)),
               "for this resource write a whole number such as 16");
}

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {need_process_descriptors(host), note("the same user as the victims, or root")};
}

Status check(const Limit& limit) {
  TRY_VOID(soft_limit(limit));
  return ok();
}

Wants wants(const Limit& limit) {
  return {.victims = limit.select};
}

Result<Strike> plan(const Limit& limit, const Facts& facts, const Choices&, std::uint64_t) {
  TRY_VOID(require_victims(facts, limit.select));
  const std::int64_t soft = TRY(soft_limit(limit));
  Strike strike;
  for (const sys::Process& victim : facts.victims) {
    if (limit.resource == Resource::processes && victim.uid == 0) {
      return error(Code::invalid,
                   fmt::format("{} belongs to root, whom the limit on processes does not bind",
                               describe(victim)),
                   "select processes of another user, or limit descriptors instead");
    }
    json::object request = identity(victim);
    request["resource"] = traits(limit.resource).kernel_name;
    request["soft"] = soft;
    strike.changes.push_back({"process.rlimit", request});
    strike.watches.push_back({"process.limited", std::move(request)});
  }
  strike.target = describe(facts.victims);
  return strike;
}

}  // namespace

extern const Kind kind_process_limit;
const Kind kind_process_limit = kind_of<Limit>({
    .name = "process.limit",
    .summary = "The victim runs out of descriptors, processes or memory while it runs.",
    .mechanism =
        "The soft limit of each running victim is lowered by prlimit(2). Its next open, accept, "
        "fork or allocation beyond the limit fails as in a real shortage: EMFILE, EAGAIN, ENOMEM. "
        "The hard limit is not touched.",
    .undo = "The old soft limit is set again. It is in the journal beforehand: if squall dies, the "
            "guardian, its twin or the next start of squall gives it back. If the victim set its "
            "own limit meanwhile, that is reported and left.",
    .limits =
        "What the victim already holds is not taken away: a limit below its present use stops "
        "growth only. Children started meanwhile inherit the lowered limit and keep it after "
        "the end. `processes` counts all processes of the victim's user and does not bind "
        "root. Lowering below what the victim needs to log or to shut down may make it end.",
    .accuracy =
        "With `descriptors` at 64 and at 512 the victim had exactly 64 and 512 open when it was "
        "refused the next.",
    .example = R"({"select": {"name": "nginx"}, "resource": "descriptors", "soft": "16"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
