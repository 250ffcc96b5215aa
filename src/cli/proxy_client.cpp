// The verbs of squall proxy: those of toxiproxy-cli, for a proxy of ours or for the original.
#include <cstdlib>

#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/table.h"
#include "core/text.h"
#include "net/http_client.h"
#include "sys/patience.h"

namespace squall::cli {
namespace {

constexpr Duration call_limit = seconds(30);
constexpr const char* usual_host = "http://localhost:8474";

struct Words {
  std::string host;
  std::string proxy;
  std::string listen;
  std::string upstream;
  std::string toxic;
  std::string type;
  std::string toxicity;
  Duration ttl;
  std::vector<std::string> attributes;
  bool is_upstream = false;
  bool is_downstream = false;
};

// A name as a part of a path.
std::string encode(std::string_view name) {
  std::string path = "/";
  for (const char letter : name) {
    const bool is_plain = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                          (letter >= 'A' && letter <= 'Z') ||
                          std::string_view("-._~").find(letter) != std::string_view::npos;
    path += is_plain ? std::string(1, letter)
                     : fmt::format("%{:02X}", static_cast<unsigned char>(letter));
  }
  return path;
}

Result<json::value> call(const Words& words, std::string_view method, const std::string& path,
                         const json::value& body = nullptr) {
  const char* named = std::getenv("TOXIPROXY_URL");
  const std::string host = !words.host.empty() ? words.host : named != nullptr ? named : usual_host;
  net::HttpRequest request {
    .method = std::string(method), .url = TRY(parse_url(host))
  };
  request.url.target = path;
  if (!body.is_null()) request.body = compact_json(body);
  sys::Patience patience(call_limit);
  const net::HttpResponse response =
      TRY(net::exchange(request, patience), "asking the proxy at " + printable(host));
  if (response.status < 300) {
    return response.body.empty() ? Result<json::value>(json::value()) : parse_json(response.body);
  }
  const Result<json::value> problem = parse_json(response.body);
  const bool is_told = problem.ok() && problem->is_object();
  return error(
      response.status == 404 || response.status == 400 ? Code::invalid : Code::failed,
      fmt::format("the proxy refuses: {} (status {})",
                  printable(is_told ? text_at(problem->get_object(), "error") : response.body),
                  response.status));
}

// The original ends with 1, whatever went wrong.
int finish(const Context& context, const Status& status, const std::string& done) {
  if (!status.ok()) {
    context.console.complain(status.error());
    return exit_refuted;
  }
  context.console.print_line(done);
  return exit_held;
}

Result<json::object> object_of(Result<json::value> value) {
  json::value got = TRY(std::move(value));
  if (got.is_object()) return got.get_object();
  return error(Code::conflict, "the proxy did not answer with an object");
}

std::size_t count_toxics(const json::object& proxy) {
  const json::array* toxics = array_at(proxy, "toxics");
  return toxics == nullptr ? 0 : toxics->size();
}

int list(const Words& words, const Context& context) {
  const Result<json::object> proxies = object_of(call(words, "GET", "/proxies"));
  if (!proxies.ok()) return finish(context, Error(proxies.error()), "");
  Table table{{"name", "listen", "upstream", "enabled", "toxics"}, {}};
  for (const auto& [name, value] : *proxies) {
    if (!value.is_object()) continue;
    const json::object& proxy = value.get_object();
    table.rows.push_back({{printable(std::string(name)), Colour::accent},
                          {printable(text_at(proxy, "listen"))},
                          {printable(text_at(proxy, "upstream"))},
                          {bool_at(proxy, "enabled") ? "yes" : "no"},
                          {std::to_string(count_toxics(proxy))}});
  }
  context.console.print(render_table(table, context.console.style()));
  return exit_held;
}

int inspect(const Words& words, const Context& context) {
  const Result<json::object> proxy =
      object_of(call(words, "GET", "/proxies" + encode(words.proxy)));
  if (!proxy.ok()) return finish(context, Error(proxy.error()), "");
  const Console& console = context.console;
  console.print_line(fmt::format(
      "{}: {} -> {}, {}", printable(text_at(*proxy, "name")), printable(text_at(*proxy, "listen")),
      printable(text_at(*proxy, "upstream")), bool_at(*proxy, "enabled") ? "enabled" : "disabled"));
  if (count_toxics(*proxy) == 0) return exit_held;
  Table table{{"toxic", "type", "stream", "toxicity", "attributes"}, {}};
  for (const json::value& value : *array_at(*proxy, "toxics")) {
    if (!value.is_object()) continue;
    const json::object& toxic = value.get_object();
    const json::object* attributes = object_at(toxic, "attributes");
    table.rows.push_back({{printable(text_at(toxic, "name")), Colour::accent},
                          {printable(text_at(toxic, "type"))},
                          {printable(text_at(toxic, "stream"))},
                          {render_number(number_at(toxic, "toxicity"))},
                          {attributes == nullptr ? "" : printable(compact_json(*attributes))}});
  }
  console.print(render_table(table, console.style()));
  return exit_held;
}

int create(const Words& words, const Context& context) {
  const Result<json::object> made = object_of(call(words, "POST", "/proxies",
                                                   json::object{{"name", words.proxy},
                                                                {"listen", words.listen},
                                                                {"upstream", words.upstream},
                                                                {"enabled", true}}));
  if (!made.ok()) return finish(context, Error(made.error()), "");
  return finish(context, ok(),
                fmt::format("created proxy {}, which listens at {}", quote(words.proxy),
                            printable(text_at(*made, "listen"))));
}

int toggle(const Words& words, const Context& context) {
  const std::string path = "/proxies" + encode(words.proxy);
  const Result<json::object> proxy = object_of(call(words, "GET", path));
  if (!proxy.ok()) return finish(context, Error(proxy.error()), "");
  const bool becomes = !bool_at(*proxy, "enabled");
  const Result<json::value> done = call(words, "POST", path, json::object{{"enabled", becomes}});
  return finish(
      context, done.ok() ? ok() : Status(Error(done.error())),
      fmt::format("proxy {} is now {}", quote(words.proxy), becomes ? "enabled" : "disabled"));
}

int remove(const Words& words, const Context& context) {
  const Result<json::value> done = call(words, "DELETE", "/proxies" + encode(words.proxy));
  return finish(context, done.ok() ? ok() : Status(Error(done.error())),
                "deleted proxy " + quote(words.proxy));
}

// "latency=200" and --toxicity, as the interface wants them.
Result<json::object> describe(const Words& words) {
  json::object attributes;
  for (const std::string& pair : words.attributes) {
    const std::size_t sign = pair.find('=');
    if (sign == std::string::npos) {
      return error(Code::invalid, fmt::format("{} is no attribute", quote(pair)),
                   "write a name and a value: latency=200");
    }
    // A word that is no JSON, such as that of a model, is a text.
    const std::string text = pair.substr(sign + 1);
    const Result<json::value> value = parse_json(text);
    attributes[pair.substr(0, sign)] = value.ok() ? *value : json::value(json::string(text));
  }
  json::object toxic = {{"attributes", std::move(attributes)}};
  if (!words.toxic.empty()) toxic["name"] = words.toxic;
  if (!words.toxicity.empty()) {
    double toxicity = 1;
    TRY_VOID(read_value(words.toxicity, toxicity), "reading --toxicity");
    toxic["toxicity"] = toxicity;
  }
  if (words.ttl > Duration{}) toxic["ttl"] = words.ttl.poll_milliseconds();
  return toxic;
}

Result<std::string> add_toxic(const Words& words) {
  if (words.is_upstream && words.is_downstream) {
    return error(Code::invalid, "a toxic acts upstream or downstream, not both", "add two");
  }
  if (words.type.empty()) return error(Code::invalid, "--type is missing", "--type latency");
  json::object toxic = TRY(describe(words));
  toxic["type"] = words.type;
  toxic["stream"] = words.is_upstream ? "upstream" : "downstream";
  const json::object added =
      TRY(object_of(call(words, "POST", "/proxies" + encode(words.proxy) + "/toxics", toxic)));
  return fmt::format("added {} toxic {} to proxy {}", printable(words.type),
                     quote(text_at(added, "name")), quote(words.proxy));
}

Result<std::string> toxic_path(const Words& words) {
  if (words.toxic.empty()) {
    return error(Code::invalid, "--toxicName is missing", "which toxic: -n NAME");
  }
  return "/proxies" + encode(words.proxy) + "/toxics" + encode(words.toxic);
}

Result<std::string> update_toxic(const Words& words) {
  json::object toxic = TRY(describe(words));
  TRY_VOID(call(words, "POST", TRY(toxic_path(words)), toxic));
  return fmt::format("updated toxic {} on proxy {}", quote(words.toxic), quote(words.proxy));
}

Result<std::string> remove_toxic(const Words& words) {
  TRY_VOID(call(words, "DELETE", TRY(toxic_path(words))));
  return fmt::format("removed toxic {} from proxy {}", quote(words.toxic), quote(words.proxy));
}

template <Result<std::string> (*act)(const Words&)>
int act_and_tell(const Words& words, const Context& context) {
  const Result<std::string> done = act(words);
  return done.ok() ? finish(context, ok(), *done) : finish(context, Error(done.error()), "");
}

Word<Words> host() {
  return option("--host", "URL", &Words::host,
                "The proxy's interface; $TOXIPROXY_URL or http://localhost:8474.");
}
Word<Words> named() {
  return argument("NAME", &Words::proxy, "The proxy.");
}
Word<Words> toxic_name() {
  return option("--toxicName", "NAME", &Words::toxic, "The toxic.").or_short("-n");
}
Word<Words> toxicity() {
  return option("--toxicity", "SHARE", &Words::toxicity,
                "The share of the connections that it acts on, 0 to 1.");
}
Word<Words> ttl() {
  return option("--ttl", "TIME", &Words::ttl,
                "It is removed by itself after this time without an update; not in Toxiproxy.");
}
Word<Words> attribute() {
  return option("--attribute", "NAME=VALUE", &Words::attributes, "What it does, and how much.")
      .or_short("-a");
}

Command verb(std::string_view name, std::vector<std::string> others, std::string_view about,
             std::vector<Word<Words>> words, int (*execute)(const Words&, const Context&)) {
  words.push_back(host());
  return command<Words>({.name = std::string(name),
                         .about = std::string(about),
                         .other_names = std::move(others),
                         .takes_single_dashes = true},
                        std::move(words), execute);
}

Command toxic_command() {
  Command group{.name = "toxic", .about = "Adds, updates or removes a toxic."};
  group.other_names = {"t"};
  group.children = {
      verb(
          "add", {"a"}, "Adds a toxic to a proxy.",
          {named(), toxic_name(),
           option("--type", "TYPE", &Words::type, "latency, bandwidth, timeout ...").or_short("-t"),
           toxicity(), attribute(), ttl(),
           flag("--upstream", &Words::is_upstream, "It acts on what goes to the server.")
               .or_short("-u"),
           flag("--downstream", &Words::is_downstream,
                "It acts on what goes to the client; the usual.")
               .or_short("-d")},
          act_and_tell<add_toxic>),
      verb("update", {"u"}, "Changes a toxic; what is not named stays.",
           {named(), toxic_name(), toxicity(), attribute(), ttl()}, act_and_tell<update_toxic>),
      verb("remove", {"r", "delete", "d"}, "Removes a toxic.", {named(), toxic_name()},
           act_and_tell<remove_toxic>),
  };
  return group;
}

}  // namespace

std::vector<Command> proxy_client_commands() {
  return {
      verb("list", {"l", "li", "ls"}, "Lists the proxies.", {}, list),
      verb("inspect", {"i", "ins"}, "Shows a proxy and its toxics.", {named()}, inspect),
      verb(
          "create", {"c", "new"}, "Makes a proxy.",
          {named(),
           option("--listen", "PLACE", &Words::listen, "Where it listens: 127.0.0.1:7000.")
               .or_short("-l"),
           option("--upstream", "PLACE", &Words::upstream, "The server behind it.").or_short("-u")},
          create),
      verb("toggle", {"tog"}, "Enables a proxy, or disables it.", {named()}, toggle),
      verb("delete", {"d"}, "Deletes a proxy.", {named()}, remove),
      toxic_command(),
  };
}

}  // namespace squall::cli
