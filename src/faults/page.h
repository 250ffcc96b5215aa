// Renders the documentation of faults from their kinds: docs/faults is written by these functions
// and by nobody else, and a test holds it to them.
#pragma once

#include <string>

#include "faults/fault.h"

namespace squall::fault {

// The Markdown page of one fault: parameters, mechanism, undo, limits, needs, proof, example.
// The example must plan (see catalog_test.cpp).
std::string page(const Kind& kind);

// The Markdown page that lists them all.
std::string index_page(const Catalogue& kinds);

// A host that has everything, with the cpu controller of cgroup v1 or v2, and facts in which the
// wants of the example come true: what the page, and tests, plan the example with.
Facts example_facts(const Kind& kind, int cgroup_version);

// The example's parameters in canonical form. Aborts on an example that the table refuses.
json::object example_params(const Kind& kind);

}  // namespace squall::fault
