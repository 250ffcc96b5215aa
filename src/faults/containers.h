// What the kinds that act on containers share: which container is meant, for people, for the wire
// and for the witness.
#pragma once

#include <string>
#include <vector>

#include "faults/fault.h"

namespace squall::fault {

struct Container {
  std::string container;
  std::string socket = "/run/docker.sock";
};

// The fields `container` and `socket` of a table whose struct derives from Container, followed by
// its own.
template <class P>
param::Table<P> container_table(std::vector<param::Field<P>> own = {}) {
  std::vector<param::Field<P>> fields = {
      param::field("container", static_cast<std::string P::*>(&Container::container),
                   {.about = "Its name, its id, or the beginning of its id that no other has, as "
                             "\"docker ps\" shows them.",
                    .required = true}),
      param::field(
          "socket", static_cast<std::string P::*>(&Container::socket),
          {.about = "Where the daemon listens. Proven with Docker; Podman's service speaks the "
                    "same interface."})};
  for (auto& field : own) fields.push_back(std::move(field));
  return {std::move(fields)};
}

// {"container", "socket"}, as changes and witnesses take it.
json::object identity(const Container& container);
std::string describe(const Container& container);  // "container web"
// Code::invalid for a name that no daemon gives, or a socket that is no absolute path.
Status check_container(const Container& container);
// Code::invalid for a grace that is no number of whole seconds: daemons take no other.
Status check_grace(Duration grace);

// What every kind here needs: a daemon that answers.
std::vector<sys::Need> container_needs(const sys::HostFacts& host);

}  // namespace squall::fault
