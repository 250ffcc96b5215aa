// Every change kind that ships, one line each: with this folder, all the ways in which squall
// touches a host.
#include "change/change.h"

namespace squall::change {

extern const Kind kind_cgroup_attribute;
extern const Kind kind_cgroup_fence;
extern const Kind kind_command;
extern const Kind kind_container_act;
extern const Kind kind_container_limits;
extern const Kind kind_container_network;
extern const Kind kind_container_state;
extern const Kind kind_cpu_burner;
extern const Kind kind_descriptors_ballast;
extern const Kind kind_disk_ballast;
extern const Kind kind_disk_inode_ballast;
extern const Kind kind_disk_overlay;
extern const Kind kind_disk_traffic;
extern const Kind kind_file_absence;
extern const Kind kind_file_access;
extern const Kind kind_file_bytes;
extern const Kind kind_file_content;
extern const Kind kind_file_lock;
extern const Kind kind_file_mode;
extern const Kind kind_file_tail;
extern const Kind kind_memory_ballast;
extern const Kind kind_nft_table;
extern const Kind kind_packet_queue;
extern const Kind kind_postgres_drop;
extern const Kind kind_postgres_sessions;
extern const Kind kind_power_supply;
extern const Kind kind_process_affinity;
extern const Kind kind_process_clock;
extern const Kind kind_process_priority;
extern const Kind kind_process_rlimit;
extern const Kind kind_process_signal;
extern const Kind kind_process_stop;
extern const Kind kind_processes_ballast;
extern const Kind kind_redis_messages;
extern const Kind kind_redis_pause;
extern const Kind kind_redis_settings;
extern const Kind kind_service_act;
extern const Kind kind_service_state;
extern const Kind kind_tcp_reset;
extern const Kind kind_traffic_flood;

const Catalogue& catalogue() {
  // clang-format off
  static const Catalogue kinds = {
      &kind_cgroup_attribute,
      &kind_cgroup_fence,
      &kind_command,
      &kind_container_act,
      &kind_container_limits,
      &kind_container_network,
      &kind_container_state,
      &kind_cpu_burner,
      &kind_descriptors_ballast,
      &kind_disk_ballast,
      &kind_disk_inode_ballast,
      &kind_disk_overlay,
      &kind_disk_traffic,
      &kind_file_absence,
      &kind_file_access,
      &kind_file_bytes,
      &kind_file_content,
      &kind_file_lock,
      &kind_file_mode,
      &kind_file_tail,
      &kind_memory_ballast,
      &kind_nft_table,
      &kind_packet_queue,
      &kind_postgres_drop,
      &kind_postgres_sessions,
      &kind_power_supply,
      &kind_process_affinity,
      &kind_process_clock,
      &kind_process_priority,
      &kind_process_rlimit,
      &kind_process_signal,
      &kind_process_stop,
      &kind_processes_ballast,
      &kind_redis_messages,
      &kind_redis_pause,
      &kind_redis_settings,
      &kind_service_act,
      &kind_service_state,
      &kind_tcp_reset,
      &kind_traffic_flood,
  };
  // clang-format on
  return kinds;
}

}  // namespace squall::change
