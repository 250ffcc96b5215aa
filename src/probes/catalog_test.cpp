// Holds the catalogue to the folder and every kind to the contract.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "core/text.h"
#include "probes/quantity.h"
#include "probes/tolerance.h"
#include "sys/file.h"

namespace squall::probe {
namespace {

const std::string folder = std::string(SQUALL_SOURCE_DIR) + "/src/probes";

// The names of the files that define a kind, without their endings.
std::set<std::string> kinds_in_folder() {
  std::set<std::string> names;
  for (const std::string& file : sys::list_folder(folder).value()) {
    if (!file.ends_with(".cpp") || file.ends_with("_test.cpp")) continue;
    const std::string name = file.substr(0, file.size() - 4);
    const std::string text = sys::read_file(folder + "/" + file).value();
    if (text.find("\nconst Kind kind_") != std::string::npos) names.insert(name);
  }
  return names;
}

std::set<std::string> kinds_in_catalogue() {
  std::set<std::string> names;
  for (const Kind* kind : catalogue()) names.insert(std::string(kind->name));
  return names;
}

TEST(ProbeCatalogue, ListsExactlyTheKindsInTheFolder) {
  EXPECT_EQ(kinds_in_catalogue(), kinds_in_folder());
  EXPECT_EQ(catalogue().size(), kinds_in_catalogue().size()) << "a kind is listed twice";
  EXPECT_GE(catalogue().size(), 5U);
}

TEST(ProbeCatalogue, HasATestBesideEveryKind) {
  for (const std::string& name : kinds_in_catalogue()) {
    EXPECT_TRUE(sys::exists(folder + "/" + name + "_test.cpp")) << name;
  }
}

TEST(ProbeCatalogue, FindsByNameAndOnlyByName) {
  ASSERT_NE(find(catalogue(), "http"), nullptr);
  EXPECT_EQ(find(catalogue(), "http")->name, "http");
  EXPECT_EQ(find(catalogue(), "htt"), nullptr);
}

class EveryProbe : public testing::TestWithParam<const Kind*> {};
INSTANTIATE_TEST_SUITE_P(Catalogue, EveryProbe, testing::ValuesIn(catalogue()),
                         [](const auto& probe) { return std::string(probe.param->name); });

TEST_P(EveryProbe, HasAllTextsAsSentences) {
  const Kind& kind = *GetParam();
  for (const std::string_view text : {kind.about, kind.limits}) {
    EXPECT_GT(text.size(), 30U);
    EXPECT_TRUE(text.ends_with('.')) << text;
    EXPECT_EQ(text.find("  "), std::string_view::npos) << text;
  }
  EXPECT_EQ(kind.about.find(". "), std::string_view::npos) << "it is one sentence";
  for (const param::FieldInfo& field : kind.table->fields()) {
    EXPECT_TRUE(field.about.ends_with('.')) << field.name << ": " << field.about;
  }
  for (const Value& value : kind.values) {
    EXPECT_TRUE(value.about.ends_with('.')) << value.name << ": " << value.about;
  }
}

TEST_P(EveryProbe, MeasuresValuesOfKnownTypesReachedFirst) {
  const Kind& kind = *GetParam();
  ASSERT_FALSE(kind.values.empty());
  EXPECT_EQ(kind.values[0].name, "reached");
  const std::set<std::string> words = {"all", "any", "not"};
  std::set<std::string> names;
  for (const Value& value : kind.values) {
    EXPECT_TRUE(type_from_name(value.type).has_value()) << value.name << ": " << value.type;
    EXPECT_FALSE(words.contains(value.name)) << value.name << " is a word of the language";
    EXPECT_TRUE(names.insert(value.name).second) << value.name << " is listed twice";
  }
}

TEST_P(EveryProbe, HasAnExampleThatOpensAndATolerance) {
  const Kind& kind = *GetParam();
  const json::object check = parse_json(kind.example).value().as_object();
  ASSERT_EQ(check.size(), 2U);
  Diagnostics diagnostics(std::string(kind.name));
  const json::object params =
      kind.table->canonical(node_from_json(check.at(kind.name)), diagnostics);
  const Tolerance tolerance =
      Tolerance::parse(node_from_json(check.at("expect")), kind, diagnostics);
  EXPECT_TRUE(diagnostics.empty()) << diagnostics.render();
  EXPECT_TRUE(kind.open(params).ok());
  EXPECT_NE(tolerance.describe(), Tolerance().describe());
}

TEST_P(EveryProbe, RefusesParametersThatItDoesNotKnow) {
  const Kind& kind = *GetParam();
  json::object params = parse_json(kind.example).value().as_object().at(kind.name).as_object();
  params["no_such_parameter"] = 1;
  const auto probe = kind.open(params);
  ASSERT_FALSE(probe.ok());
  EXPECT_EQ(probe.error().code, Code::invalid);
  EXPECT_EQ(probe.error().context.at(0), kind.name);
}

// A probe is asked from many threads at once and must not care.
TEST_P(EveryProbe, NamesOnlyValuesThatItDeclares) {
  const Kind& kind = *GetParam();
  std::set<std::string> declared;
  for (const Value& value : kind.values) declared.insert(value.name);
  const json::object check = parse_json(kind.example).value().as_object();
  const auto probe = kind.open(check.at(kind.name).as_object());
  ASSERT_TRUE(probe.ok());
  const Sample sample = (*probe)->take(milliseconds(200), {});
  for (const auto& [name, value] : sample.values) {
    EXPECT_TRUE(declared.contains(std::string(name))) << name;
  }
  EXPECT_FALSE(sample.values.empty() && sample.problem.empty());
}

}  // namespace
}  // namespace squall::probe
