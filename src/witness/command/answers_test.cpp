#include <filesystem>

#include <gmock/gmock.h>

#include "sys/file.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using testing::HasSubstr;

class CommandAnswers : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "squall-answers-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string thing() const { return folder_ + "/thing"; }
  static json::object asking(std::initializer_list<std::string_view> argv,
                             std::string_view limit = "2 s") {
    json::array words;
    for (const std::string_view word : argv) words.push_back(json::string(word));
    return {{"argv", words}, {"limit", limit}};
  }

  std::string folder_;
};

TEST_F(CommandAnswers, SeesWhatItsProgramSees) {
  const auto witness = scenes::open("command.answers", asking({"test", "-e", thing()})).value();
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  ASSERT_TRUE(sys::write_file_durably(thing(), "").ok());
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 1.0);
  EXPECT_EQ(on->detail, "it ended with 0");
  ASSERT_TRUE(sys::remove_file(thing()).ok());
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(CommandAnswers, HasSeenNothingWhenItsProgramCouldNotLook) {
  for (const std::string_view script : {"exit 127", "kill -9 $$", "sleep 30"}) {
    // Off at first, so that it can be opened.
    const std::string once = folder_ + "/once";
    std::filesystem::remove(once);
    const std::string text = "[ -e " + once + " ] || { touch " + once + "; exit 1; }; ";
    const auto witness =
        scenes::open("command.answers", asking({"sh", "-c", text + std::string(script)}, "200 ms"));
    ASSERT_TRUE(witness.ok()) << witness.error().render();
    const Result<Sighting> sighting = (*witness)->look();
    ASSERT_FALSE(sighting.ok()) << script;
    EXPECT_THAT(sighting.error().message, HasSubstr("could not look"));
  }
}

TEST_F(CommandAnswers, RefusesWhatWouldProveNothing) {
  const auto already = scenes::open("command.answers", asking({"true"}));
  ASSERT_FALSE(already.ok());
  EXPECT_EQ(already.error().code, Code::conflict);
  const auto missing = scenes::open("command.answers", asking({"no-such-program"}));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_FALSE(scenes::open("command.answers", asking({})).ok());
}

TEST_F(CommandAnswers, RefusesAProgramThatOthersCouldExchange) {
  const std::string path = folder_ + "/script";
  ASSERT_TRUE(sys::write_file_durably(path, "#!/bin/sh\nexit 1\n", 0777).ok());
  const auto witness = scenes::open("command.answers", asking({path}));
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::refused);
}

}  // namespace
}  // namespace squall::witness
