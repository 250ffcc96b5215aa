// noop: nothing. It shows that a toxic can be added and taken away without anybody noticing.
#include "proxy/toxics/toxic.h"

namespace squall::proxy {
namespace {

struct Noop {};

const param::Table<Noop> table{{}};

}  // namespace

extern const Kind kind_noop;
const Kind kind_noop = kind_of<Noop, void>(table, {.name = "noop", .about = "Does nothing."});

}  // namespace squall::proxy
