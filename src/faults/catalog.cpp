// The faults that ship: one line each. A test counts the files against it.
#include <iterator>

#include "faults/fault.h"

namespace squall::fault {

extern const Kind kind_clock_drift;
extern const Kind kind_clock_skew;
extern const Kind kind_command_run;
extern const Kind kind_container_disconnect;
extern const Kind kind_container_kill;
extern const Kind kind_container_limit;
extern const Kind kind_container_pause;
extern const Kind kind_container_restart;
extern const Kind kind_container_stop;
extern const Kind kind_cpu_burn;
extern const Kind kind_cpu_pin;
extern const Kind kind_cpu_quota;
extern const Kind kind_disk_errors;
extern const Kind kind_disk_fill;
extern const Kind kind_disk_inodes;
extern const Kind kind_disk_load;
extern const Kind kind_disk_lost_writes;
extern const Kind kind_disk_read_only;
extern const Kind kind_disk_slow;
extern const Kind kind_disk_torn_writes;
extern const Kind kind_file_append;
extern const Kind kind_file_corrupt;
extern const Kind kind_file_delay;
extern const Kind kind_file_delete;
extern const Kind kind_file_errno;
extern const Kind kind_file_hide;
extern const Kind kind_file_lock;
extern const Kind kind_file_patch;
extern const Kind kind_file_permissions;
extern const Kind kind_file_replace;
extern const Kind kind_file_truncate;
extern const Kind kind_host_descriptors;
extern const Kind kind_host_processes;
extern const Kind kind_http_flood;
extern const Kind kind_http_malformed;
extern const Kind kind_limits_processes;
extern const Kind kind_memory_fill;
extern const Kind kind_memory_limit;
extern const Kind kind_memory_stall;
extern const Kind kind_network_block;
extern const Kind kind_network_corrupt;
extern const Kind kind_network_latency;
extern const Kind kind_network_loss;
extern const Kind kind_network_partition;
extern const Kind kind_network_reset;
extern const Kind kind_postgres_connections;
extern const Kind kind_postgres_crash;
extern const Kind kind_postgres_drop_connections;
extern const Kind kind_postgres_kill_backend;
extern const Kind kind_postgres_slow;
extern const Kind kind_power_battery;
extern const Kind kind_power_outage;
extern const Kind kind_process_kill;
extern const Kind kind_process_limit;
extern const Kind kind_process_pause;
extern const Kind kind_process_priority;
extern const Kind kind_process_signal;
extern const Kind kind_queue_flood;
extern const Kind kind_queue_poison;
extern const Kind kind_redis_memory_full;
extern const Kind kind_redis_pause;
extern const Kind kind_secret_leak;
extern const Kind kind_service_freeze;
extern const Kind kind_service_kill;
extern const Kind kind_service_mask;
extern const Kind kind_service_restart;
extern const Kind kind_service_restart_all;
extern const Kind kind_service_start_limit;
extern const Kind kind_service_stop;

namespace {
// One a line, so that two additions do not collide.
// clang-format off
constexpr const Kind* shipped[] = {
      &kind_clock_drift,
      &kind_clock_skew,
      &kind_command_run,
      &kind_container_disconnect,
      &kind_container_kill,
      &kind_container_limit,
      &kind_container_pause,
      &kind_container_restart,
      &kind_container_stop,
      &kind_cpu_burn,
      &kind_cpu_pin,
      &kind_cpu_quota,
      &kind_disk_errors,
      &kind_disk_fill,
      &kind_disk_inodes,
      &kind_disk_load,
      &kind_disk_lost_writes,
      &kind_disk_read_only,
      &kind_disk_slow,
      &kind_disk_torn_writes,
      &kind_file_append,
      &kind_file_corrupt,
      &kind_file_delay,
      &kind_file_delete,
      &kind_file_errno,
      &kind_file_hide,
      &kind_file_lock,
      &kind_file_patch,
      &kind_file_permissions,
      &kind_file_replace,
      &kind_file_truncate,
      &kind_host_descriptors,
      &kind_host_processes,
      &kind_http_flood,
      &kind_http_malformed,
      &kind_limits_processes,
      &kind_memory_fill,
      &kind_memory_limit,
      &kind_memory_stall,
      &kind_network_block,
      &kind_network_corrupt,
      &kind_network_latency,
      &kind_network_loss,
      &kind_network_partition,
      &kind_network_reset,
      &kind_postgres_connections,
      &kind_postgres_crash,
      &kind_postgres_drop_connections,
      &kind_postgres_kill_backend,
      &kind_postgres_slow,
      &kind_power_battery,
      &kind_power_outage,
      &kind_process_kill,
      &kind_process_limit,
      &kind_process_pause,
      &kind_process_priority,
      &kind_process_signal,
      &kind_queue_flood,
      &kind_queue_poison,
      &kind_redis_memory_full,
      &kind_redis_pause,
      &kind_secret_leak,
      &kind_service_freeze,
      &kind_service_kill,
      &kind_service_mask,
      &kind_service_restart,
      &kind_service_restart_all,
      &kind_service_start_limit,
      &kind_service_stop,
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

}  // namespace squall::fault
