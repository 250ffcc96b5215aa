// What the witnesses of containers share: the container as the kernel shows it.
//
// The daemon is asked once, before the fault: which container has this name, and which process is
// its main one. From then on its control groups, its processes and its namespaces are looked at; no
// word of the daemon counts, since it also makes the faults.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "net/docker.h"
#include "param/table.h"
#include "sys/process.h"

namespace squall::witness {

struct ContainerPlace {
  std::string socket = "/run/docker.sock";
  std::string container;
};

// The fields `socket` and `container` of a table whose struct derives from ContainerPlace.
template <class P>
std::vector<param::Field<P>> container_fields() {
  const auto of = [](std::string ContainerPlace::*member) {
    return static_cast<std::string P::*>(member);
  };
  return {
      param::field("socket", of(&ContainerPlace::socket),
                   {.about = "The socket of the container daemon."}),
      param::field("container", of(&ContainerPlace::container),
                   {.about = "Its name, its id, or the beginning of its id.", .required = true})};
}

class ContainerView {
 public:
  // One that is just being restarted is waited for. Code::not_found when it does not run within
  // 2 s, Code::unsupported where its main process is not to be seen.
  static Result<ContainerView> open(const ContainerPlace& place);

  // The main process that it had when this was opened.
  const sys::ProcessId& first() const { return first_; }
  bool first_has_ended() const;
  // The main process of a later life; nullopt while there is none.
  std::optional<sys::Process> successor() const;
  // The directories of its control group, one of each hierarchy.
  const std::vector<std::string>& groups() const { return groups_; }
  // Whether the freezer of its control group holds all of it.
  bool is_frozen() const;
  // The network interfaces that its main process sees, without the loopback. Code::not_found when
  // that process is gone.
  Result<std::vector<std::string>> interfaces() const;

 private:
  ContainerView(sys::ProcessId first, sys::Fd pidfd, std::vector<std::string> groups)
      : first_(first), pidfd_(std::move(pidfd)), groups_(std::move(groups)) {}

  sys::ProcessId first_;
  sys::Fd pidfd_;
  std::vector<std::string> groups_;
  bool has_namespace_ = false;  // of pids, of its own
};

}  // namespace squall::witness
