#include "faults/queue_place.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/poison.h"
#include "core/text.h"

namespace squall::fault {
namespace {

std::string_view word_of(QueueProtocol protocol) {
  switch (protocol) {
    case QueueProtocol::redis:
      return "redis";
    case QueueProtocol::nats:
      return "nats";
    case QueueProtocol::http:
      return "http";
  }
  return {};
}

}  // namespace

Status check_queue(const QueuePlace& place) {
  TRY_VOID(poison_messages("", place.families), "families");
  const auto is_blank = [](char letter) { return static_cast<unsigned char>(letter) <= ' '; };
  const bool has_blanks = std::any_of(place.to.begin(), place.to.end(), is_blank);
  switch (place.queue) {
    case QueueProtocol::redis:
      if (!place.to.empty()) return ok();
      return error(Code::invalid, "to: the list has no name", "name its key, such as jobs");
    case QueueProtocol::nats:
      if (!place.to.empty() && !has_blanks && place.to.find_first_of("*>") == std::string::npos) {
        return ok();
      }
      return error(Code::invalid, fmt::format("to: {} is no subject", quote(place.to)),
                   "name one subject, without blanks, \"*\" and \">\"");
    case QueueProtocol::http:
      if (place.to.starts_with('/') && !has_blanks) return ok();
      return error(Code::invalid, fmt::format("to: {} is no path", quote(place.to)),
                   "write it from its slash on, such as /orders");
  }
  return ok();
}

json::object flood_of(const QueuePlace& place, std::string_view message) {
  const json::value families = param::Codec<std::vector<std::string>>::render(place.families);
  json::object say{{"message", message}};
  if (place.queue == QueueProtocol::http) {
    say = {{"method", "POST"},
           {"target", place.to},
           {"headers", {{"Content-Type", "application/json"}}},
           {"body", message},
           {"token", place.password.reference},
           {"families", families}};
  } else {
    say[place.queue == QueueProtocol::redis ? "list" : "subject"] = place.to;
    say["families"] = families;
    say["username"] = place.username;
    say["password"] = place.password.reference;
  }
  return {{"protocol", word_of(place.queue)},
          {"host", place.host},
          {"port", place.port},
          {"namespace", place.network_namespace},
          {"say", std::move(say)}};
}

Watch arrivals_at(const QueuePlace& place, Rate rate) {
  if (place.queue == QueueProtocol::http) {
    return {"network.flooded",
            {{"port", place.port}, {"namespace", place.network_namespace}, {"rate", render(rate)}}};
  }
  json::object params = param::place_of(place);
  params["rate"] = render(rate);
  if (place.queue == QueueProtocol::redis) return {"redis.fed", std::move(params)};
  params["subject"] = place.to;
  return {"nats.fed", std::move(params)};
}

std::string describe(const QueuePlace& place) {
  const std::string_view what = place.queue == QueueProtocol::redis  ? "the Redis list"
                                : place.queue == QueueProtocol::nats ? "the NATS subject"
                                                                     : "the endpoint";
  return fmt::format("{} {} at {}:{}", what, quote(place.to), printable(place.host), place.port);
}

}  // namespace squall::fault
