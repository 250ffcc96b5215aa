#include "cli/documents.h"

#include <fmt/core.h>

#include "core/text.h"
#include "engine/words.h"
#include "faults/fault.h"
#include "probes/probe.h"
#include "scenario/parse.h"
#include "scenario/references.h"
#include "scenario/source.h"
#include "witness/witness.h"

namespace squall::cli {
namespace {

// Lays `later` over `earlier`, mapping by mapping.
void lay_over(Node& earlier, const Node& later) {
  if (!earlier.is_mapping() || !later.is_mapping()) {
    earlier = later;
    return;
  }
  for (const Entry& entry : later.entries) {
    if (Node* known = earlier.find(entry.key)) {
      lay_over(*known, entry.value);
    } else {
      earlier.entries.push_back(entry);
    }
  }
}

// Names are laid over each other; what any of the maps protects is protected.
void load_target_maps(const std::vector<std::string>& paths, scenario::Sources& sources,
                      Loaded& loaded) {
  for (const std::string& path : paths) {
    Diagnostics found(path);
    auto [targets, protect, absent] = scenario::load_target_map(path, found);
    loaded.mistakes.merge(found);
    for (const std::string& missing : absent) {
      loaded.notes.push_back(fmt::format(
          "{} protects {}, which is not there; what comes into being there is protected",
          printable(path), printable(missing)));
    }
    loaded.protect.insert(loaded.protect.end(), protect.begin(), protect.end());
    if (targets.is_null()) continue;
    if (sources.targets.is_null()) {
      sources.targets = std::move(targets);
      sources.targets_file = path;
    } else {
      lay_over(sources.targets, targets);
      sources.targets_file += ", " + path;
    }
  }
}

}  // namespace

std::vector<Word<DocumentWords>> document_words() {
  return {
      option("--targets", "FILE", &DocumentWords::targets,
             "A map of the services, for references such as ${redis.port}; a later one wins."),
      option("--set", "NAME=VALUE", &DocumentWords::settings,
             "Sets a reference; wins over every map."),
      option("--seed", "N", &DocumentWords::seed,
             "The seed of every random choice: the same seed, the same choices."),
      option("--time-scale", "F", &DocumentWords::time_scale,
             "Multiplies the author's durations, 0.001 to 10."),
  };
}

engine::Environment environment_of(const std::string& state) {
  return {.faults = &fault::catalogue(),
          .probes = &probe::catalogue(),
          .witnesses = &witness::catalogue(),
          .guardian = {.state_folder = state}};
}

Result<Loaded> load_scenario(const std::string& path, const DocumentWords& words,
                             std::uint64_t seed) {
  scenario::Options options{.faults = fault::catalogue(), .probes = probe::catalogue()};
  options.seed = words.seed.value_or(seed);
  options.time_scale = words.time_scale;
  options.sources.demand_secrets = words.demand_secrets;
  for (const std::string& setting : words.settings) {
    options.sources.settings.push_back(TRY(scenario::parse_setting(setting)));
  }
  Loaded loaded{std::nullopt, Diagnostics(path)};
  Result<std::string> read = scenario::read_source(path);
  if (!read.ok()) {
    // Whatever the reason, it is the wrong file.
    return error(Code::invalid,
                 fmt::format("reading the scenario {}: {}", path, read.error().render()),
                 read.error().next);
  }
  const std::string text = std::move(read).value();
  load_target_maps(words.targets, options.sources, loaded);
  // A scenario read with half its target map would only repeat what is wrong with the map.
  if (!loaded.mistakes.empty()) return loaded;
  loaded.plan = scenario::parse_scenario(text, path, options, loaded.mistakes);
  return loaded;
}

void tell_notes(const Console& console, const Loaded& loaded) {
  for (const std::string& note : loaded.notes) console.print_error("squall: note: " + note + "\n");
}

int complain_of_mistakes(const Console& console, const Diagnostics& mistakes) {
  console.print_error(mistakes.render());
  console.print_error(
      fmt::format("squall: {}; nothing was touched\n",
                  engine::say_count(static_cast<std::int64_t>(mistakes.size()), "mistake")));
  return exit_wrong_use;
}

}  // namespace squall::cli
