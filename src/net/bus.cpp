// The only file that sees sd-bus (libsystemd).
#include "net/bus.h"

#include <array>
#include <limits>

#include <fmt/core.h>
#include <systemd/sd-bus.h>

#include "core/text.h"

namespace squall::net {
namespace {

constexpr std::string_view prefix = "unix:path=";
constexpr int depth_max = 32;

struct Unreference {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, Unreference>;

struct Problem {
  sd_bus_error error = SD_BUS_ERROR_NULL;
  Problem() = default;
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;
  ~Problem() { sd_bus_error_free(&error); }
};

// As the address of a bus wants it: everything unusual is written as %XX.
std::string escaped(std::string_view path) {
  std::string text;
  for (const char letter : path) {
    const bool is_plain = (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                          (letter >= 'a' && letter <= 'z') ||
                          std::string_view("-_/.").find(letter) != std::string_view::npos;
    if (is_plain) {
      text += letter;
    } else {
      text += fmt::format("%{:02x}", static_cast<unsigned char>(letter));
    }
  }
  return text;
}

Result<std::string> path_of(std::string_view socket) {
  if (socket.starts_with(prefix)) socket.remove_prefix(prefix.size());
  if (socket.starts_with('/') && socket.find('\0') == std::string_view::npos) {
    return std::string(socket);
  }
  return error(Code::invalid, fmt::format("{} is not the path of a bus socket", quote(socket)),
               "name an absolute path such as /run/dbus/system_bus_socket");
}

std::uint64_t microseconds_left(const sys::Patience& patience) {
  // 0 would mean the default of 25 s.
  return std::max<std::uint64_t>(1,
                                 static_cast<std::uint64_t>(patience.left().nanoseconds) / 1'000);
}

template <class T>
Result<json::value> read_number(sd_bus_message* message, char type) {
  T number{};
  const int code = sd_bus_message_read_basic(message, type, &number);
  if (code < 0) return errno_error(-code, "reading a number from the bus");
  if constexpr (std::is_floating_point_v<T>) {
    return json::value(number);
  } else {
    constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
    return json::value(std::cmp_greater(number, largest) ? largest
                                                         : static_cast<std::int64_t>(number));
  }
}

Result<json::value> read_value(sd_bus_message* message, int depth);

// The items of an array, a struct or a dictionary, until its end.
Result<json::value> read_container(sd_bus_message* message, char type, const char* contents,
                                   int depth) {
  const bool is_dictionary = type == SD_BUS_TYPE_ARRAY && contents[0] == '{' && contents[1] == 's';
  int code = sd_bus_message_enter_container(message, type, contents);
  json::array items;
  json::object members;
  while (code > 0 && sd_bus_message_at_end(message, 0) == 0) {
    if (!is_dictionary) {
      items.push_back(TRY(read_value(message, depth + 1)));
      continue;
    }
    code = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, nullptr);
    const char* key = nullptr;
    if (code > 0) code = sd_bus_message_read_basic(message, 's', &key);
    if (code <= 0) break;
    members[key] = TRY(read_value(message, depth + 1));
    code = sd_bus_message_exit_container(message);
  }
  if (code > 0) code = sd_bus_message_exit_container(message);
  if (code < 0) return errno_error(-code, "reading an answer from the bus");
  if (is_dictionary) return json::value(std::move(members));
  if (type == SD_BUS_TYPE_VARIANT && items.size() == 1) return std::move(items[0]);
  return json::value(std::move(items));
}

Result<json::value> read_value(sd_bus_message* message, int depth) {
  char type = 0;
  const char* contents = nullptr;
  const int code = sd_bus_message_peek_type(message, &type, &contents);
  if (code < 0) return errno_error(-code, "reading an answer from the bus");
  if (depth > depth_max) return error(Code::conflict, "the answer from the bus is nested too deep");
  switch (type) {
    case 's':
    case 'o':
    case 'g': {
      const char* text = nullptr;
      if (sd_bus_message_read_basic(message, type, &text) < 0) break;
      return json::value(json::string(text));
    }
    case 'b': {
      int flag = 0;
      if (sd_bus_message_read_basic(message, type, &flag) < 0) break;
      return json::value(flag != 0);
    }
    case 'y':
      return read_number<std::uint8_t>(message, type);
    case 'n':
      return read_number<std::int16_t>(message, type);
    case 'q':
      return read_number<std::uint16_t>(message, type);
    case 'i':
      return read_number<std::int32_t>(message, type);
    case 'u':
      return read_number<std::uint32_t>(message, type);
    case 'x':
      return read_number<std::int64_t>(message, type);
    case 't':
      return read_number<std::uint64_t>(message, type);
    case 'd':
      return read_number<double>(message, type);
    case SD_BUS_TYPE_ARRAY:
    case SD_BUS_TYPE_VARIANT:
    case SD_BUS_TYPE_STRUCT:
      return read_container(message, type, contents, depth);
    default:
      break;
  }
  return error(Code::conflict, "the answer from the bus cannot be understood");
}

int append(sd_bus_message* message, std::string_view type, const json::value& value) {
  if (type == "s") return sd_bus_message_append(message, "s", value.as_string().c_str());
  if (type == "b") return sd_bus_message_append(message, "b", value.as_bool() ? 1 : 0);
  if (type == "i") {
    return sd_bus_message_append(message, "i", static_cast<std::int32_t>(value.as_int64()));
  }
  int code = sd_bus_message_open_container(message, 'a', "s");
  for (const json::value& item : value.as_array()) {
    if (code >= 0) code = sd_bus_message_append(message, "s", item.as_string().c_str());
  }
  return code < 0 ? code : sd_bus_message_close_container(message);
}

Result<Message> compose(sd_bus* bus, const BusCall& call) {
  sd_bus_message* made = nullptr;
  int code = sd_bus_message_new_method_call(bus, &made, call.destination.c_str(), call.path.c_str(),
                                            call.interface.c_str(), call.member.c_str());
  Message message(made);
  std::string_view types = call.signature;
  for (const json::value& argument : call.arguments) {
    if (code < 0) break;
    const std::string_view type = types.substr(0, types.starts_with('a') ? 2 : 1);
    CHECK(!type.empty(), "every argument has a type");
    types.remove_prefix(type.size());
    code = append(message.get(), type, argument);
  }
  if (code >= 0) return message;
  return error(Code::invalid, fmt::format("{} cannot be called with this", call.member),
               "texts that go over the bus are valid UTF-8");
}

}  // namespace

Code bus_error_code(std::string_view name) {
  struct Meaning {
    std::string_view name;
    Code code;
  };
  static constexpr std::array<Meaning, 13> meanings = {{
      {"org.freedesktop.systemd1.NoSuchUnit", Code::not_found},
      {"org.freedesktop.systemd1.LoadFailed", Code::not_found},
      {"org.freedesktop.DBus.Error.FileNotFound", Code::not_found},
      {"org.freedesktop.DBus.Error.UnknownObject", Code::not_found},
      {"org.freedesktop.DBus.Error.ServiceUnknown", Code::not_found},
      {"org.freedesktop.DBus.Error.AccessDenied", Code::refused},
      {"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", Code::refused},
      {"org.freedesktop.systemd1.UnitMasked", Code::refused},
      {"org.freedesktop.DBus.Error.NotSupported", Code::unsupported},
      {"org.freedesktop.DBus.Error.UnknownMethod", Code::unsupported},
      {"org.freedesktop.DBus.Error.UnknownProperty", Code::unsupported},
      {"org.freedesktop.DBus.Error.Timeout", Code::timed_out},
      {"org.freedesktop.DBus.Error.NoReply", Code::timed_out},
  }};
  for (const Meaning& meaning : meanings) {
    if (meaning.name == name) return meaning.code;
  }
  return Code::failed;
}

void Bus::Close::operator()(sd_bus* bus) const {
  sd_bus_close_unref(bus);
}

Bus::Bus(sd_bus* bus, std::string peer) : bus_(bus), peer_(std::move(peer)) {}
Bus::~Bus() = default;
Bus::Bus(Bus&&) noexcept = default;
Bus& Bus::operator=(Bus&&) noexcept = default;

Result<Bus> Bus::open(const std::string& socket, sys::Patience& patience) {
  const std::string path = TRY(path_of(socket));
  sd_bus* made = nullptr;
  int code = sd_bus_new(&made);
  if (code < 0) return errno_error(-code, "making a connection to a bus");
  Bus bus(made, printable(path));
  const bool is_private = path.ends_with("/systemd/private");
  code = sd_bus_set_address(made, (std::string(prefix) + escaped(path)).c_str());
  if (code >= 0) code = sd_bus_set_bus_client(made, is_private ? 0 : 1);
  if (code >= 0) code = sd_bus_set_method_call_timeout(made, microseconds_left(patience));
  if (code >= 0) code = sd_bus_start(made);
  // A file on which nobody listens any more is as good as none.
  if (code == -ECONNREFUSED) code = -ENOENT;
  if (code < 0) return errno_error(-code, "connecting to " + bus.peer_);
  return bus;
}

Result<json::array> Bus::call(const BusCall& call, sys::Patience& patience) {
  const Message message = TRY(compose(bus_.get(), call));
  Problem problem;
  sd_bus_message* raw = nullptr;
  const int code =
      sd_bus_call(bus_.get(), message.get(), microseconds_left(patience), &problem.error, &raw);
  const Message answer(raw);
  if (code == -ETIMEDOUT) {
    return error(Code::timed_out,
                 fmt::format("no answer from {} within {}", peer_, render(patience.limit())));
  }
  if (code < 0 && problem.error.name == nullptr) {
    return errno_error(-code, fmt::format("calling {} on {}", call.member, peer_));
  }
  if (code < 0) {
    const std::string_view said = problem.error.message == nullptr ? "" : problem.error.message;
    return error(bus_error_code(problem.error.name),
                 printable(said.empty() ? problem.error.name : said));
  }
  json::array values;
  while (sd_bus_message_at_end(answer.get(), 1) == 0) {
    values.push_back(TRY(read_value(answer.get(), 0)));
  }
  return values;
}

Result<json::value> Bus::property(const BusCall& object, const std::string& name,
                                  sys::Patience& patience) {
  json::array values = TRY(call({.destination = object.destination,
                                 .path = object.path,
                                 .interface = "org.freedesktop.DBus.Properties",
                                 .member = "Get",
                                 .signature = "ss",
                                 .arguments = {json::string(object.interface), json::string(name)}},
                                patience));
  if (values.size() == 1) return std::move(values[0]);
  return error(Code::conflict, fmt::format("{} answered no value of {}", peer_, name));
}

Result<json::object> Bus::properties(const BusCall& object, sys::Patience& patience) {
  json::array values = TRY(call({.destination = object.destination,
                                 .path = object.path,
                                 .interface = "org.freedesktop.DBus.Properties",
                                 .member = "GetAll",
                                 .signature = "s",
                                 .arguments = {json::string(object.interface)}},
                                patience));
  if (values.size() == 1 && values[0].is_object()) return std::move(values[0].get_object());
  return error(Code::conflict, fmt::format("{} answered no properties", peer_));
}

}  // namespace squall::net
