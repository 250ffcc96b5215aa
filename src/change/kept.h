// An original that is kept aside, in its own folder, while something else is done to its name.
#pragma once

#include <string>
#include <string_view>

#include "change/change.h"
#include "core/node.h"
#include "core/result.h"
#include "sys/place.h"

namespace squall::change {

// ".NAME.squall-ID", where ID comes from the parameters of the change: the same change finds it
// again after a crash. A long name is cut, so that the result fits into a folder.
std::string kept_name(std::string_view name, const json::object& params);

// The folder, held open, with the name and the name aside.
struct KeptPlace {
  sys::Place place;
  std::string kept;

  const std::string& name() const { return place.name; }
  std::string path() const { return place.path(); }
  std::string kept_path() const { return place.path_of(kept); }
};
// `path` is a real path.
Result<KeptPlace> open_kept_place(const std::string& path, const json::object& params);
// From the members "path" and "kept" of a record.
Result<KeptPlace> recorded_kept_place(const json::object& before);

// Code::conflict when something has this name already: most likely the original of an earlier run.
Status check_is_free(const KeptPlace& at, const std::string& name);

// How an undo ends whose place cannot be opened: it is gone with `what`, or foreign when a link
// stands in its way now. Other errors stay errors, and the undo is tried again.
Result<Reverted> ending_without_place(const Error& problem, std::string_view what);

}  // namespace squall::change
