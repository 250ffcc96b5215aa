#include "scenario/references.h"

#include <cstdlib>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "document/yaml.h"
#include "sys/file.h"

namespace squall::scenario {
namespace {

Node yaml(std::string_view text) {
  Diagnostics diagnostics("yaml");
  Node node = document::parse_yaml(text, diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  return node;
}

Sources sources_with(std::string_view targets) {
  return {.targets = yaml(targets), .targets_file = "targets.yaml"};
}

struct Resolved {
  Node node;
  std::string mistakes;
};

Resolved resolve(std::string_view text, const Sources& sources) {
  References references(sources, "s.yaml");
  Node node = yaml(text);
  references.resolve(node);
  references.check_settings();
  return {std::move(node), references.mistakes().render()};
}

std::string resolved(std::string_view text, const Sources& sources) {
  const Resolved got = resolve(text, sources);
  return got.mistakes.empty() ? canonical_json(json_from_node(got.node)) : got.mistakes;
}

class Folder {
 public:
  Folder() {
    std::string name = "/tmp/squall-references-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    for (const std::string& name : *sys::list_folder(path_)) {
      static_cast<void>(sys::remove_file(path_ + "/" + name));
    }
    ::rmdir(path_.c_str());
  }
  std::string write(const std::string& name, std::string_view content) {
    const std::string path = path_ + "/" + name;
    EXPECT_TRUE(sys::write_file_durably(path, content).ok());
    return path;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

constexpr std::string_view redis = R"(
redis: {address: 127.0.0.1, port: 6379, unit: redis.service, password: "0123"}
gateway.url: http://127.0.0.1:8080
select: {unit: "${redis.unit}", pick: one}
health: "${gateway.url}/health?port=${redis.port}"
)";

TEST(References, KeepTheTypeOfAWholeValue) {
  EXPECT_EQ(resolved("{a: \"${redis.port}\", b: '${redis.password}', c: \"${redis.address}\"}",
                     sources_with(redis)),
            R"({"a":6379,"b":"0123","c":"127.0.0.1"})");
}

TEST(References, StandWithinTexts) {
  EXPECT_EQ(resolved("a: ${redis.address}:${redis.port}/0", sources_with(redis)),
            R"({"a":"127.0.0.1:6379/0"})");
}

TEST(References, BringWholeMappingsAndOtherReferences) {
  EXPECT_EQ(resolved("{a: \"${select}\", b: [\"${health}\"]}", sources_with(redis)),
            R"({"a":{"pick":"one","unit":"redis.service"},)"
            R"("b":["http://127.0.0.1:8080/health?port=6379"]})");
}

TEST(References, FindKeysThatContainDots) {
  EXPECT_EQ(resolved("a: ${gateway.url}", sources_with(redis)), R"({"a":"http://127.0.0.1:8080"})");
  EXPECT_EQ(resolved("a: ${x.y.z.w}", sources_with("x.y: {z.w: 1}")), R"({"a":1})");
}

TEST(References, GiveEverythingThePlaceOfTheReference) {
  const Resolved got = resolve("a: 1\nb:   \"${select}\"\n", sources_with(redis));
  const Node& value = got.node.entries[1].value;
  EXPECT_EQ(value.mark, (Mark{2, 6}));
  EXPECT_EQ(value.entries[0].mark, (Mark{2, 6}));
  EXPECT_EQ(value.entries[0].value.mark, (Mark{2, 6}));
}

TEST(References, PreferSettingsThenTheScenarioThenTheMap) {
  Sources sources = sources_with("{a: map, b: map, c: map}");
  sources.own = yaml("{a: own, b: own}");
  sources.settings = {{"a", "7"}};
  EXPECT_EQ(resolved("[\"${a}\", \"${b}\", \"${c}\"]", sources), R"([7,"own","map"])");
}

TEST(References, EscapeWithASecondDollar) {
  EXPECT_EQ(resolved("[\"$${redis.port}\", \"5 $\", \"$\", \"$${\", \"a$b{c}\"]", {}),
            R"(["${redis.port}","5 $","$","${","a$b{c}"])");
}

TEST(References, NameTheClosestKnownNameAndTheFile) {
  EXPECT_EQ(resolved("port: ${redis.prot}\n", sources_with(redis)),
            "s.yaml:1:7: unknown reference \"redis.prot\"\n"
            "  hint: did you mean \"redis.port\"? (looked up in targets.yaml)\n");
  EXPECT_EQ(resolved("port: ${postgres}\n", sources_with(redis)),
            "s.yaml:1:7: unknown reference \"postgres\"\n"
            "  hint: looked up in targets.yaml; add it there, or use --set postgres=VALUE\n");
  EXPECT_EQ(resolved("[\"${a}\", \"${a}\"]", {}),
            "s.yaml:1:2: unknown reference \"a\"\n"
            "  hint: no target map was given: use --targets FILE; add it there, or use --set "
            "a=VALUE\n"
            "s.yaml:1:10: unknown reference \"a\"\n"
            "  hint: no target map was given: use --targets FILE; add it there, or use --set "
            "a=VALUE\n");
}

TEST(References, ReportMistakesOfTheMapInTheMapOnce) {
  EXPECT_EQ(resolved("[\"${a}\", \"${a}\"]", sources_with("b: 1\na: ${c}\n")),
            "targets.yaml:2:4: unknown reference \"c\"\n"
            "  hint: looked up in targets.yaml; add it there, or use --set c=VALUE\n");
  EXPECT_EQ(resolved("x: 1", sources_with("a: ${unused.and.unknown}")), R"({"x":1})");
}

TEST(References, RefuseCircles) {
  EXPECT_EQ(resolved("x: ${a}", sources_with("{a: \"${b}\", b: \"${c}\", c: \"x${a}\"}")),
            "targets.yaml:1:27: the references go in a circle: a -> b -> c -> a\n");
}

TEST(References, RefuseWhatIsNoReference) {
  EXPECT_EQ(resolved("a: \"x ${redis\"", sources_with(redis)),
            "s.yaml:1:4: the reference \"${redis\" is not closed\n"
            "  hint: end it with }, or write $${ for a plain ${\n");
  EXPECT_EQ(resolved("a: ${re dis}", sources_with(redis)),
            "s.yaml:1:4: \"re dis\" is not a name\n"
            "  hint: write ${name}, ${name.part}, ${env:NAME} or ${file:/PATH}\n");
  EXPECT_EQ(resolved("a: x${redis}", sources_with(redis)),
            "s.yaml:1:4: ${redis} is a mapping and cannot stand within a text\n"
            "  hint: let the reference be the whole value, or name a single value\n");
}

TEST(References, DoNotGrowWithoutLimit) {
  std::string targets = "a0: xxxxxxxxxxxxxxxx\n";
  std::string lists = "a0: [x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 15; ++i) {
    targets += fmt::format("a{0}: ${{a{1}}}${{a{1}}}${{a{1}}}\n", i, i - 1);
    lists += fmt::format("a{0}: [\"${{a{1}}}\", \"${{a{1}}}\", \"${{a{1}}}\"]\n", i, i - 1);
  }
  EXPECT_NE(resolve("x: ${a14}", sources_with(targets)).mistakes.find("grows past 64 KiB"),
            std::string::npos);
  EXPECT_NE(resolve("x: ${a14}", sources_with(lists)).mistakes.find("more than 20000 values"),
            std::string::npos);
}

TEST(Settings, AreReadWithTheFirstEqualsSign) {
  EXPECT_EQ(parse_setting("a.b=c=d")->name, "a.b");
  EXPECT_EQ(parse_setting("a.b=c=d")->value, "c=d");
  EXPECT_EQ(parse_setting("a=")->value, "");
  EXPECT_FALSE(parse_setting("a").ok());
  EXPECT_FALSE(parse_setting("=a").ok());
  EXPECT_FALSE(parse_setting("a b=c").ok());
  EXPECT_FALSE(parse_setting("a=\xFF").ok());
}

TEST(Settings, ThatNothingUsesAreMistakes) {
  Sources sources = sources_with(redis);
  sources.settings = {{"redis.port", "1"}, {"redis.prt", "2"}};
  EXPECT_EQ(resolved("a: ${redis.port}", sources),
            "s.yaml: --set redis.prt is used nowhere\n"
            "  hint: did you mean \"redis.port\"?\n");
  sources.settings = {{"redis.address", "::1"}};
  EXPECT_EQ(resolved("a: 1", sources), R"({"a":1})")
      << "the map knows it; another scenario uses it";
}

TEST(Secrets, StayInTheDocumentAsTheyAreWritten) {
  ::setenv("SQUALL_TEST_TOKEN", "s3cret", 1);
  const std::string text = resolved("{a: \"Bearer ${env:SQUALL_TEST_TOKEN}\", b: \"${token}\"}",
                                    sources_with("token: ${env:SQUALL_TEST_TOKEN}"));
  EXPECT_EQ(text, R"({"a":"Bearer ${env:SQUALL_TEST_TOKEN}","b":"${env:SQUALL_TEST_TOKEN}"})");
  const json::value plan = *parse_json(text);
  EXPECT_TRUE(holds_secret(plan));
  EXPECT_EQ(canonical_json(*resolve_secrets(plan)), R"({"a":"Bearer s3cret","b":"s3cret"})");
  ::unsetenv("SQUALL_TEST_TOKEN");
}

TEST(Secrets, OfFilesAreTrimmed) {
  Folder folder;
  const std::string path = folder.write("token", "  s3cret\n");
  const json::value plan = json::array{"x${file:" + path + "}y", 5, nullptr};
  EXPECT_EQ(canonical_json(*resolve_secrets(plan)), R"(["xs3crety",5,null])");
}

TEST(Secrets, AreNotScannedAgain) {
  ::setenv("SQUALL_TEST_TOKEN", "${env:HOME}${file:/etc/passwd}", 1);
  EXPECT_EQ(canonical_json(*resolve_secrets(json::value("${env:SQUALL_TEST_TOKEN}"))),
            R"("${env:HOME}${file:/etc/passwd}")");
  ::unsetenv("SQUALL_TEST_TOKEN");
}

TEST(Secrets, KeepTheirEscapeUntilTheRun) {
  EXPECT_EQ(resolved("a: \"$${env:HOME} $${x}\"", {}), R"({"a":"$${env:HOME} ${x}"})");
  EXPECT_EQ(canonical_json(*resolve_secrets(json::value("$${env:HOME} ${x}"))),
            R"("${env:HOME} ${x}")");
  EXPECT_FALSE(holds_secret(json::value("$${env:HOME}")));
}

TEST(Secrets, CannotComeAboutByChance) {
  constexpr const char* by_chance =
      "s.yaml:1:4: a reference to a secret comes about here by chance\n"
      "  hint: a value that ends with \"$\" cannot stand before a \"{\" or a reference\n";
  EXPECT_EQ(resolved("a: \"${d}{env:HOME}\"", sources_with("d: $")), by_chance);
  ::setenv("SQUALL_TEST_TOKEN", "s3cret", 1);
  EXPECT_EQ(resolved("a: \"${d}${env:SQUALL_TEST_TOKEN}\"", sources_with("d: $")), by_chance);
  ::unsetenv("SQUALL_TEST_TOKEN");
}

TEST(Secrets, ThatCannotBeReadAreMistakesOnlyWhenDemanded) {
  constexpr std::string_view text =
      "[\"${env:SQUALL_TEST_UNSET}\", \"${file:/nonexistent/token}\"]";
  Sources sources;
  EXPECT_EQ(resolve(text, sources).mistakes,
            "s.yaml:1:2: the environment variable \"SQUALL_TEST_UNSET\" is not set\n"
            "  hint: export it before squall is started\n"
            "s.yaml:1:30: opening /nonexistent/token: No such file or directory\n");
  sources.demand_secrets = false;
  EXPECT_EQ(resolve(text, sources).mistakes, "");
}

TEST(Secrets, RefuseFoldersLargeFilesBinariesAndRelativePaths) {
  Folder folder;
  const auto refusal = [](const std::string& path) {
    const Result<json::value> got = resolve_secrets(json::value("${file:" + path + "}"));
    return got.ok() ? "accepted" : got.error().message;
  };
  EXPECT_NE(refusal(folder.path()), "accepted");
  EXPECT_NE(refusal("/dev/zero"), "accepted");
  const std::string large = folder.write("large", std::string((64 << 10) + 1, 'x'));
  EXPECT_EQ(refusal(large), large + " is larger than 64 KiB");
  const std::string binary = folder.write("binary", std::string_view("a\0b", 3));
  EXPECT_EQ(refusal(binary), binary + " is not a text");
  EXPECT_EQ(refusal("token"), "the path \"token\" is not absolute");
  EXPECT_EQ(resolved("a: ${file:token}", {}),
            "s.yaml:1:4: the path \"token\" is not absolute\n"
            "  hint: write ${file:/the/whole/path}\n");
  EXPECT_FALSE(resolve_secrets(json::value("${env:HOME")).ok());
}

TEST(TargetMap, IsReadFromAFile) {
  Folder folder;
  Diagnostics diagnostics("t.yaml");
  const TargetMap map = load_target_map(
      folder.write("t.yaml", "targets:\n  redis: {port: 1}\nprotect: [/srv/a, /srv/b]\n"),
      diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  EXPECT_EQ(canonical_json(json_from_node(map.targets)), R"({"redis":{"port":1}})");
  EXPECT_EQ(map.protect, (std::vector<std::string>{"/srv/a", "/srv/b"}));
}

TEST(TargetMap, NamesWhatItCannotProtect) {
  Folder folder;
  const auto mistakes = [&](const std::string& rest) {
    Diagnostics diagnostics("t.yaml");
    load_target_map(folder.write("t.yaml", "targets: {a: 1}\n" + rest), diagnostics);
    return diagnostics.render();
  };
  EXPECT_EQ(mistakes("protect: /srv\n"),
            "t.yaml:2:10: protect: a list of paths is expected, not a scalar\n"
            "  hint: write protect: [/the/whole/path]\n");
  EXPECT_EQ(mistakes("protect: [srv]\n"),
            "t.yaml:2:11: protect: this is not a full path\n  hint: begin it with /\n");
  EXPECT_NE(mistakes("portect: [/srv]\n").find("unknown key"), std::string::npos);
}

TEST(TargetMap, RefusesPatternsAndNamesWhatIsNotThere) {
  Folder folder;
  const std::string there = folder.write("a[1]", "");
  const auto read = [&](const std::string& paths, Diagnostics& diagnostics) {
    return load_target_map(folder.write("t.yaml", "targets: {a: 1}\nprotect: [" + paths + "]\n"),
                           diagnostics);
  };
  for (const std::string pattern : {"/srv/*.db", "/srv/d?ta", "/srv/[ab]"}) {
    Diagnostics diagnostics("t.yaml");
    EXPECT_TRUE(read("\"" + pattern + "\"", diagnostics).protect.empty());
    EXPECT_EQ(diagnostics.render(),
              "t.yaml:2:11: protect: \"" + pattern +
                  "\" is a pattern\n"
                  "  hint: name the files, or their folder: all that is below it is protected\n");
  }
  Diagnostics diagnostics("t.yaml");
  const TargetMap map = read("\"" + there + "\", /no/such/folder", diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  EXPECT_EQ(map.protect, (std::vector<std::string>{there, "/no/such/folder"}));
  EXPECT_EQ(map.absent, (std::vector<std::string>{"/no/such/folder"}));
}

TEST(TargetMap, RefusesOtherDocuments) {
  Folder folder;
  const auto mistakes = [&](std::string_view content) {
    Diagnostics diagnostics("t.yaml");
    EXPECT_TRUE(load_target_map(folder.write("t.yaml", content), diagnostics).targets.is_null());
    return diagnostics.render();
  };
  const std::string demand =
      "a target map is a mapping under the key \"targets\"\n"
      "  hint: write targets: and below it, indented, the names and their values\n";
  EXPECT_EQ(mistakes("redis: {port: 1}\n"), "t.yaml:1:1: " + demand);
  EXPECT_EQ(mistakes(""), "t.yaml: " + demand);
  EXPECT_EQ(mistakes("targets: [1]\n"), "t.yaml:1:10: " + demand);
  EXPECT_NE(mistakes("targets: {a: [}\n"), "");
  Diagnostics diagnostics("t.yaml");
  load_target_map(folder.path() + "/missing.yaml", diagnostics);
  EXPECT_NE(diagnostics.render().find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace squall::scenario
