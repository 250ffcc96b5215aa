// container.show: how a container is, which processes it has here, and how it is connected. Touches
// nothing.
//
// What it runs is looked up in the kernel's control groups: the daemon tells one pid only, and one
// that means something else where the daemon lives in another pid namespace.
#include "net/docker.h"
#include "reach/processes.h"
#include "reach/typed.h"
#include "sys/container.h"

namespace squall::reach {
namespace {

struct Show {
  std::string socket;
  std::string container;
  Duration limit = seconds(2);
};

const param::Table<Show> table{{
    param::field("socket", &Show::socket, {.about = "Of the daemon.", .required = true}),
    param::field("container", &Show::container,
                 {.about = "Name, id, or the beginning of an id.", .required = true}),
    param::field("limit", &Show::limit, {.about = "How long the daemon may take."}),
}};

// What an administrator decided about an endpoint, and so what it is made of again. The daemon
// gives each container its own short id as an alias, and fills empty members in as it likes.
json::object chosen(const json::object& endpoint, const std::string& id) {
  json::object kept;
  for (const char* member : {"IPAMConfig", "Links", "DriverOpts"}) {
    const json::value* value = endpoint.if_contains(member);
    const bool is_empty = value == nullptr || value->is_null() ||
                          (value->is_object() && value->get_object().empty()) ||
                          (value->is_array() && value->get_array().empty());
    if (!is_empty) kept[member] = *value;
  }
  if (integer_at(endpoint, "GwPriority") != 0) kept["GwPriority"] = endpoint.at("GwPriority");
  json::array aliases;
  if (const json::array* all = array_at(endpoint, "Aliases")) {
    for (const json::value& alias : *all) {
      const bool is_own = alias.is_string() && id.starts_with(std::string(alias.get_string()));
      if (!is_own) aliases.push_back(alias);
    }
  }
  if (!aliases.empty()) kept["Aliases"] = std::move(aliases);
  return kept;
}

// The main process and all others of the container. None while it is just ending, and none where
// the daemon's pid means another process here.
std::vector<std::int64_t> processes_of(const net::Container& container) {
  if (!container.is_running || container.pid == 0) return {};
  const Result<sys::Process> main = sys::read_process(container.pid);
  if (!main.ok() || !sys::is_in_container(container.pid, container.id)) return {};
  std::vector<std::int64_t> pids{container.pid};
  for (const sys::Process& one :
       sys::container_processes(sys::container_groups(main->id, container.id))) {
    if (one.id.pid != container.pid) pids.push_back(one.id.pid);
  }
  return pids;
}

Result<json::object> show(const Show& wanted) {
  sys::Patience patience(wanted.limit);
  const net::Container container =
      TRY(net::find_container(wanted.socket, wanted.container, patience));
  json::object networks;
  json::object addresses;
  for (const auto& [name, endpoint] : container.networks) {
    networks[name] = chosen(endpoint, container.id);
    addresses[name] = text_at(endpoint, "IPAddress");
  }
  return json::object{{"id", container.id},
                      {"name", container.name},
                      {"status", container.status},
                      {"running", container.is_running},
                      {"paused", container.is_paused},
                      {"removes_itself", container.removes_itself},
                      {"networks", std::move(networks)},
                      {"addresses", std::move(addresses)},
                      // The main process first.
                      {"processes", identities(processes_of(container))}};
}

}  // namespace

extern const Verb verb_container_show;
const Verb verb_container_show{
    .name = "container.show",
    .about = "how a container is, which processes it has, and how it is connected",
    .table = &table,
    .call = call_with<table, show>};

}  // namespace squall::reach
