// Holds the whole tree to the rules of docs/STYLE.md and docs/ARCHITECTURE.md, and holds each rule
// to its word: a breach planted in a made-up tree must be named, with its place.
#include <gtest/gtest.h>

#include "tidy/code.h"
#include "tidy/rules.h"

namespace squall::tidy {

// How GoogleTest names a rule in its messages.
void PrintTo(const Rule& rule, std::ostream* stream) {
  *stream << rule.name;
}

namespace {

using Check = void (*)(const Tree&, Breaches&);

std::string breaches_of(Check check, const Tree& tree) {
  Breaches breaches;
  check(tree, breaches);
  std::string text;
  for (const Breach& breach : breaches) text += render(breach) + "\n";
  return text;
}

std::string repeat(std::string_view text, int times) {
  std::string whole;
  for (int i = 0; i < times; ++i) whole += text;
  return whole;
}

testing::AssertionResult says(const std::string& text, std::string_view wanted) {
  if (text.find(wanted) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << wanted << "\" is not in:\n" << text;
}

// --- the tree ----------------------------------------------------------------------------------

class TheTree : public testing::TestWithParam<Rule> {};

TEST_P(TheTree, KeepsTheRule) {
  static const Tree tree = read_tree(SQUALL_SOURCE_DIR);
  ASSERT_TRUE(tree.contains("src/core/result.h")) << "the sources are not there";
  Breaches breaches;
  GetParam().check(tree, breaches);
  std::string text;
  for (const Breach& breach : breaches) text += render(breach) + "\n";
  if (!text.empty()) ADD_FAILURE() << text;
}

INSTANTIATE_TEST_SUITE_P(Tidy, TheTree, testing::ValuesIn(rules()),
                         [](const auto& rule) { return std::string(rule.param.name); });

TEST(Tidy, ReportsFiguresThatHaveNoLimit) {
  const std::string figures = report(read_tree(SQUALL_SOURCE_DIR));
  std::printf("%s\n", figures.c_str());
  EXPECT_TRUE(says(figures, "kind files"));
}

// --- budgets -----------------------------------------------------------------------------------

TEST(LineBudgets, NameTheFileThatIsTooLong) {
  const auto found = [](const std::string& path, int lines, std::string_view start = "") {
    return breaches_of(check_line_budgets, {{path, std::string(start) + repeat("x\n", lines)}});
  };
  EXPECT_EQ(found("src/sys/a.cpp", 400), "");
  EXPECT_TRUE(says(found("src/sys/a.cpp", 401), "src/sys/a.cpp: 401 lines"));
  EXPECT_EQ(found("src/sys/a.h", 200), "");
  EXPECT_TRUE(says(found("src/sys/a.h", 201), "a header has at most 200"));
  EXPECT_EQ(found("src/sys/a_test.cpp", 600), "");
  EXPECT_TRUE(says(found("src/sys/a_test.cpp", 601), "a test has at most 600"));
  EXPECT_EQ(found("src/faults/x/a.cpp", 248, "\nconst Kind kind_a;\n"), "");
  EXPECT_TRUE(
      says(found("src/faults/x/a.cpp", 249, "\nconst Kind kind_a;\n"), "a kind has at most 250"));
}

TEST(Columns, CountCharactersAndNotBytes) {
  const Tree tree = {{"src/a.cpp", repeat("é", 100) + "\n" + repeat("a", 101) + "\n"}};
  EXPECT_EQ(breaches_of(check_columns, tree), "src/a.cpp:2: 101 columns, more than 100\n");
}

TEST(Functions, NameTheOneThatIsTooLong) {
  const std::string text = "namespace a {\n\nint small() { return 1; }\n\nint long_one(int x) {\n" +
                           repeat("  ++x;\n", 59) + "}\n\n}  // namespace a\n";
  EXPECT_TRUE(says(breaches_of(check_functions, {{"src/a.cpp", text}}),
                   "src/a.cpp:5: long_one has 61 lines"));
}

TEST(Functions, MustBeCountable) {
  EXPECT_TRUE(
      says(breaches_of(check_functions, {{"src/a.cpp", "namespace a {\n"}}), "do not balance"));
}

TEST(FindFunctions, SeesEveryShapeOfFunction) {
  const Functions functions = find_functions(R"text(
#define MACRO(x) { x
namespace a {
struct Plain { int x = 3; };
const Table<Plain> table{{field("a", [](int x) { return x; })}};
template <class T, class U = int>
T generic(U u) {
  return [&] { return u; }();
}
class C : public B {
 public:
  explicit C(int x) : x_(x), y_{x} { go(); }
  ~C() override { go('{'); }
  bool operator==(const C& other) const { return other.x_ == x_; }
  int wide(std::vector<int> list = {}, int n = 1'000) const noexcept {
    return list.size() + n;
  }
 private:
  int x_ = 0;
};
auto trailing(int x) -> Result<int> { return "}"; }
const Kind kind = make<Plain>({.plan = [] { return 1; }});
extern "C" int exported(const char* text) { return 0; }
TEST(Suite, Name) {
  EXPECT_EQ(R"({)", "{");
}
enum class E : int { a, b };
}  // namespace a
)text");
  ASSERT_TRUE(functions.is_balanced);
  std::string names;
  for (const Function& function : functions.found) {
    names += function.name + " " + std::to_string(function.first_line) + "-" +
             std::to_string(function.last_line) + "\n";
  }
  EXPECT_EQ(names,
            "generic 6-9\nC 12-12\n~C 13-13\noperator== 14-14\nwide 15-17\ntrailing 21-21\n"
            "exported 23-23\nTEST(Suite, Name) 24-26\n");
}

TEST(OnlyCode, BlanksCommentsAndLiteralsAndKeepsPlaces) {
  EXPECT_EQ(only_code("a // b\nc /* d\ne */ f\n"), "a     \nc     \n     f\n");
  EXPECT_EQ(only_code("x = \"a\\\"b\" + 'c';\n"), "x = \"    \" + ' ';\n");
  EXPECT_EQ(only_code("R\"x(a)\"b)x\" 1'000 c"), "R\"        \" 1'000 c");
}

// --- banned calls ------------------------------------------------------------------------------

struct Planted {
  std::string line;
  std::string_view instead;
};

class BannedCalls : public testing::TestWithParam<Planted> {};

TEST_P(BannedCalls, AreNamedWithTheirReplacement) {
  const Tree tree = {{"src/engine/a_test.cpp", "// Why.\n" + GetParam().line + "\n"}};
  const std::string found = breaches_of(check_banned_calls, tree);
  EXPECT_TRUE(says(found, "src/engine/a_test.cpp:2: "));
  EXPECT_TRUE(says(found, GetParam().instead));
}

INSTANTIATE_TEST_SUITE_P(
    Tidy, BannedCalls,
    testing::Values(Planted{"  std::system(\"ls\");", "sys::run_command"},
                    Planted{"  FILE* f = ::popen(c, \"r\");", "sys::run_command"},
                    Planted{"  return rand() % 6;", "core/choices.h"},
                    Planted{"  srand(1);", "core/choices.h"},
                    Planted{"  std::random_device device;", "core/choices.h"},
                    Planted{"  std::mt19937 engine;", "core/choices.h"},
                    Planted{"  time(nullptr);", "sys/clock.h"},
                    Planted{"  ::clock_gettime(CLOCK_REALTIME, &t);", "sys/clock.h"},
                    Planted{"  auto t = std::chrono::system_clock::now();", "sys/clock.h"},
                    Planted{"  std::chrono::steady_clock::now();", "sys/clock.h"},
                    Planted{"  thread.detach();", "std::jthread"},
                    Planted{"  std::thread([] {}).join();", "std::jthread"},
                    Planted{"  } catch (...) {", "name what is caught"},
                    Planted{"  throw 1;", "Result"}, Planted{"  X* x = new X;", "make_unique"},
                    Planted{"  delete x;", "make_unique"}, Planted{"  sleep(1);", "patience.h"},
                    Planted{"  ::usleep(10);", "patience.h"},
                    Planted{"  std::this_thread::sleep_for(1s);", "patience.h"},
                    Planted{"  int n = atoll(text);", "from_chars"},
                    Planted{"TEST(A, DISABLED_B) {", "skip it with a reason"},
                    Planted{"  assert(x);", "CHECK"}));

TEST(BannedCalls, AreNotSeenInCommentsLiteralsAndLongerNames) {
  const Tree tree = {{"src/engine/a.cpp",
                      "// rand() and sleep(1) are banned\n"
                      "const char* text = \"throw new rand()\";\n"
                      "int run_time(int a); X& operator=(const X&) = delete;\n"
                      "std::unique_ptr<X> x(new X(1));\n"
                      "plan.time(3); sys::sleep(); timeline->time(); boot_time();\n"}};
  EXPECT_EQ(breaches_of(check_banned_calls, tree), "");
}

TEST(BannedCalls, HaveTheirOnePlace) {
  const std::string clock = "::clock_gettime(CLOCK_MONOTONIC, &t);\n";
  EXPECT_EQ(breaches_of(check_banned_calls, {{"src/sys/clock.cpp", clock}}), "");
  EXPECT_NE(breaches_of(check_banned_calls, {{"src/core/clock.cpp", clock}}), "");
  EXPECT_NE(breaches_of(check_banned_calls, {{"src/a/a.cpp", "std::stoi(text);\n"}}), "");
  EXPECT_EQ(breaches_of(check_banned_calls, {{"src/a/a_test.cpp", "std::stoi(text);\n"}}), "");
  EXPECT_NE(breaches_of(check_banned_calls, {{"src/a/a.h", "using namespace std;\n"}}), "");
}

// --- words -------------------------------------------------------------------------------------

TEST(HeadComments, AreDemandedWhereNobodyElseSpeaks) {
  EXPECT_TRUE(says(breaches_of(check_head_comments, {{"src/a.cpp", "int x;\n"}}),
                   "src/a.cpp:1: no head comment"));
  EXPECT_TRUE(says(breaches_of(check_head_comments, {{"demo/run", "#!/bin/sh\necho\n"}}),
                   "demo/run:1: no head comment"));
  EXPECT_TRUE(
      says(breaches_of(check_head_comments, {{"src/a.h", "// Why.\nint x;\n"}}), "#pragma once"));
  EXPECT_EQ(breaches_of(check_head_comments, {{"src/props_test.h", "// Why.\n#pragma once\n"},
                                              {"src/props_test.cpp", "int x;\n"},
                                              {"src/a.h", "// Why.\n#pragma once\n"},
                                              {"src/a.cpp", "int x;\n"},
                                              {"src/a_test.cpp", "int x;\n"},
                                              {"src/b.cpp", "// Why.\n"},
                                              {"src/b_test.cpp", "int x;\n"},
                                              {"demo/run", "#!/bin/sh\n# Why.\n"}}),
            "");
}

TEST(UnfinishedWords, AreNamedWherever) {
  const std::string word =
      "TO"
      "DO";
  EXPECT_TRUE(says(breaches_of(check_unfinished_words, {{"dev", "x\n# " + word + ": later\n"}}),
                   "dev:2: " + word));
  EXPECT_EQ(breaches_of(check_unfinished_words, {{"a.cpp",
                                                  "mkdtemp(\"squall-X"
                                                  "XXXXX\")\n"}}),
            "");
}

// --- floors ------------------------------------------------------------------------------------

constexpr const char* table =
    "# A\n| floor | modules | knows |\n|---|---|---|\n| 0 | `core` | |\n| 1 | `sys`, `param` | |\n"
    "| 4 | `probes` | never `change` |\n| 3 | `change` | |\n| 4 | `faults` | |\n| 10 | `apps` | "
    "|\n";

Tree with_includes(const std::string& path, const std::string& include) {
  return {{"docs/ARCHITECTURE.md", table},
          {path, "// Why.\n#include \"" + include + "\"\n"},
          {"src/core/a.h", ""},
          {"src/sys/a.h", ""},
          {"src/param/a.h", ""},
          {"src/change/a.h", ""},
          {"src/faults/a.h", ""},
          {"src/unknown/a.h", ""},
          {"src/core/a_test.h", ""}};
}

TEST(Floors, RefuseWhatReachesUpwardsOrSideways) {
  const auto found = [](const std::string& path, const std::string& include) {
    return breaches_of(check_floors, with_includes(path, include));
  };
  EXPECT_EQ(found("src/change/x.cpp", "core/a.h"), "");
  EXPECT_TRUE(says(found("src/core/x.cpp", "sys/a.h"),
                   "src/core/x.cpp:2: core (floor 0) may only use floors below it, and sys is on "
                   "floor 1"));
  EXPECT_TRUE(says(found("src/param/x.cpp", "sys/a.h"), "src/param/x.cpp:2: param (floor 1)"));
  EXPECT_TRUE(says(found("src/probes/x.cpp", "change/a.h"), "probes must never know change"));
  EXPECT_TRUE(says(found("src/probes/x.cpp", "faults/a.h"), "may only use floors below it"));
  EXPECT_TRUE(says(found("src/unknown/x.cpp", "core/a.h"), "unknown is on no floor"));
  EXPECT_TRUE(says(found("src/sys/x.cpp", "unknown/a.h"), "unknown is on no floor"));
  EXPECT_TRUE(says(found("src/sys/x.cpp", "core/a_test.h"), "only tests may include"));
  EXPECT_EQ(found("src/sys/x_test.cpp", "core/a_test.h"), "");
  EXPECT_TRUE(says(found("src/sys/x.cpp", "core/gone.h"), "does not exist below src/"));
}

TEST(Floors, MustBeOnTheTable) {
  EXPECT_TRUE(says(breaches_of(check_floors, {{"README.md", "# A\n"}}), "holds no table"));
}

TEST(LinkedFloors, FollowTheSameTable) {
  const Tree tree = {{"docs/ARCHITECTURE.md", table},
                     {"CMakeLists.txt",
                      "squall_module(sys USES core LIBRARIES faults)\n"
                      "squall_module(probes USES change)\nsquall_module(core USES sys)\n"}};
  const std::string found = breaches_of(check_linked_floors, tree);
  EXPECT_TRUE(says(found, "CMakeLists.txt:2: probes must never know change"));
  EXPECT_TRUE(says(found, "CMakeLists.txt:3: core (floor 0)"));
  EXPECT_FALSE(says(found, "CMakeLists.txt:1"));
}

// --- files -------------------------------------------------------------------------------------

TEST(TypeNames, BelongToOneTypeEach) {
  const std::string named =
      "namespace squall::a {\n\nstruct Supply {\n};\n\n}  // namespace squall::a\n";
  const std::string own =
      "namespace squall::a {\nnamespace {\n\nstruct Supply {\n};\n\n}  // namespace\n}  // "
      "namespace "
      "squall::a\n";
  const auto found = [](const std::string& one, const std::string& other) {
    return breaches_of(check_type_names, {{"src/a/one.h", one}, {"src/a/other.h", other}});
  };
  EXPECT_TRUE(says(found(named, named), "src/a/other.h:3: Supply is defined in src/a/one.h too"));
  EXPECT_EQ(found(named, own), "");
  EXPECT_EQ(found(own, own), "");
  std::string elsewhere = named;
  elsewhere.replace(elsewhere.find("::a {"), 3, "::b");
  EXPECT_EQ(found(named, elsewhere), "");
}

TEST(Folders, MayNotHaveEmptyNames) {
  const Tree tree = {{"docs/ARCHITECTURE.md", "`src/` `docs/`"},
                     {"src/util/a.cpp", ""},
                     {"src/sys/CamelCase.cpp", ""},
                     {"extras/a.sh", ""}};
  const std::string found = breaches_of(check_folders, tree);
  EXPECT_TRUE(says(found, "src/util: \"util\" says nothing"));
  EXPECT_TRUE(says(found, "extras: docs/ARCHITECTURE.md does not say"));
  EXPECT_TRUE(says(found, "CamelCase.cpp: files are named in snake_case"));
  EXPECT_FALSE(says(found, "docs:"));
}

TEST(Documents, HaveOneHeadingAndLinksThatLead) {
  const Tree tree = {{"docs/a.md", "# One\n```\n# code\n```\n[x](b.md#part) [y](../README.md)\n"},
                     {"docs/b.md", "# One\n# Two\n[x](gone.md) [y](https://example.org)\n"},
                     {"README.md", "text [docs](docs/)\n"}};
  const std::string found = breaches_of(check_documents, tree);
  EXPECT_TRUE(says(found, "docs/b.md: 2 headings of the first level"));
  EXPECT_TRUE(says(found, "docs/b.md:3: the link gone.md leads nowhere"));
  EXPECT_TRUE(says(found, "README.md: 0 headings"));
  EXPECT_FALSE(says(found, "docs/a.md"));
  EXPECT_FALSE(says(found, "example"));
}

TEST(Kinds, AreCataloguedDocumentedAndTested) {
  const std::string kind =
      "// Why.\nconst Kind kind_x = kind_of<X>({.name = \"network.block\"});\n";
  Tree tree = {{"src/faults/catalog.cpp", "&kind_y,"}, {"src/faults/network/block.cpp", kind}};
  const std::string found = breaches_of(check_kinds, tree);
  EXPECT_TRUE(says(found, "kind_x has no line in src/faults/catalog.cpp"));
  EXPECT_TRUE(says(found, "docs/faults/network.block.md is missing"));
  EXPECT_TRUE(says(found, "src/faults/network/block_test.cpp is missing"));
  tree = {{"src/faults/catalog.cpp", "&kind_x,"},
          {"src/faults/network/cut.cpp", kind},
          {"docs/faults/network.gone.md", ""}};
  const std::string other = breaches_of(check_kinds, tree);
  EXPECT_TRUE(says(other, "the fault in this file must be called network.cut"));
  EXPECT_TRUE(says(other, "docs/faults/network.gone.md: the page of a fault that does not exist"));
  tree = {{"src/faults/catalog.cpp", "&kind_x,"},
          {"src/faults/network/block.cpp", kind},
          {"src/faults/network/block_test.cpp", ""},
          {"docs/faults/network.block.md", ""}};
  EXPECT_EQ(breaches_of(check_kinds, tree), "");
}

TEST(TestData, IsReadBySomeTest) {
  const Tree tree = {{"tests/scenarios/fast/a.yaml", ""},
                     {"tests/golden/b.txt", ""},
                     {"tests/golden/c.txt", ""},
                     {"tests/fuzz/stray/x", ""},
                     {"src/core/text_fuzz.cpp", ""},
                     {"tests/e2e/x_test.sh", "run \"$root/tests/scenarios/fast/\"*\n"},
                     {"src/core/x_test.cpp", "golden(\"b.txt\")"}};
  const std::string found = breaches_of(check_test_data, tree);
  EXPECT_TRUE(says(found, "tests/golden/c.txt: no test names this file"));
  EXPECT_TRUE(says(found, "tests/fuzz/stray/x: no src/**/stray_fuzz.cpp reads it"));
  EXPECT_TRUE(says(found, "src/core/text_fuzz.cpp: it has no corpus"));
  EXPECT_FALSE(says(found, "a.yaml"));
  EXPECT_FALSE(says(found, "b.txt"));
}

}  // namespace
}  // namespace squall::tidy
