// A toxic is a kind of trouble for one direction of a proxied connection. Each kind is one small
// file in this folder: its attributes, its stage, and at the foot
//
//   extern const Kind kind_latency;
//   const Kind kind_latency = kind_of<Latency, LatencyStage>({.name = "latency", ...});
//
// A stage is one toxic at work on one direction of one connection. It is driven by its loop and
// never waits: data comes to it, it hands on what may go on, and says when it wants to be woken.
// The attributes are those of Toxiproxy, whole numbers whose unit its documentation names.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/choices.h"
#include "core/duration.h"
#include "param/table.h"

namespace squall::proxy {

constexpr Duration never{INT64_MAX};

// The longest time that an attribute may ask for, and the largest size or rate: beyond them a
// request is taken for a mistake. Milliseconds of 31 days; 2^40 bytes.
constexpr std::int64_t milliseconds_max = 31LL * 24 * 3600 * 1000;
constexpr std::int64_t size_max = 1LL << 40;

// A piece of data on its way. `stamp` (CLOCK_MONOTONIC) is when it was received, or when the last
// stage that delays handed it on.
struct Chunk {
  Duration stamp;
  std::string data;
};

// Where a stage hands on to: the next stage, or the socket. Hands on in the order of the calls.
class Outlet {
 public:
  virtual ~Outlet() = default;
  virtual void pass(Chunk chunk) = 0;
  // The source has finished, and all that it sent has been passed.
  virtual void pass_end() = 0;
  // Closes the connection as soon as what was passed is delivered; nothing more is read.
  virtual void cut() = 0;
  // Aborts the connection now: both peers get a RST, what is under way is lost.
  virtual void reset() = 0;
  // From now on the destination does not hear that the source is gone, neither by its end, which
  // the stage must keep to itself, nor by its failure. False: it may hear of it again, and does at
  // once if the source has failed meanwhile.
  virtual void hold_open(bool is_held) = 0;
};

enum class Stream : std::uint8_t { upstream, downstream };  // to the server; to the client

// Hears what a client sends on a connection, where it comes in and before any toxic, for stages of
// the other direction that must know what was asked.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void hear(std::string_view bytes) = 0;
};
using MakeListener = std::shared_ptr<Listener> (*)(bool is_from_start);

class Traffic;

// What a stage knows when it begins.
struct Start {
  Duration now;
  // Every draw of this stage: `choices.unit("", "jitter", n)`. It holds the seed, the proxy, the
  // connection, the direction, the toxic and its revision.
  Choices choices;
  // On the downstream, for kinds that listen.
  std::shared_ptr<Listener> listener = nullptr;
  bool is_from_start = true;  // nothing has come in this direction yet
  // For what is told of single requests.
  const Traffic* traffic = nullptr;
  std::uint64_t connection = 0;
  std::string toxic = {};
};

class Stage {
 public:
  enum class Parting { changed, removed };

  virtual ~Stage() = default;
  virtual void take(Chunk chunk, Duration now, Outlet& out) = 0;
  virtual void take_end(Duration now, Outlet& out) = 0;
  // The time named by wake_at has come; wake_at is `never` again.
  virtual void wake(Duration, Outlet&) {}
  // The toxic is changed or removed: everything held passes at once. The last call.
  virtual void part(Parting, Outlet&) {}
  // For the stage that follows a changed one, before that parts: takes over what the connection
  // has used up of it.
  virtual void adopt(Stage&) {}
  virtual std::size_t held() const { return 0; }

  Duration wake_at = never;
};

// How a connection that begins is met: carried; aborted at once; taken and left without an answer,
// until the toxic is removed, which closes it. The server hears only of those that are carried.
enum class Door : std::uint8_t { carries, refuses, hangs };

struct Attributes {
  json::object shown;                 // every attribute
  std::shared_ptr<const void> typed;  // the struct of the kind
};

// Bytes that one direction of a connection may hold before its source is no longer read.
constexpr std::size_t narrow_room = 64 << 10;
constexpr std::size_t wide_room = 16 << 20;

struct Kind {
  std::string_view name;
  std::string_view about;   // one sentence
  bool acts_alone = false;  // acts on a connection even while no data comes
  std::size_t room = narrow_room;
  const param::AnyTable* table = nullptr;
  // `base` are the attributes to start from, nullptr for the defaults. Keys that are not known are
  // left out, as Toxiproxy does. Errors: Code::invalid.
  Result<Attributes> (*parse)(const Kind& kind, const Attributes* base,
                              const json::object& given) = nullptr;
  // May be nullptr: a toxic that does nothing needs no stage.
  std::unique_ptr<Stage> (*make)(const void* typed, const Start& start) = nullptr;
  // The only direction in which it makes sense.
  std::optional<Stream> only = std::nullopt;
  // For stages of the downstream that must know what the client asks.
  MakeListener listen = nullptr;
  // For toxics that act on connections before they carry anything.
  Door (*door)(const void* typed) = nullptr;
};

using Catalogue = std::vector<const Kind*>;
const Catalogue& catalogue();
const Kind* find(const Catalogue& kinds, std::string_view name);

// Of `given`, the keys that the table knows, in any case as encoding/json of Go takes them, laid
// over those of `base`. A null changes nothing.
json::object known_attributes(const param::AnyTable& table, const Attributes* base,
                              const json::object& given);

struct KindText {
  std::string_view name;
  std::string_view about;
  bool acts_alone = false;
  std::size_t room = narrow_room;
  std::optional<Stream> only = std::nullopt;
  MakeListener listen = nullptr;
};

// P may have a static `Status check(const P&)` for what no single field can say.
// S is the stage, made from (const P&, const Start&); void for a kind without one.
template <class P, class S>
Kind kind_of(const param::Table<P>& table, KindText text) {
  Kind kind{.name = text.name,
            .about = text.about,
            .acts_alone = text.acts_alone,
            .room = text.room,
            .table = &table,
            .only = text.only,
            .listen = text.listen};
  kind.parse = [](const Kind& self, const Attributes* base,
                  const json::object& given) -> Result<Attributes> {
    const auto& typed_table = static_cast<const param::Table<P>&>(*self.table);
    P typed = TRY(typed_table.from_json(known_attributes(typed_table, base, given)));
    if constexpr (requires { P::check(typed); }) TRY_VOID(P::check(typed));
    json::object shown = typed_table.to_json(typed);
    return Attributes{std::move(shown), std::make_shared<const P>(std::move(typed))};
  };
  kind.make = [](const void* typed, const Start& start) -> std::unique_ptr<Stage> {
    if constexpr (std::is_void_v<S>) {
      return nullptr;
    } else {
      return std::make_unique<S>(*static_cast<const P*>(typed), start);
    }
  };
  return kind;
}

}  // namespace squall::proxy
