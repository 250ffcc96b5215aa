// Holds the catalogue to the folders, every kind to the contract, and docs/faults to the kinds.
#include <algorithm>
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

#include "core/text.h"
#include "faults/fault.h"
#include "faults/page.h"
#include "sys/file.h"

namespace squall::fault {
namespace {

const std::string source_folder = std::string(SQUALL_SOURCE_DIR) + "/src/faults";
const std::string page_folder = std::string(SQUALL_SOURCE_DIR) + "/docs/faults";

// "process.kill" for every src/faults/process/kill.cpp.
std::set<std::string> kinds_in_folders(std::string_view suffix) {
  std::set<std::string> names;
  for (const std::string& folder : sys::list_folder(source_folder).value()) {
    const Result<std::vector<std::string>> files = sys::list_folder(source_folder + "/" + folder);
    if (!files.ok()) continue;
    for (const std::string& file : *files) {
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

TEST(FaultCatalogue, ListsExactlyTheKindsInTheFolders) {
  EXPECT_EQ(kinds_in_catalogue(), kinds_in_folders(".cpp"));
  EXPECT_EQ(catalogue().size(), kinds_in_catalogue().size()) << "a kind is listed twice";
  EXPECT_GE(catalogue().size(), 8U);
}

TEST(FaultCatalogue, HasATestBesideEveryKind) {
  EXPECT_EQ(kinds_in_catalogue(), kinds_in_folders("_test.cpp"));
}

TEST(FaultCatalogue, FindsByNameAndOnlyByName) {
  ASSERT_NE(find(catalogue(), "process.kill"), nullptr);
  EXPECT_EQ(find(catalogue(), "process.kill")->name, "process.kill");
  EXPECT_EQ(find(catalogue(), "process"), nullptr);
}

class EveryFault : public testing::TestWithParam<const Kind*> {};
INSTANTIATE_TEST_SUITE_P(Catalogue, EveryFault, testing::ValuesIn(catalogue()), name_of_kind);

TEST_P(EveryFault, HasAllTextsAsSentences) {
  const Kind& kind = *GetParam();
  for (const std::string_view text : {kind.summary, kind.mechanism, kind.undo, kind.limits}) {
    EXPECT_GT(text.size(), 30U);
    EXPECT_TRUE(text.ends_with('.')) << text;
    EXPECT_EQ(text.find("  "), std::string_view::npos) << text;
  }
  EXPECT_EQ(kind.summary.find(". "), std::string_view::npos) << "the summary is one sentence";
  // A spell may be irreversible too, when something of it stays: messages in a queue.
  if (kind.lasting == Lasting::instant) {
    EXPECT_FALSE(kind.irreversible.empty());
  }
  for (const param::FieldInfo& field : kind.table->fields()) {
    EXPECT_TRUE(field.about.ends_with('.')) << field.name << ": " << field.about;
  }
}

TEST_P(EveryFault, PlansItsExampleOnEitherKindOfHost) {
  const Kind& kind = *GetParam();
  for (const int version : {1, 2}) {
    const Facts facts = example_facts(kind, version);
    for (const sys::Need& need : kind.needs(facts.host)) EXPECT_TRUE(need.met) << need.what;
    const Result<Strike> strike = kind.plan(example_params(kind), facts, Choices(7, "f"), 0);
    ASSERT_TRUE(strike.ok()) << strike.error().render();
    EXPECT_FALSE(strike->changes.empty());
    EXPECT_FALSE(strike->watches.empty());
    EXPECT_FALSE(strike->target.empty());
  }
}

TEST_P(EveryFault, PlansTheSameForTheSameSeed) {
  const Kind& kind = *GetParam();
  const Facts facts = example_facts(kind, 1);
  const auto changes = [&](std::uint64_t seed) {
    json::array all;
    const Result<Strike> strike = kind.plan(example_params(kind), facts, Choices(seed, "f"), 0);
    for (const change::Request& request : strike.value().changes) all.push_back(request.params);
    return canonical_json(all);
  };
  EXPECT_EQ(changes(7), changes(7));
}

TEST_P(EveryFault, AsksOnlyForChangesThatTheirKindsAccept) {
  const Kind& kind = *GetParam();
  for (const int version : {1, 2}) {
    const Result<Strike> strike =
        kind.plan(example_params(kind), example_facts(kind, version), Choices(7, "f"), 0);
    for (const change::Request& request : strike.value().changes) {
      const change::Kind* change = change::find(change::catalogue(), request.kind);
      ASSERT_NE(change, nullptr) << request.kind;
      Diagnostics diagnostics;
      change->table->canonical(node_from_json(request.params), diagnostics);
      EXPECT_TRUE(diagnostics.empty()) << diagnostics.render();
    }
  }
}

TEST_P(EveryFault, GivesAReasonForEveryNeedThatIsNotMet) {
  for (const sys::Need& need : GetParam()->needs(sys::HostFacts{})) {
    EXPECT_FALSE(need.what.empty());
    EXPECT_EQ(need.met, need.reason.empty()) << need.what << ": " << need.reason;
  }
}

TEST_P(EveryFault, RefusesParametersThatItDoesNotKnow) {
  json::object params = example_params(*GetParam());
  params["no_such_parameter"] = 1;
  const Result<Wants> wants = GetParam()->wants(params);
  ASSERT_FALSE(wants.ok());
  EXPECT_EQ(wants.error().code, Code::invalid);
  EXPECT_EQ(wants.error().context.at(0), GetParam()->name);
}

// With SQUALL_UPDATE_GOLDEN set, writes what it would compare.
void expect_page(const std::string& name, const std::string& text) {
  const std::string path = page_folder + "/" + name + ".md";
  if (std::getenv("SQUALL_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(sys::make_folders(page_folder, 0755).ok());
    ASSERT_TRUE(sys::write_file_durably(path, text, 0644).ok());
  }
  const Result<std::string> committed = sys::read_file(path);
  ASSERT_TRUE(committed.ok()) << committed.error().render();
  EXPECT_EQ(*committed, text) << "run this test with SQUALL_UPDATE_GOLDEN=1 to write the page";
}

TEST_P(EveryFault, HasItsPageInTheDocumentation) {
  expect_page(std::string(GetParam()->name), page(*GetParam()));
}

TEST(FaultPages, AreListedAndAreNoMoreThanTheKinds) {
  expect_page("README", index_page(catalogue()));
  std::set<std::string> pages;
  for (const std::string& file : sys::list_folder(page_folder).value()) {
    if (file != "README.md") pages.insert(file.substr(0, file.size() - 3));
  }
  EXPECT_EQ(pages, kinds_in_catalogue());
}

TEST(FaultPages, EscapeWhatMarkdownAndYamlWouldMisread) {
  const std::string text = page(*find(catalogue(), "network.block"));
  EXPECT_NE(text.find("peer: 10.0.0.5\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("\n# "), text.rfind("\n# ")) << "one H1 a document";
  const std::string quoted = page(*find(catalogue(), "file.replace"));
  EXPECT_NE(quoted.find("content: \"server {\"\n"), std::string::npos) << quoted;
}

}  // namespace
}  // namespace squall::fault
