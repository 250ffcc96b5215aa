// redis.memory_full: a Redis has no memory left for writes, as when nobody watched its growth.
//
// Its own limit is set below what it uses, and its policy to one that evicts nothing, so that
// writes are refused with OOM while reads go on. No key is lost: with noeviction nothing is ever
// removed to make room.
#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "param/service_place.h"

namespace squall::fault {
namespace {

struct MemoryFull : param::ServicePlace {
  MemoryFull() { port = 6379; }
  Bytes limit{1};
};

const param::Table<MemoryFull> table{param::with_place<MemoryFull>({
    param::field("limit", &MemoryFull::limit,
                 {.about = "What it may use. More than it uses now means that it fills up later.",
                  .min = Bytes{1},
                  .max = Bytes{std::uint64_t{1} << 50}}),
})};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("a Redis that may be told CONFIG SET")};
}

Wants wants(const MemoryFull&) {
  return {};
}

Result<Strike> plan(const MemoryFull& full, const Facts&, const Choices&, std::uint64_t) {
  json::object request = param::place_of(full);
  const json::object watch = request;
  // In the order of their names: the limit comes first, and between the two settings a policy of
  // the target's own could evict keys. So the policy is a change of its own, made before.
  json::object policy = request;
  policy["settings"] = {{"maxmemory-policy", "noeviction"}};
  request["settings"] = {{"maxmemory", std::to_string(full.limit.count)}};
  return Strike{
      .changes = {{"redis.settings", std::move(policy)}, {"redis.settings", std::move(request)}},
      .watches = {{"redis.full", watch}},
      .target = fmt::format("Redis at {}:{}", printable(full.host), full.port)};
}

}  // namespace

extern const Kind kind_redis_memory_full;
const Kind kind_redis_memory_full = kind_of<MemoryFull>({
    .name = "redis.memory_full",
    .summary = "A Redis refuses every write that needs memory, and goes on reading.",
    .mechanism =
        "Its policy becomes noeviction, then its maxmemory a value below what it uses (CONFIG "
        "SET). Commands that could need memory are answered with OOM. No key is evicted.",
    .undo =
        "Both old values are set again, the limit first, so that nothing is evicted in between. "
        "They are on record: if squall dies, its successor sets them, also after a crash of all "
        "of squall. If Redis ends meanwhile, the settings are gone with it.",
    .limits =
        "The process uses no more memory than before: to press on the host use memory.fill. Keys "
        "that expire go on expiring. CONFIG REWRITE by somebody else meanwhile would write the "
        "changed values into Redis' own file. A password must stand in a file that stays, not in "
        "the environment, since an undo after a crash must be able to read it.",
    .example = R"({"port": 6379})",
    .table = &table,
    .needs = needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
