// What the faults of queues share: where a queue is, how it is flooded, and how that is seen.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "faults/fault.h"
#include "param/service_place.h"

namespace squall::fault {

enum class QueueProtocol { redis, nats, http };

struct QueuePlace : param::ServicePlace {
  QueueProtocol queue = QueueProtocol::redis;
  std::string to;
  std::vector<std::string> families;
};

template <std::derived_from<QueuePlace> P>
std::vector<param::Field<P>> with_queue(std::vector<param::Field<P>> more) {
  std::vector<param::Field<P>> fields{
      param::choice("queue", static_cast<QueueProtocol P::*>(&QueuePlace::queue),
                    {{"redis", QueueProtocol::redis},
                     {"nats", QueueProtocol::nats},
                     {"http", QueueProtocol::http}},
                    "What kind of queue it is: a Redis list, a NATS subject, or an HTTP endpoint "
                    "that takes POST."),
      param::field("to", static_cast<std::string P::*>(&QueuePlace::to),
                   {.about = "The list, the subject, or the path.", .required = true}),
      param::field("families", static_cast<std::vector<std::string> P::*>(&QueuePlace::families),
                   {.about = "What kind of poison: json, types, encoding, oversize, script and "
                             "sql_injection; none named means all."}),
  };
  for (param::Field<P>& one : more) fields.push_back(std::move(one));
  return param::with_place<P>(std::move(fields));
}

// Code::invalid for a name that the protocol does not allow, and for families that are none.
Status check_queue(const QueuePlace& place);
// The members of a traffic.flood that say where and what.
json::object flood_of(const QueuePlace& place, std::string_view message);
// The witness that sees messages come at this rate.
Watch arrivals_at(const QueuePlace& place, Rate rate);
// "the Redis list \"jobs\" at 127.0.0.1:6379"
std::string describe(const QueuePlace& place);

}  // namespace squall::fault
