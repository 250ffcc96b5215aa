#include "scenario/schema.h"

#include <set>

#include <gtest/gtest.h>

#include "scenario/fake_kinds_test.h"
#include "scenario/language.h"

namespace squall::scenario {
namespace {

json::object made() {
  return schema(fake::faults(), fake::probes());
}

const json::object& properties(const json::object& one) {
  return one.at("properties").as_object();
}

// Every "$ref" below `value`.
void collect_references(const json::value& value, std::set<std::string>& found) {
  if (const json::array* array = value.if_array()) {
    for (const json::value& item : *array) collect_references(item, found);
  }
  if (const json::object* object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      if (key == "$ref") found.emplace(member.as_string());
      collect_references(member, found);
    }
  }
}

TEST(Schema, IsWhatWasPublished) {
  fake::expect_golden("schema.json", pretty_json(made()) + "\n");
}

TEST(Schema, KnowsEveryWordOfTheLanguage) {
  const json::object whole = made();
  for (const param::FieldInfo& info : document_words().fields()) {
    EXPECT_TRUE(properties(whole).contains(info.name)) << info.name;
  }
  for (const std::string& part : document_parts()) {
    EXPECT_TRUE(properties(whole).contains(part)) << part;
  }
  EXPECT_EQ(whole.at("required"), (json::array{"scenario", "steady_state", "faults"}));
}

TEST(Schema, RefersOnlyToWhatItDefines) {
  const json::object whole = made();
  std::set<std::string> references;
  collect_references(whole, references);
  EXPECT_GT(references.size(), 8U);
  for (const std::string& reference : references) {
    ASSERT_TRUE(reference.starts_with("#/$defs/")) << reference;
    EXPECT_TRUE(whole.at("$defs").as_object().contains(reference.substr(8))) << reference;
  }
}

TEST(Schema, TakesExactlyOneKindAnItem) {
  const json::object whole = made();
  const json::object& fault = whole.at("$defs").at("fault").as_object();
  EXPECT_EQ(fault.at("oneOf").as_array().size(), fake::faults().size());
  EXPECT_EQ(fault.at("additionalProperties"), json::value(false));
  for (const fault::Kind* kind : fake::faults()) {
    EXPECT_TRUE(properties(fault).contains(kind->name)) << kind->name;
  }
}

TEST(Schema, AllowsAReferenceWhereANumberStands) {
  const json::object whole = made();
  const json::value& port = whole.at("$defs").at("probe.tcp").at("properties").at("port");
  EXPECT_EQ(port.at("anyOf").as_array().size(), 2U);
  EXPECT_EQ(port.at("anyOf").as_array()[0].at("type"), "integer");
  EXPECT_EQ(port.at("anyOf").as_array()[1].at("$ref"), "#/$defs/reference");
}

}  // namespace
}  // namespace squall::scenario
