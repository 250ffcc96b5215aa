// A connection to a D-Bus: calls with an answer, over a unix socket, with a limit on each.
//
// Values travel as JSON: a dictionary with text keys becomes an object, any other array and a
// struct become an array, a variant becomes what is in it. Numbers above the largest std::int64_t,
// which systemd uses for "no limit", become that one.
//
// systemd also answers without any bus on a socket called systemd/private, where only the other
// side of the socket is there to talk to; a path with that ending is spoken to that way.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/node.h"
#include "core/result.h"
#include "sys/patience.h"

struct sd_bus;

namespace squall::net {

struct BusCall {
  std::string destination;  // "org.freedesktop.systemd1"
  std::string path;         // of the object
  std::string interface;
  std::string member;
  // The types of the arguments, each one of: s (text), b (yes or no), i (32-bit number), as (list
  // of texts). The D-Bus specification names them.
  std::string signature;
  json::array arguments;
};

class Bus {
 public:
  // `socket` is an absolute path; "unix:path=" before it is allowed. Errors: Code::invalid for any
  // other address, Code::not_found where nobody listens, Code::refused without the right to
  // connect.
  static Result<Bus> open(const std::string& socket, sys::Patience& patience);
  ~Bus();
  Bus(Bus&&) noexcept;
  Bus& operator=(Bus&&) noexcept;

  // What was answered, one item for each value. Errors: Code::not_found when the thing called does
  // not exist, Code::refused when it may not be called, Code::unsupported when it cannot do that,
  // Code::timed_out, and Code::failed for all else that the other side says.
  Result<json::array> call(const BusCall& call, sys::Patience& patience);
  // org.freedesktop.DBus.Properties: one of an interface, and all of them.
  Result<json::value> property(const BusCall& object, const std::string& name,
                               sys::Patience& patience);
  Result<json::object> properties(const BusCall& object, sys::Patience& patience);

  const std::string& peer() const { return peer_; }

 private:
  struct Close {
    void operator()(sd_bus* bus) const;
  };
  explicit Bus(sd_bus* bus, std::string peer);
  std::unique_ptr<sd_bus, Close> bus_;
  std::string peer_;
};

// The code that an error name of D-Bus stands for.
Code bus_error_code(std::string_view name);

}  // namespace squall::net
