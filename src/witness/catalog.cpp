// The witnesses that ship: one line each. A test counts the files against it.
#include <iterator>

#include "witness/witness.h"

namespace squall::witness {

extern const Kind kind_clock_skewed;
extern const Kind kind_command_answers;
extern const Kind kind_container_disconnected;
extern const Kind kind_container_ended;
extern const Kind kind_container_limited;
extern const Kind kind_container_restarted;
extern const Kind kind_container_state;
extern const Kind kind_cpu_busy;
extern const Kind kind_cpu_limited;
extern const Kind kind_cpu_pinned;
extern const Kind kind_disk_disturbed;
extern const Kind kind_disk_free;
extern const Kind kind_disk_free_inodes;
extern const Kind kind_disk_limited;
extern const Kind kind_disk_throughput;
extern const Kind kind_file_absent;
extern const Kind kind_file_changed;
extern const Kind kind_file_lines;
extern const Kind kind_file_locked;
extern const Kind kind_file_mode;
extern const Kind kind_file_refused;
extern const Kind kind_file_slow;
extern const Kind kind_host_descriptors;
extern const Kind kind_host_processes;
extern const Kind kind_limits_processes;
extern const Kind kind_memory_filled;
extern const Kind kind_memory_limited;
extern const Kind kind_memory_oom;
extern const Kind kind_memory_stalled;
extern const Kind kind_nats_fed;
extern const Kind kind_network_blocked;
extern const Kind kind_network_flooded;
extern const Kind kind_network_lossy;
extern const Kind kind_network_reset;
extern const Kind kind_network_slow;
extern const Kind kind_postgres_busy;
extern const Kind kind_postgres_crowded;
extern const Kind kind_postgres_dropped;
extern const Kind kind_postgres_locked;
extern const Kind kind_power_draining;
extern const Kind kind_power_offline;
extern const Kind kind_process_ended;
extern const Kind kind_process_limited;
extern const Kind kind_process_reniced;
extern const Kind kind_process_signalled;
extern const Kind kind_process_stopped;
extern const Kind kind_redis_fed;
extern const Kind kind_redis_full;
extern const Kind kind_redis_poisoned;
extern const Kind kind_redis_silent;
extern const Kind kind_service_ended;
extern const Kind kind_service_restarted;
extern const Kind kind_service_state;

namespace {
// One a line, so that two additions do not collide.
// clang-format off
constexpr const Kind* shipped[] = {
    &kind_clock_skewed,
    &kind_command_answers,
    &kind_container_disconnected,
    &kind_container_ended,
    &kind_container_limited,
    &kind_container_restarted,
    &kind_container_state,
    &kind_cpu_busy,
    &kind_cpu_limited,
    &kind_cpu_pinned,
    &kind_disk_disturbed,
    &kind_disk_free,
    &kind_disk_free_inodes,
    &kind_disk_limited,
    &kind_disk_throughput,
    &kind_file_absent,
    &kind_file_changed,
    &kind_file_lines,
    &kind_file_locked,
    &kind_file_mode,
    &kind_file_refused,
    &kind_file_slow,
    &kind_host_descriptors,
    &kind_host_processes,
    &kind_limits_processes,
    &kind_memory_filled,
    &kind_memory_limited,
    &kind_memory_oom,
    &kind_memory_stalled,
    &kind_nats_fed,
    &kind_network_blocked,
    &kind_network_flooded,
    &kind_network_lossy,
    &kind_network_reset,
    &kind_network_slow,
    &kind_postgres_busy,
    &kind_postgres_crowded,
    &kind_postgres_dropped,
    &kind_postgres_locked,
    &kind_power_draining,
    &kind_power_offline,
    &kind_process_ended,
    &kind_process_limited,
    &kind_process_reniced,
    &kind_process_signalled,
    &kind_process_stopped,
    &kind_redis_fed,
    &kind_redis_full,
    &kind_redis_poisoned,
    &kind_redis_silent,
    &kind_service_ended,
    &kind_service_restarted,
    &kind_service_state,
};
// clang-format on
}  // namespace

const Catalogue& catalogue() {
  static const Catalogue kinds(std::begin(shipped), std::end(shipped));
  return kinds;
}

const Kind* find(const Catalogue& kinds, std::string_view name) {
  for (const Kind* kind : kinds) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

}  // namespace squall::witness
