#include "net/docker.h"

#include <fmt/core.h>

#include "core/text.h"
#include "net/http_client.h"
#include "sys/container.h"

namespace squall::net {
namespace {

constexpr Bytes answer_max{1 << 20};
constexpr std::size_t networks_max = 64;

Error nonsense(std::string_view what) {
  return error(Code::conflict, fmt::format("the container daemon answers nonsense: {}", what),
               "look whether this socket is that of Docker or Podman");
}

Code code_of(int status) {
  switch (status) {
    case 400:
      return Code::invalid;
    case 403:
      return Code::refused;
    case 404:
      return Code::not_found;
    case 409:
      return Code::conflict;
    default:
      return Code::failed;
  }
}

// Of a daemon that is not there nothing can be said about its containers.
Error unreached(Error problem) {
  if (problem.code == Code::not_found) problem.code = Code::unsupported;
  if (problem.code == Code::unsupported) {
    problem.message = "no container daemon answers: " + problem.message;
  }
  return std::move(problem).advise("start the daemon, or name its socket");
}

Result<json::value> read_answer(const HttpResponse& response) {
  if (response.body_was_cut) return nonsense("more than 1 MiB");
  // 304: it is so already.
  const bool went_well = response.status / 100 == 2 || response.status == 304;
  if (went_well && trim(response.body).empty()) return json::value();
  const Result<json::value> body = parse_json(response.body);
  if (went_well && body.ok()) return *body;
  if (went_well) return nonsense("no JSON");
  const json::object* said = body.ok() ? body->if_object() : nullptr;
  const std::string words = said == nullptr ? "" : text_at(*said, "message");
  return error(code_of(response.status),
               fmt::format("the container daemon says {}: {}", response.status,
                           words.empty() ? "nothing more" : printable(words.substr(0, 300))));
}

bool flag(const json::object* object, std::string_view key) {
  return object != nullptr && bool_at(*object, key);
}

}  // namespace

Result<json::value> ask_docker(const DockerRequest& request, sys::Patience& patience) {
  HttpRequest http{.method = request.method, .unix_path = request.socket, .body_limit = answer_max};
  http.url.host = "localhost";
  http.url.target = request.target;
  if (!request.body.empty()) {
    http.headers.push_back({"Content-Type", "application/json"});
    http.body = canonical_json(request.body);
  }
  const Result<HttpResponse> response = exchange(http, patience);
  if (!response.ok()) return unreached(response.error());
  return read_answer(*response);
}

Result<Container> parse_container(const json::value& answer) {
  const json::object* all = answer.if_object();
  const json::object* state = all == nullptr ? nullptr : object_at(*all, "State");
  if (state == nullptr) return nonsense("no state of a container");
  Container container{.id = text_at(*all, "Id"),
                      .name = text_at(*all, "Name"),
                      .status = printable(text_at(*state, "Status").substr(0, 40)),
                      .is_running = flag(state, "Running"),
                      .is_paused = flag(state, "Paused"),
                      .removes_itself = flag(object_at(*all, "HostConfig"), "AutoRemove"),
                      .pid = integer_at(*state, "Pid"),
                      .restarts = integer_at(*all, "RestartCount")};
  if (!sys::is_container_id(container.id)) return nonsense("a container without an id");
  if (container.name.starts_with('/')) container.name.erase(0, 1);
  if (!sys::is_container_name(container.name)) return nonsense("a container without a name");
  if (container.pid < 0 || container.restarts < 0) return nonsense("a negative number");
  const json::object* settings = object_at(*all, "NetworkSettings");
  const json::object* networks = settings == nullptr ? nullptr : object_at(*settings, "Networks");
  if (networks == nullptr) return container;
  for (const auto& [name, endpoint] : *networks) {
    const json::object* told = endpoint.if_object();
    if (told != nullptr) container.networks[std::string(name)] = *told;
  }
  if (container.networks.size() > networks_max) return nonsense("too many networks");
  return container;
}

Result<Container> find_container(const std::string& socket, const std::string& name,
                                 sys::Patience& patience) {
  if (!sys::is_container_name(name)) {
    return error(Code::invalid, fmt::format("{} is not the name or id of a container", quote(name)),
                 "name it as \"docker ps\" does");
  }
  const DockerRequest request{.socket = socket, .target = fmt::format("/containers/{}/json", name)};
  return parse_container(TRY(ask_docker(request, patience)));
}

}  // namespace squall::net
