// The probes that ship: one line each. A test counts the files against it.
#include "probes/probe.h"

namespace squall::probe {

extern const Kind kind_command;
extern const Kind kind_file;
extern const Kind kind_http;
extern const Kind kind_malformed;
extern const Kind kind_process;
extern const Kind kind_service;
extern const Kind kind_sql;
extern const Kind kind_tcp;

const Catalogue& catalogue() {
  // clang-format off
  static const Catalogue kinds = {
      &kind_command,
      &kind_file,
      &kind_http,
      &kind_malformed,
      &kind_process,
      &kind_service,
      &kind_sql,
      &kind_tcp,
  };
  // clang-format on
  return kinds;
}

const Kind* find(const Catalogue& kinds, std::string_view name) {
  for (const Kind* kind : kinds) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

}  // namespace squall::probe
