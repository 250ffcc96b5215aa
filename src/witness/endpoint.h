// What the witnesses share that connect to an endpoint as a client would: where it is, and the
// fields that name it.
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include "param/table.h"

namespace squall::witness {

struct Endpoint {
  enum class Protocol { tcp, udp };
  std::string host;
  std::int64_t port = 0;
  std::string network_namespace;  // to connect from; empty: our own
  Protocol protocol = Protocol::tcp;
};

// The fields of the endpoint, before those that say what is looked for there.
template <std::derived_from<Endpoint> T>
std::vector<param::Field<T>> with_endpoint(std::vector<param::Field<T>> fields) {
  std::vector<param::Field<T>> all{
      param::field("host", static_cast<std::string T::*>(&Endpoint::host),
                   {.about = "Address of the endpoint.", .required = true}),
      param::field("port", static_cast<std::int64_t T::*>(&Endpoint::port),
                   {.about = "Its port.", .required = true, .min = 1, .max = 65535}),
      param::field(
          "namespace", static_cast<std::string T::*>(&Endpoint::network_namespace),
          {.about = "Path of the network namespace to connect from; empty means our own."}),
      param::choice("protocol", static_cast<Endpoint::Protocol T::*>(&Endpoint::protocol),
                    {{"tcp", Endpoint::Protocol::tcp}, {"udp", Endpoint::Protocol::udp}},
                    "How to connect.")};
  for (param::Field<T>& field : fields) all.push_back(std::move(field));
  return all;
}

}  // namespace squall::witness
