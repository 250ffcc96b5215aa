// References: `${redis.port}` in a scenario stands for what the target map, `--set redis.port=7000`
// or the scenario's own `targets:` say. `${env:NAME}` and `${file:/PATH}` are secrets: they stay in
// the plan as they are written, and only the run itself reads their values.
//
// A scalar which is one whole reference takes the value with its type, a mapping too; within a text
// the value must be a scalar. Values may hold references themselves. `$${` is a plain "${".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/diagnostics.h"
#include "core/node.h"
#include "core/result.h"

namespace squall::scenario {

// One `--set name=value`. The value is read like an unquoted scalar: 7000 is a number.
struct Setting {
  std::string name;
  std::string value;
};
Result<Setting> parse_setting(std::string_view text);

// Where names are looked up. The first that knows a name wins: settings, the scenario's own map,
// the target map.
struct Sources {
  std::vector<Setting> settings;
  Node own;      // `targets:` of the scenario; a mapping or null
  Node targets;  // of the target map file; a mapping or null
  std::string targets_file;
  // Whether a secret that cannot be read is a mistake. Somebody who only checks or approves a
  // scenario need not own its secrets.
  bool demand_secrets = true;
};

class References {
 public:
  // `sources` must outlive this object. Mistakes in the target map are reported in its own file.
  References(const Sources& sources, std::string file);

  // Replaces every reference below `node`. What cannot be resolved stays as it is.
  void resolve(Node& node);
  // Settings that no reference used and no map knows: most likely typing mistakes.
  void check_settings();
  // Everything found wrong so far.
  Diagnostics mistakes() const;
  // Adds to `to` what later checks found, without those mistakes which only follow from a reference
  // that could not be resolved, and with a better hint where a secret stands in a wrong place.
  void pass_on(const Diagnostics& found, Diagnostics& to) const;

 private:
  struct Place {  // where the text being resolved stands
    Diagnostics* diagnostics = nullptr;
    Mark mark;
  };
  std::optional<Node> replace_scalar(const Node& scalar, Place place);
  bool append_value(Node& made, const std::string& name, const std::optional<Node>& value,
                    Place place);
  std::optional<Node> look_up(const std::string& name, Place place);
  std::optional<Node> find_value(const std::string& name, bool& is_in_targets);
  void resolve_below(Node& node, Diagnostics& diagnostics);
  bool check_secret(std::string_view reference, Place place);
  void report_unknown(const std::string& name, Place place);

  const Sources& sources_;
  Diagnostics own_;
  Diagnostics in_targets_;
  std::map<std::string, std::optional<Node>> known_;  // resolved once, used often
  std::vector<std::string> open_;                     // names being resolved, to see circles
  std::vector<Node> failed_;                          // scalars that could not be resolved
  std::vector<Node> secrets_;                         // scalars that hold a secret
  std::size_t failures_ = 0;                          // in either file
  std::size_t copied_ = 0;
};

// True when some text of the value holds a secret's reference.
bool holds_secret(const json::value& value);
// The value with every `${env:NAME}` and `${file:/PATH}` replaced; a file's content is trimmed.
// Errors name the variable or the file, never a value: a variable that is not set, a file that is
// missing, not regular, over 64 KiB or no text.
Result<json::value> resolve_secrets(const json::value& value);

// A target map: `targets`, the names and their values, and `protect`, full paths that no change may
// touch.
struct TargetMap {
  Node targets;  // null after a mistake
  std::vector<std::string> protect;
  std::vector<std::string> absent = {};  // those of them that are not there now
};
TargetMap load_target_map(const std::string& path, Diagnostics& diagnostics);

}  // namespace squall::scenario
