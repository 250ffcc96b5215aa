// Holds the catalogue to the folders and every kind to the contract.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "sys/file.h"
#include "witness/witness.h"

namespace squall::witness {
namespace {

const std::string source_folder = std::string(SQUALL_SOURCE_DIR) + "/src/witness";

// "process.ended" for every src/witness/process/ended.cpp.
std::set<std::string> kinds_in_folders(std::string_view suffix) {
  std::set<std::string> names;
  for (const std::string& folder : sys::list_subfolders(source_folder).value()) {
    for (const std::string& file : sys::list_folder(source_folder + "/" + folder).value()) {
      if (!file.ends_with(suffix)) continue;
      if (suffix == ".cpp" && file.ends_with("_test.cpp")) continue;
      names.insert(folder + "." + file.substr(0, file.size() - suffix.size()));
    }
  }
  return names;
}

std::set<std::string> kinds_in_catalogue() {
  std::set<std::string> names;
  for (const Kind* kind : catalogue()) names.insert(std::string(kind->name));
  return names;
}

std::string name_of_kind(const testing::TestParamInfo<const Kind*>& info) {
  std::string name(info.param->name);
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

TEST(WitnessCatalogue, ListsExactlyTheKindsInTheFolders) {
  EXPECT_EQ(kinds_in_catalogue(), kinds_in_folders(".cpp"));
  EXPECT_EQ(catalogue().size(), kinds_in_catalogue().size()) << "a kind is listed twice";
  EXPECT_GE(catalogue().size(), 7U);
}

TEST(WitnessCatalogue, HasATestBesideEveryKind) {
  EXPECT_EQ(kinds_in_catalogue(), kinds_in_folders("_test.cpp"));
}

TEST(WitnessCatalogue, FindsByNameAndOnlyByName) {
  ASSERT_NE(find(catalogue(), "process.ended"), nullptr);
  EXPECT_EQ(find(catalogue(), "process.ended")->name, "process.ended");
  EXPECT_EQ(find(catalogue(), "ended"), nullptr);
}

class EveryWitness : public testing::TestWithParam<const Kind*> {};
INSTANTIATE_TEST_SUITE_P(Catalogue, EveryWitness, testing::ValuesIn(catalogue()), name_of_kind);

TEST_P(EveryWitness, HasAllItsParts) {
  const Kind& kind = *GetParam();
  EXPECT_GT(kind.about.size(), 30U);
  EXPECT_TRUE(kind.about.ends_with('.')) << kind.about;
  EXPECT_FALSE(kind.dose_unit.empty());
  EXPECT_GE(kind.every, milliseconds(1));
  EXPECT_LE(kind.every, milliseconds(50));
  for (const param::FieldInfo& field : kind.table->fields()) {
    EXPECT_TRUE(field.about.ends_with('.')) << field.name << ": " << field.about;
  }
}

TEST_P(EveryWitness, RefusesParametersThatItDoesNotKnowOrMisses) {
  for (const json::object& params : {json::object{}, json::object{{"no_such_parameter", 1}}}) {
    const auto witness = GetParam()->open(params);
    ASSERT_FALSE(witness.ok());
    EXPECT_EQ(witness.error().code, Code::invalid);
    EXPECT_EQ(witness.error().context.at(0), GetParam()->name);
  }
}

}  // namespace
}  // namespace squall::witness
