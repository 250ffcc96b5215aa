// The contract of a fault: a pure function from typed parameters and observed facts to a list of
// reversible changes, and to what a witness must see.
//
// Kinds are leaves: one file each, one line in catalog.cpp, nobody includes them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "change/change.h"
#include "core/choices.h"
#include "core/selector.h"
#include "param/table.h"
#include "sys/filesystem.h"
#include "sys/host.h"
#include "sys/process.h"

namespace squall::fault {

struct FileFacts {
  bool exists = false;  // as a regular file; the other members but is_folder hold only then
  bool is_folder = false;
  std::uint64_t size = 0;
  std::string sha256;      // hexadecimal
  std::uint32_t mode = 0;  // permission bits: 0644
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  // Only where it was asked for, and the file is no larger than largest_content.
  std::optional<std::string> content;
};
inline constexpr std::uint64_t largest_content = 1 << 20;

// What a kind wants to know before it plans. The engine looks and hands the answers over as Facts.
struct Wants {
  std::optional<Selector> victims;
  std::vector<std::string> files;
  std::vector<std::string> controllers = {};  // in which group each victim stands: "memory"
  std::vector<std::string> contents = {};     // files whose text is wanted
  std::vector<std::string> filesystems = {};  // paths
  std::vector<std::string> programs = {};     // names of executable files
  std::string search_path = {};         // where they are looked for; empty: each victim's PATH
  std::vector<std::string> users = {};  // names or numbers
  std::vector<std::string> groups = {};
};

struct Facts {
  sys::HostFacts host;
  std::vector<sys::Process> victims;  // found and picked
  std::map<std::string, FileFacts> files;
  // By controller and pid: the directory of the victim's group in that hierarchy.
  std::map<std::string, std::map<std::int64_t, std::string>, std::less<>> cgroups;
  std::map<std::string, sys::Filesystem> filesystems;        // those that could be looked at
  std::map<std::string, std::vector<std::string>> programs;  // every file of that name found
  std::map<std::string, std::uint32_t> users;
  std::map<std::string, std::uint32_t> groups;
};

// What must be seen, named for the witness catalogue. Data only: a fault and a witness share no
// code.
struct Watch {
  std::string witness;  // "process.stopped"
  json::object params;
  // How long the onset may take where that is longer than usual: a ramp. Ends with the fault.
  Duration within;
};

struct Strike {
  std::vector<change::Request> changes;  // applied in order, reverted newest first
  std::vector<Watch> watches;            // each must see the onset, and the end where there is one
  std::string target;                    // for people: "redis-server (pid 4711)"
};

// A fault that strikes again: every `every`, each time with `probability`, at most `times` times.
// Victims are looked up anew for each strike.
struct Repeat {
  Duration every;
  double probability = 1;
  std::int64_t times = 1;
};

enum class Lasting {
  spell,    // in force from its start until its end ("for")
  instant,  // over as soon as it struck; there is nothing to end
};

struct Kind {
  std::string_view name;       // "process.pause"
  std::string_view summary;    // one sentence: what the victim feels
  std::string_view mechanism;  // how it is done
  std::string_view undo;       // how it is undone, and by whom if squall dies
  std::string_view limits;     // what it cannot do
  std::string_view accuracy;   // dose asked against dose delivered, as measured; may be empty
  Lasting lasting = Lasting::spell;
  // Why it cannot be undone; empty for kinds that can. A scenario must then accept it in writing.
  std::string_view irreversible;
  // Parameters as JSON, for the page. A test plans them, so that no page shows what does not work.
  std::string_view example;
  const param::AnyTable* table = nullptr;

  std::function<std::vector<sys::Need>(const sys::HostFacts&)> needs;
  std::function<Result<Wants>(const json::object& params)> wants;
  // Pure. `ordinal` counts the strikes of this fault from 0.
  std::function<Result<Strike>(const json::object& params, const Facts& facts,
                               const Choices& choices, std::uint64_t ordinal)>
      plan;
  // Empty for kinds that strike once.
  std::function<Result<Repeat>(const json::object& params)> repeat;
};

using Catalogue = std::vector<const Kind*>;
const Catalogue& catalogue();
const Kind* find(const Catalogue& kinds, std::string_view name);

}  // namespace squall::fault
