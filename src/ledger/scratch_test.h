// A folder of its own for a ledger under test, and runs to put into it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "ledger/ledger.h"

namespace squall::ledger {

struct Scratch {
  Scratch() {
    std::string pattern = testing::TempDir() + "ledger-XXXXXX";
    if (mkdtemp(pattern.data()) != nullptr) folder = pattern;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!folder.empty()) std::filesystem::remove_all(folder, ignored);
  }

  std::string path() const { return folder + "/ledger.db"; }
  std::string head_path() const { return path() + ".head"; }

  Run run(int number) const {
    const std::string text = std::to_string(number);
    return {.id = "run-" + text,
            .wall = "2026-03-01T12:00:00.000Z",
            .scenario = "redis-kill",
            .plan_hash = std::string(64, 'a'),
            .seed = 7,
            .outcome = "held",
            .exit_code = 0,
            .learnt = "It came back.",
            .duration = seconds(6),
            .timeline_path = "",
            .timeline_sha256 = "none",
            .verdict = R"({"outcome":"held"})",
            .plan = R"({"scenario":"redis-kill"})",
            .host = "db1"};
  }

  std::string folder;
};

}  // namespace squall::ledger
