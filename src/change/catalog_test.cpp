// The catalogue against the sources: a kind that is not listed is a way to touch the host that
// nobody sees.
#include <algorithm>
#include <filesystem>
#include <set>

#include <gtest/gtest.h>

#include "change/change.h"
#include "sys/file.h"

namespace squall::change {
namespace {

const std::string folder = SQUALL_SOURCE_DIR "/src/change";

std::string file_of(const Kind& kind) {
  std::string name(kind.name);
  std::replace(name.begin(), name.end(), '.', '_');
  return name + ".cpp";
}

TEST(ChangeCatalogue, ListsEveryFileThatDefinesAKindAndNoOther) {
  std::set<std::string> defining;
  for (const std::string& name : sys::list_folder(folder).value()) {
    if (!name.ends_with(".cpp") || name.ends_with("_test.cpp")) continue;
    const std::string text = sys::read_file(folder + "/" + name).value();
    if (text.find("= make_kind<") != std::string::npos) defining.insert(name);
  }
  std::set<std::string> listed;
  for (const Kind* kind : catalogue()) listed.insert(file_of(*kind));
  EXPECT_EQ(defining, listed);
  EXPECT_EQ(listed.size(), catalogue().size()) << "a kind is listed twice";
}

TEST(ChangeCatalogue, HoldsKindsThatHaveTheVerbsOfTheirKeeping) {
  for (const Kind* kind : catalogue()) {
    SCOPED_TRACE(kind->name);
    EXPECT_TRUE(kind->table != nullptr && kind->footprint && kind->capture);
    EXPECT_TRUE(kind->describe && kind->undo);
    EXPECT_FALSE(kind->about.empty());
    EXPECT_EQ(static_cast<bool>(kind->hold), kind->keeping == Keeping::held);
    EXPECT_EQ(static_cast<bool>(kind->apply), kind->keeping != Keeping::held);
    if (kind->keeping != Keeping::held) {  // which may have it, to clear what the kernel leaves
      EXPECT_EQ(static_cast<bool>(kind->revert), kind->keeping == Keeping::journaled);
    }
    EXPECT_EQ(static_cast<bool>(kind->verify), kind->keeping != Keeping::irreversible);
  }
}

TEST(ChangeCatalogue, IsToldAtTheHeadOfEachFile) {
  for (const Kind* kind : catalogue()) {
    const std::string text = sys::read_file(folder + "/" + file_of(*kind)).value();
    EXPECT_TRUE(text.starts_with("// " + std::string(kind->name) + ": ")) << kind->name;
  }
}

TEST(ChangeCatalogue, FindsAKindByItsNameOnly) {
  EXPECT_EQ(find(catalogue(), "process.stop")->name, "process.stop");
  EXPECT_EQ(find(catalogue(), "process"), nullptr);
  EXPECT_EQ(find(catalogue(), ""), nullptr);
}

}  // namespace
}  // namespace squall::change
