// Holds docs/SCENARIOS.md to the language: its examples are read, and no word is left out.
#include <gtest/gtest.h>

#include "document/yaml.h"
#include "scenario/fake_kinds_test.h"
#include "scenario/language.h"

namespace squall::scenario {
namespace {

std::string page() {
  std::ifstream file(SQUALL_SOURCE_DIR "/docs/SCENARIOS.md");
  EXPECT_TRUE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

// The blocks fenced as YAML.
std::vector<std::string> examples() {
  const std::string text = page();
  constexpr std::string_view fence = "```yaml\n";
  std::vector<std::string> found;
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    at += fence.size();
    found.push_back(text.substr(at, text.find("```", at) - at));
  }
  return found;
}

// What an example leaves out because it is about something else.
std::string completed(std::string text) {
  if (text.starts_with("expect:")) {
    std::string item = "during:\n  - name: web\n    http: {url: \"http://127.0.0.1/\"}\n";
    for (const std::string& line : split(text, '\n')) item += "    " + line + "\n";
    text = item;
  }
  const auto has = [&](std::string_view key) {
    return ("\n" + text).find("\n" + std::string(key)) != std::string::npos;
  };
  if (!has("scenario:")) text += "\nscenario: example\n";
  if (!has("steady_state:"))
    text += "steady_state: [{name: ping, tcp: {host: 127.0.0.1, port: 1}}]\n";
  if (!has("faults:")) text += "faults: [{cpu.burn: , for: 1 s}]\n";
  return text;
}

TEST(ScenarioPage, ShowsOnlyWhatIsRead) {
  Options options{.faults = fault::catalogue(), .probes = probe::catalogue(), .sources = {}};
  options.sources.demand_secrets = false;
  int scenarios = 0;
  for (const std::string& example : examples()) {
    if (example.starts_with("targets:")) {
      Diagnostics ignored;
      options.sources.targets = *document::parse_yaml(example, ignored).find("targets");
    }
  }
  for (const std::string& example : examples()) {
    if (example.starts_with("targets:")) continue;
    ++scenarios;
    EXPECT_EQ(fake::parse(completed(example), options).mistakes, "") << completed(example);
  }
  EXPECT_GE(scenarios, 5);
}

TEST(ScenarioPage, NamesEveryWordWithItsDefault) {
  const std::string text = page();
  const std::vector<const param::AnyTable*> tables = {
      &document_words(), &risk_words(), &recover_words(), &fingerprint_words(),
      &during_words(),   &gate_words(), &fault_words(),   &stop_words()};
  for (const param::AnyTable* table : tables) {
    for (const param::FieldInfo& info : table->fields()) {
      EXPECT_NE(text.find(info.name), std::string::npos) << info.name;
    }
  }
  for (const std::string& part : document_parts()) {
    EXPECT_NE(text.find("| `" + part + "` |"), std::string::npos) << part;
  }
  for (const param::FieldInfo& info : document_words().fields()) {
    EXPECT_NE(text.find("| `" + info.name + "` |"), std::string::npos) << info.name;
  }
}

}  // namespace
}  // namespace squall::scenario
