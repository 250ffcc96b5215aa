#include "net/bus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/private_systemd_test.h"

namespace squall::net {
namespace {

using testing::HasSubstr;

BusCall to_manager(std::string member, std::string signature = "", json::array arguments = {}) {
  return {.destination = "org.freedesktop.systemd1",
          .path = "/org/freedesktop/systemd1",
          .interface = "org.freedesktop.systemd1.Manager",
          .member = std::move(member),
          .signature = std::move(signature),
          .arguments = std::move(arguments)};
}

class OnABus : public testing::Test {
 protected:
  void SetUp() override {
    systemd_ = sys::PrivateSystemd::start({});
    if (systemd_ == nullptr) GTEST_SKIP() << "no systemd of our own can be had here";
  }
  Bus open() { return Bus::open("unix:path=" + systemd_->socket(), patience_).value(); }

  std::unique_ptr<sys::PrivateSystemd> systemd_;
  sys::Patience patience_{seconds(20)};
};

TEST_F(OnABus, CallsWithArgumentsAndReadsTheAnswer) {
  Bus bus = open();
  const auto unit = bus.call(to_manager("GetUnit", "s", {"own.target"}), patience_);
  ASSERT_TRUE(unit.ok()) << unit.error().render();
  EXPECT_EQ(canonical_json(*unit), R"(["/org/freedesktop/systemd1/unit/own_2etarget"])");
}

TEST_F(OnABus, ReadsPropertiesOfEveryType) {
  Bus bus = open();
  const json::object all = bus.properties(to_manager(""), patience_).value();
  EXPECT_TRUE(all.at("Version").is_string());
  EXPECT_TRUE(all.at("NNames").is_int64());
  EXPECT_TRUE(all.at("ShowStatus").is_bool());
  EXPECT_TRUE(all.at("UnitPath").is_array());
  EXPECT_TRUE(all.at("Progress").is_double());
  const json::value version = bus.property(to_manager(""), "Version", patience_).value();
  EXPECT_EQ(version, all.at("Version"));
}

TEST_F(OnABus, SaysWhatTheOtherSideRefuses) {
  Bus bus = open();
  const auto ghost = bus.call(to_manager("GetUnit", "s", {"ghost.service"}), patience_);
  ASSERT_FALSE(ghost.ok());
  EXPECT_EQ(ghost.error().code, Code::not_found);
  EXPECT_EQ(ghost.error().message, "Unit ghost.service not loaded.");
  EXPECT_EQ(bus.call(to_manager("NoSuchCall"), patience_).error().code, Code::unsupported);
  EXPECT_EQ(bus.property(to_manager(""), "NoSuch", patience_).error().code, Code::unsupported);
  const auto odd = bus.call(to_manager("GetUnit", "s", {"\xff"}), patience_);
  EXPECT_EQ(odd.error().code, Code::invalid);
}

TEST(Bus, OpensOnlyUnixSockets) {
  sys::Patience patience(seconds(5));
  for (const char* address :
       {"tcp:host=localhost,port=1", "unixexec:path=/bin/sh", "relative", ""}) {
    const auto bus = Bus::open(address, patience);
    ASSERT_FALSE(bus.ok()) << address;
    EXPECT_EQ(bus.error().code, Code::invalid) << address;
  }
  const auto nobody = Bus::open("/nowhere/bus;unixexec:path=/bin/sh", patience);
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().code, Code::not_found) << nobody.error().render();
}

TEST(Bus, KnowsTheErrorsOfTheProtocol) {
  EXPECT_EQ(bus_error_code("org.freedesktop.DBus.Error.AccessDenied"), Code::refused);
  EXPECT_EQ(bus_error_code("org.freedesktop.DBus.Error.NoReply"), Code::timed_out);
  EXPECT_EQ(bus_error_code("org.example.Odd"), Code::failed);
}

}  // namespace
}  // namespace squall::net
