# Which control group hierarchies the target uses, for demo/target (host's view) and demo/boot (inside).
# Sourced, never run. Handles a pure version 2 host, a version 1 host, and the hybrid of both.

# cgroup_mounts: one line "KIND OPTIONS POINT" for each hierarchy that a systemd keeps its units in. KIND is cgroup2 or
# cgroup; OPTIONS is what mounts the same hierarchy once more (empty options are written as -).
# Other version 1 controllers stay out: systemd makes no groups there, so nothing of the target could be told apart.
cgroup_mounts() {
  local point rest kind options word
  while read -r _ _ _ _ point rest; do
    [[ $point == /sys/fs/cgroup* ]] || continue
    read -r kind _ options <<<"${rest#* - }"
    if [ "$kind" = cgroup2 ]; then
      echo "cgroup2 - $point"
    elif [ "$kind" = cgroup ]; then
      for word in ${options//,/ }; do
        case $word in
          name=systemd) echo "cgroup none,name=systemd $point" && break ;;
          cpu | cpuacct | memory | pids) echo "cgroup ${options#rw,} $point" && break ;;
        esac
      done
    fi
  done </proc/self/mountinfo
}
