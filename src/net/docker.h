// A container daemon that speaks the interface of Docker (the Docker Engine API) over its unix
// socket: Docker itself; Podman's service claims the same.
//
// Requests name no version, which every daemon takes for its own newest; only members that all
// versions since 1.24 have are read. Answers are of limited size and time and believed only in
// shape: a text where a number should be is no answer.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/node.h"
#include "core/result.h"
#include "sys/patience.h"

namespace squall::net {

struct DockerRequest {
  std::string socket;
  std::string method = "GET";
  std::string target;  // "/containers/web/pause"; its parts are safe in a path
  json::object body;   // sent when it is not empty
};

// The answer; null when it has none. Errors: Code::unsupported where no daemon answers,
// Code::refused without the right to ask, Code::timed_out; Code::conflict for what is no answer of
// such a daemon; and what the daemon says for itself: Code::not_found (404), Code::conflict (409),
// Code::invalid (400), Code::failed, with its words.
Result<json::value> ask_docker(const DockerRequest& request, sys::Patience& patience);

// What the daemon says of a container (GET /containers/NAME/json).
struct Container {
  std::string id;           // 64 hexadecimal digits
  std::string name;         // without the slash
  std::string status;       // "running", "paused", "exited" ...
  bool is_running = false;  // a paused one runs as well
  bool is_paused = false;
  bool removes_itself = false;  // as soon as it stops (docker run --rm)
  std::int64_t pid = 0;         // of its main process, as the daemon numbers it; 0: none
  std::int64_t restarts = 0;    // by its restart policy, since it was started
  // Its endpoints by the name of the network, with all that the daemon tells of them.
  std::map<std::string, json::object> networks;
};
// From that answer. Code::conflict when it is none.
Result<Container> parse_container(const json::value& answer);
// `name`: a name, an id, or the beginning of an id that no other has (sys::is_container_name).
// Errors: as above, and Code::not_found when there is no such container.
Result<Container> find_container(const std::string& socket, const std::string& name,
                                 sys::Patience& patience);

}  // namespace squall::net
