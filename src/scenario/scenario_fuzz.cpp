// Fuzz target: the whole way from bytes to a plan and back, with the kinds that ship. Holds the
// reader to what it promises for every input; no secret is read and nothing is measured.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/check.h"
#include "core/text.h"
#include "scenario/parse.h"

namespace squall::scenario {
namespace {

void run_one(const std::string& bytes) {
  Options options{.faults = fault::catalogue(),
                  .probes = probe::catalogue(),
                  .sources = {},
                  .seed = bytes.size()};
  options.sources.demand_secrets = false;
  options.sources.targets_file = "targets.yaml";
  if (bytes.find("${redis.port}") != std::string::npos) {  // one that is not used is a mistake
    options.sources.settings = {{"redis.port", "6379"}};
  }
  Diagnostics diagnostics("fuzz.yaml");
  const std::optional<Plan> plan = parse_scenario(bytes, "fuzz.yaml", options, diagnostics);
  CHECK(plan.has_value() == diagnostics.empty(), "a plan, or mistakes, never both");
  std::string shown;
  for (const std::string& line : split(diagnostics.render(), '\n')) shown += line;
  CHECK(shown == printable(shown), "mistakes can be shown in a terminal");
  for (const Diagnostic& mistake : diagnostics.sorted()) {
    CHECK(mistake.mark.line >= 0 && mistake.mark.column >= 0, "places are places");
    CHECK(!mistake.message.empty(), "every mistake says something");
  }
  if (!plan) return;
  const Result<Plan> back = plan_from_json(to_json(*plan));
  CHECK(back.ok(), "a plan is read back from its JSON");
  CHECK(hash(*back) == hash(*plan), "and is the same plan");
}

}  // namespace
}  // namespace squall::scenario

// The YAML library forgets one buffer of a few KiB on some malformed documents. A process that
// reads a scenario ends soon after; leaks of our own are still found.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libfyaml\n";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  squall::scenario::run_one(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
