// container.show and container.act, called as squall-reach would, on a Docker daemon of our own.
// How they meet hostile answers is tested where these are read, in src/net/docker_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reach/reach.h"
#include "sys/clock.h"
#include "sys/private_dockerd_test.h"

namespace squall::reach {
namespace {

using testing::HasSubstr;

Result<json::object> call(std::string_view verb, const json::object& params) {
  const Verb* found = find(catalogue(), verb);
  CHECK(found != nullptr, "the verb is in the catalogue");
  return found->call(params);
}

class ContainerOrders : public testing::Test {
 protected:
  void SetUp() override {
    if (dockerd_ == nullptr) GTEST_SKIP() << "no Docker daemon of our own can be had here";
    dockerd_->docker({"network", "create", "--subnet", "10.79.0.0/24", "front"});
    dockerd_->run_sleeper("patient",
                          {"--network", "front", "--ip", "10.79.0.9", "--network-alias", "shop"});
  }
  void TearDown() override {
    if (dockerd_ == nullptr) return;
    dockerd_->docker({"rm", "-f", "patient"});
    dockerd_->docker({"network", "rm", "front"});
  }
  json::object show() const {
    const auto shown = call("container.show", with({}));
    EXPECT_TRUE(shown.ok()) << shown.error().render();
    return shown.ok() ? *shown : json::object();
  }
  // "": it went well.
  std::string act(const std::string& order, json::object more = {}) const {
    more["act"] = order;
    const auto done = call("container.act", with(std::move(more)));
    return done.ok() ? "" : done.error().render();
  }
  json::object with(json::object more) const {
    more["socket"] = dockerd_->socket();
    more["container"] = "patient";
    return more;
  }

  sys::PrivateDockerd* dockerd_ = sys::PrivateDockerd::shared();
};

TEST_F(ContainerOrders, ShowTheContainerAndItsProcessesTheMainOneFirst) {
  dockerd_->docker({"exec", "-d", "patient", "/bin/sleep", "999"});
  json::object shown = show();
  const Duration deadline = sys::monotonic_now() + seconds(10);  // the daemon starts it by and by
  while (array_at(shown, "processes")->size() < 2 && sys::monotonic_now() < deadline) {
    sys::sleep_until(sys::monotonic_now() + milliseconds(10));
    shown = show();
  }
  EXPECT_EQ(text_at(shown, "id"), dockerd_->id_of("patient"));
  EXPECT_EQ(text_at(shown, "name"), "patient");
  EXPECT_TRUE(bool_at(shown, "running"));
  const json::array& processes = *array_at(shown, "processes");
  ASSERT_EQ(processes.size(), 2U);
  EXPECT_EQ(integer_at(processes[0].as_object(), "pid"), dockerd_->pid_of("patient"));
}

TEST_F(ContainerOrders, ShowOfAnEndpointWhatSomebodyChose) {
  const json::object shown = show();
  EXPECT_EQ(canonical_json(*object_at(shown, "networks")),
            R"({"front":{"Aliases":["shop"],"IPAMConfig":{"IPv4Address":"10.79.0.9"}}})");
  EXPECT_EQ(text_at(*object_at(shown, "addresses"), "front"), "10.79.0.9");
}

TEST_F(ContainerOrders, AreCarriedOutWhenTheyAnswerAndMayBeRepeated) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(act("pause"), "");
    EXPECT_TRUE(bool_at(show(), "paused"));
  }
  for (int i = 0; i < 2; ++i) EXPECT_EQ(act("unpause"), "");
  EXPECT_FALSE(bool_at(show(), "paused"));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(act("stop", {{"grace", "0 s"}}), "");
  EXPECT_FALSE(bool_at(show(), "running"));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(act("start"), "");
  EXPECT_TRUE(bool_at(show(), "running"));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(act("disconnect", {{"network", "front"}}), "");
  EXPECT_TRUE(object_at(show(), "networks")->empty());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(act("connect", {{"network", "front"}, {"endpoint", R"({"Aliases":["shop"]})"}}), "");
  }
  EXPECT_EQ(canonical_json(*object_at(show(), "networks")), R"({"front":{"Aliases":["shop"]}})");
}

TEST_F(ContainerOrders, SayWhatTheDaemonRefuses) {
  dockerd_->docker({"stop", "-t", "0", "patient"});
  EXPECT_THAT(act("pause"), HasSubstr("is not running"));
  EXPECT_THAT(act("disconnect", {{"network", "ghost"}}), "") << "it is not connected to it";
  dockerd_->docker({"rm", "-f", "patient"});
  EXPECT_THAT(act("pause"), HasSubstr("No such container: patient"));
}

TEST_F(ContainerOrders, LeadNowhereElse) {
  for (const char* network : {"", "..", "a/b", "a?b", "a b"}) {
    EXPECT_THAT(act("disconnect", {{"network", network}}),
                HasSubstr("is not the name of a network"));
  }
  EXPECT_THAT(act("kill"), HasSubstr("there is no order \"kill\""));
  EXPECT_THAT(act("connect", {{"network", "front"}, {"endpoint", "{"}}), HasSubstr("JSON"));
}

}  // namespace
}  // namespace squall::reach
