// What a run does beside its phases: the load of the host, its fingerprint, and seeing to the undo
// when the guardian that it knew is gone.
#include <fmt/core.h>

#include "engine/run.h"
#include "sys/clock.h"
#include "sys/gauges.h"

namespace squall::engine {
namespace {

constexpr Duration watch_pause = milliseconds(10);
constexpr Duration load_pause = milliseconds(100);
constexpr Duration successor_limit = seconds(10);

}  // namespace

// The guardian died, or could not undo something at once: its successor replays the journal before
// it answers, and goes on trying what it could not undo yet.
void Run::undo_without_session() {
  const Duration deadline = sys::monotonic_now() + successor_limit;
  session_.reset();
  while (injector_.has_changes_in_force() && sys::monotonic_now() < deadline) {
    Result<guardian::Client> client = guardian::Client::connect_or_start(environment_.guardian);
    Result<json::object> status = client.ok() ? client->call({{"request", "status"}})
                                              : Result<json::object>(Error(client.error()));
    if (status.ok()) {
      std::vector<std::string> live;
      const json::array* changes = array_at(*status, "changes");
      for (std::size_t i = 0; changes != nullptr && i < changes->size(); ++i) {
        const std::string id = text_at(changes->at(i).get_object(), "change");
        if (id.starts_with(options_.run_id + "/"))
          live.push_back(id.substr(options_.run_id.size() + 1));
      }
      injector_.record_undone_by_successor(live);
    }
    sys::sleep_until(sys::monotonic_now() + watch_pause);
  }
}

void Run::sample_load(std::stop_token stop) {
  Result<sys::Gauges> gauges = sys::Gauges::open();
  if (!gauges.ok()) {
    timeline_.add("note",
                  {{"message", "the host's load cannot be sampled: " + gauges.error().render()}});
    return;
  }
  Result<sys::GaugeReading> last = gauges->read();
  Duration next = sys::monotonic_now();
  while (last.ok() && sys::sleep_until(next = next + load_pause, stop)) {
    const Result<sys::GaugeReading> now = gauges->read();
    if (!now.ok()) continue;
    const auto since = [](std::uint64_t a, std::uint64_t b) {
      return static_cast<std::int64_t>(a >= b ? a - b : 0);
    };
    timeline_.add("gauge",
                  {{"cpu", now->cpu_busy.fraction},
                   {"memory_bytes", static_cast<std::int64_t>(now->memory_used.count)},
                   {"disk_read_bytes", since(now->disk_read.count, last->disk_read.count)},
                   {"disk_write_bytes", since(now->disk_written.count, last->disk_written.count)},
                   {"network_in_bytes", since(now->network_in.count, last->network_in.count)},
                   {"network_out_bytes", since(now->network_out.count, last->network_out.count)}});
    last = now;
    const std::lock_guard lock(mutex_);
    load_.cpu = now->cpu_busy.fraction;
    load_.memory =
        static_cast<double>(now->memory_used.count) / static_cast<double>(host_.memory.count);
  }
}

sys::FingerprintScope Run::fingerprint_scope() const {
  sys::FingerprintScope scope;
  scope.files = plan_.fingerprint_files;
  for (const scenario::PlannedFault& fault : plan_.faults) {
    const fault::Kind* kind = fault::find(*environment_.faults, fault.kind);
    if (const Result<fault::Wants> wants = kind->wants(fault.params)) {
      scope.files.insert(scope.files.end(), wants->files.begin(), wants->files.end());
    }
    for (const std::string_view key : {"namespace", "witness_namespace"}) {
      const std::string path = text_at(fault.params, key);
      if (!path.empty()) scope.network_namespaces.push_back(path);
    }
  }
  return scope;
}

void Run::take_fingerprint(std::string_view moment) {
  const Result<sys::Fingerprint> taken = sys::take_fingerprint(fingerprint_scope());
  if (!taken.ok()) {
    timeline_.add("note", {{"message", "the host's fingerprint could not be taken: " +
                                           taken.error().render()}});
    return;
  }
  json::array found;
  const std::vector<std::string> texts =
      before_ ? sys::differences(*before_, *taken) : std::vector<std::string>{};
  for (const std::string& text : texts) {
    if (injector_.touched().may_be_ours(text)) {
      found.push_back(json::string(text));
    } else {
      timeline_.add("note", {{"message", "somebody else changed the host meanwhile: " + text}});
    }
  }
  if (!before_) before_ = *taken;
  timeline_.add(
      "fingerprint",
      {{"moment", moment}, {"digest", sys::digest(*taken)}, {"differences", std::move(found)}});
}

}  // namespace squall::engine
