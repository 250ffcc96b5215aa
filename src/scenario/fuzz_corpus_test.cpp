#include <gtest/gtest.h>

#include "scenario/fake_kinds_test.h"
#include "scenario/fuzz_entry.h"
#include "sys/file.h"

namespace squall::scenario {
namespace {

TEST(ScenarioFuzzCorpus, KeepsEveryPromise) {
  const std::string folder = SQUALL_SOURCE_DIR "/tests/fuzz/scenario";
  const Result<std::vector<std::string>> names = sys::list_folder(folder);
  ASSERT_TRUE(names.ok());
  EXPECT_GE(names->size(), 10U);
  for (const std::string& name : *names) {
    SCOPED_TRACE(name);
    const Result<std::string> bytes = sys::read_file(folder + "/" + name);
    ASSERT_TRUE(bytes.ok());
    fuzz_one(*bytes, fake::faults(), fake::probes());
    fuzz_one(*bytes, fault::catalogue(), probe::catalogue());
  }
}

}  // namespace
}  // namespace squall::scenario
