// Where a service is and how to get in: the parameters that everything has in common which talks to
// a database or a queue.
//
//   struct Pause : param::ServicePlace {
//     Pause() { port = 6379; }
//     Duration piece;
//   };
//   const param::Table<Pause> table{param::with_place<Pause>({field("piece", ...)})};
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include "param/secret_codec.h"
#include "param/table.h"

namespace squall::param {

struct ServicePlace {
  std::string host = "127.0.0.1";
  std::int64_t port = 0;
  std::string network_namespace;
  std::string username;
  Secret password;
};

// The fields of the place, before `more`. A port must be given unless P has a default for it.
template <std::derived_from<ServicePlace> P>
std::vector<Field<P>> with_place(std::vector<Field<P>> more) {
  std::vector<Field<P>> fields{
      field("host", static_cast<std::string P::*>(&ServicePlace::host),
            {.about = "Address or name of the service."}),
      field("port", static_cast<std::int64_t P::*>(&ServicePlace::port),
            {.about = "Its port.", .required = P{}.port == 0, .min = 1, .max = 65535}),
      field("namespace", static_cast<std::string P::*>(&ServicePlace::network_namespace),
            {.about = "Path of the network namespace to connect from: /run/netns/NAME or "
                      "/proc/PID/ns/net. Empty means the host's."}),
      field("username", static_cast<std::string P::*>(&ServicePlace::username),
            {.about = "To log in with; empty for none."}),
      field("password", static_cast<Secret P::*>(&ServicePlace::password),
            {.about = "To log in with; only a reference may stand here."}),
  };
  for (Field<P>& one : more) fields.push_back(std::move(one));
  return fields;
}

// The members of the place as they travel in a request.
template <std::derived_from<ServicePlace> P>
json::object place_of(const P& params) {
  return {{"host", params.host},
          {"port", params.port},
          {"namespace", params.network_namespace},
          {"username", params.username},
          {"password", params.password.reference}};
}

}  // namespace squall::param
