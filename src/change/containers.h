// What the change kinds on containers share: whom they speak of, how squall-reach is asked, and
// what must not be touched.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "change/change.h"
#include "core/duration.h"
#include "param/table.h"

namespace squall::change {

// A container of a daemon that speaks Docker's interface.
struct Container {
  std::string socket = "/run/docker.sock";
  std::string container;  // name, id, or the beginning of an id

  std::string describe() const;  // "the container web"
};

// The fields `socket` and `container` of a table whose struct derives from Container.
template <class P>
std::vector<param::Field<P>> container_fields() {
  const auto of = [](std::string Container::*member) {
    return static_cast<std::string P::*>(member);
  };
  return {
      param::field("socket", of(&Container::socket),
                   {.about = "The socket of the container daemon."}),
      param::field("container", of(&Container::container),
                   {.about = "Its name, its id, or the beginning of its id.", .required = true})};
}

// What is there, by the verb container.show. `name` is the container's name, or its recorded id: a
// name may belong to another container by the time of the undo.
Result<json::object> show_container(const Container& place, const std::string& name);
// One order, by the verb container.act; returns when it is carried out. `more` are further
// parameters of that verb.
Status act_on_container(const Container& place, const std::string& id, std::string_view act,
                        json::object more, Duration limit);

// Its processes, and its `aspect` as an exclusive resource: "activity". Code::refused for the
// container that this process itself runs in.
Result<Footprint> container_footprint(const json::object& shown, std::string_view aspect);
// Code::conflict unless it runs and is not paused; Code::unsupported where its processes are not to
// be found here.
Status check_is_running(const Container& place, const json::object& shown);
// The beginning of a before-image: what tells this container, and the host of its daemon, from
// later ones of the same name.
json::object identity_of(const Container& place, const json::object& shown);

// The container of a before-image as it is now. `gone` says why there is nothing to undo any more;
// then `shown` is empty. A daemon that does not answer is an error: it may come back.
struct Found {
  json::object shown;
  std::string gone;
};
Result<Found> find_again(const Container& place, const json::object& before);
// The same before an undo: where the change is not to be seen, it is looked for again for 100 ms. A
// daemon goes on with an order when the one who gave it has died, and may just have begun.
Result<Found> find_settled(const Container& place, const json::object& before,
                           const std::function<bool(const json::object& shown)>& is_made);

}  // namespace squall::change
