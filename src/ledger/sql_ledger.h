// The ledger over any database that speaks SQL.
#pragma once

#include <memory>
#include <string>

#include "ledger/database.h"
#include "ledger/ledger.h"

namespace squall::ledger {

// Brings the tables up to date. `name` is what errors call the ledger (its path).
Result<std::unique_ptr<Ledger>> open_over(std::unique_ptr<Database> database, std::string name,
                                          std::string head_path);

}  // namespace squall::ledger
