#include "witness/taken.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace squall::witness {
namespace {

// A stock of which the test says how much is left.
class TakenTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Witness>> open(double wanted) {
    return watch_taken({.name = "the store",
                        .left = [this]() -> Result<double> {
                          if (is_gone_) return error(Code::not_found, "no store");
                          left_ += drift_;
                          return left_;
                        },
                        .render = [](double amount) { return fmt::format("{:g} sacks", amount); }},
                       wanted);
  }
  Sighting look_at(Witness& witness, double left) {
    left_ = left;
    return witness.look().value();
  }
  double left_ = 100;
  double drift_ = 0;
  bool is_gone_ = false;
};

TEST_F(TakenTest, BeginsWhenNearlyAllIsGoneAndEndsWhenHalfIsBack) {
  const auto witness = open(20).value();
  EXPECT_FALSE(look_at(*witness, 100).on);
  EXPECT_FALSE(look_at(*witness, 83).on);
  EXPECT_TRUE(look_at(*witness, 82).on);
  EXPECT_TRUE(look_at(*witness, 89).on) << "others gave something back";
  EXPECT_FALSE(look_at(*witness, 91).on);
  EXPECT_FALSE(look_at(*witness, 83).on);
}

TEST_F(TakenTest, TellsTheDose) {
  const auto witness = open(20).value();
  const Sighting seen = look_at(*witness, 70);
  EXPECT_EQ(seen.dose, 30);
  EXPECT_EQ(seen.detail, "70 sacks left, 30 sacks less than before");
  EXPECT_EQ(look_at(*witness, 120).dose, 0);
}

TEST_F(TakenTest, DoesNotTakeOnWhatMovesByItself) {
  drift_ = -0.5;
  const auto witness = open(20);
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::conflict);
  EXPECT_NE(witness.error().message.find("the store moved by"), std::string::npos);
  EXPECT_TRUE(open(1000).ok()) << "but a large dose can be told from that";
}

TEST_F(TakenTest, SaysWhenItCannotSee) {
  const auto witness = open(20).value();
  is_gone_ = true;
  EXPECT_FALSE(witness->look().ok());
  EXPECT_FALSE(open(20).ok());
}

}  // namespace
}  // namespace squall::witness
