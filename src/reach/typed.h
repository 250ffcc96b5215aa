// Lets a verb be written over its own struct of parameters. At the foot of its file stands
//
//   extern const Verb verb_redis_push;
//   const Verb verb_redis_push = {.name = "redis.push", .about = "...", .table = &table,
//                                 .call = call_with<table, push>};
#pragma once

#include "reach/reach.h"

namespace squall::reach {

// `function` takes the parameters as the struct of `table`.
template <auto& table, auto function>
Result<json::object> call_with(const json::object& params) {
  return function(TRY(table.from_json(params)));
}

template <auto& table, auto function>
Result<std::unique_ptr<Serving>> serve_with(const json::object& params) {
  return function(TRY(table.from_json(params)));
}

}  // namespace squall::reach
