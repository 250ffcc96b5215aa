// down: new connections find nobody. Those that are open go on.
//
// `refuse` aborts a connection as soon as it is there: the kernel has accepted it before the proxy
// can choose, so the client meets a RST after its connect and not in place of it; a proxy that is
// disabled refuses the connect itself, but all of them. `hang` takes the connection and answers
// nothing, as a server does whose queue is full; those that hang are closed when the toxic is
// removed. In neither case does the server hear anything. The stream of the toxic does not matter.
#include "proxy/toxics/toxic.h"

namespace squall::proxy {
namespace {

using param::choice;

struct Down {
  Door mode = Door::refuses;
};

const param::Table<Down> table{{
    choice("mode", &Down::mode, {{"refuse", Door::refuses}, {"hang", Door::hangs}},
           "What becomes of a new connection."),
}};

Kind make_kind() {
  Kind kind = kind_of<Down, void>(
      table, {.name = "down", .about = "Refuses new connections, or leaves them unanswered."});
  kind.door = [](const void* typed) { return static_cast<const Down*>(typed)->mode; };
  return kind;
}

}  // namespace

extern const Kind kind_down;
const Kind kind_down = make_kind();

}  // namespace squall::proxy
