// What the tests of the kinds share: made-up victims and hosts, and a plan in one call.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "faults/fault.h"

namespace squall::fault::samples {

inline sys::Process victim(std::int64_t pid, std::string command_line, std::uint32_t uid = 1000) {
  return {.id = {pid, static_cast<std::uint64_t>(pid) * 10},
          .parent = 1,
          .state = 'S',
          .name = command_line.substr(0, command_line.find(' ')),
          .command_line = command_line,
          .uid = uid};
}

inline Facts facts_with(std::vector<sys::Process> victims) {
  Facts facts;
  facts.host = {.cores = 4, .is_root = true, .has_nf_tables = true, .kernel = "6.18.0"};
  for (const char* name : {"cpu", "memory", "pids", "blkio", "cpuset"}) {
    facts.host.controllers[name] = {std::string("/sys/fs/cgroup/") + name, false};
  }
  facts.victims = std::move(victims);
  return facts;
}

struct Asked {
  std::string_view kind;
  std::string_view params;  // JSON
  std::uint64_t seed = 1;
  std::uint64_t ordinal = 0;
};

inline Result<Strike> plan(const Asked& asked, const Facts& facts) {
  const json::value params = parse_json(asked.params).value();
  return find(catalogue(), asked.kind)
      ->plan(params.as_object(), facts, Choices(asked.seed, "fault"), asked.ordinal);
}

// The mistake that the parameters alone show, without looking at the host; "" when there is none.
inline std::string mistake(std::string_view kind, std::string_view params) {
  const json::value parsed = parse_json(params).value();
  const Result<Wants> wants = find(catalogue(), kind)->wants(parsed.as_object());
  if (wants.ok()) return "";
  if (wants.error().next.empty()) return "no hint: " + wants.error().render();
  return wants.error().render() + " / " + wants.error().next;
}

}  // namespace squall::fault::samples
