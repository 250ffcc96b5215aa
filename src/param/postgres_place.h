// Which PostgreSQL is meant and how to get in: the parameters that everything has in common which
// talks to one.
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "core/text.h"
#include "param/service_place.h"

namespace squall::param {

// The host may also be the folder of the server's unix socket.
struct PostgresPlace : ServicePlace {
  PostgresPlace() {
    port = 5432;
    username = "postgres";
  }
  std::string database = "postgres";
};

// The fields of the place, before `more`.
template <std::derived_from<PostgresPlace> P>
std::vector<Field<P>> with_postgres(std::vector<Field<P>> more) {
  std::vector<Field<P>> fields{field("database",
                                     static_cast<std::string P::*>(&PostgresPlace::database),
                                     {.about = "To connect to."})};
  for (Field<P>& one : more) fields.push_back(std::move(one));
  return with_place<P>(std::move(fields));
}

// The members of the place as they travel in a request.
inline json::object request_for(const PostgresPlace& place) {
  json::object request = place_of(place);
  request["database"] = place.database;
  return request;
}

// "PostgreSQL at 127.0.0.1:5432"
inline std::string describe(const PostgresPlace& place) {
  return fmt::format("PostgreSQL at {}:{}", printable(place.host), place.port);
}

}  // namespace squall::param
