#include "sys/container.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/test_props.h"

namespace squall::sys {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string outer(64, 'a');
const std::string inner = "0123456789abcdef" + std::string(48, '7');

TEST(Container, IsNamedInThePathsOfEveryRuntime) {
  for (const std::string& path :
       {"/docker/" + outer, "/system.slice/docker-" + outer + ".scope",
        "/kubepods.slice/kubepods-pod3f2.slice/cri-containerd-" + outer + ".scope",
        "/kubepods/besteffort/pod0a1b2c3d-0000-4000-8000-000000000000/" + outer,
        "/machine.slice/libpod-" + outer + ".scope/container"}) {
    EXPECT_THAT(container_ids("4:memory:" + path + "\n0::" + path + "\n"), ElementsAre(outer))
        << path;
  }
}

TEST(Container, OfAContainerIsInBoth) {
  EXPECT_THAT(container_ids("0::/docker/" + outer + "/docker/" + inner + "\n"),
              ElementsAre(outer, inner));
}

TEST(Container, IsNotWhatOnlyLooksLikeOne) {
  for (const std::string& path :
       {std::string("/"), "/user.slice/" + std::string(63, 'a'), "/x/" + std::string(65, 'a'),
        "/x/" + std::string(64, 'A'), std::string("/docker/") + outer.substr(0, 12)}) {
    EXPECT_THAT(container_ids("0::" + path + "\n"), IsEmpty()) << path;
  }
  EXPECT_THAT(container_ids(""), IsEmpty());
}

TEST(Container, HasANameThatIsSafeInAPath) {
  for (const std::string& name : {std::string("web"), std::string("a_b.c-1"), outer}) {
    EXPECT_TRUE(is_container_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string(".."), std::string("a/b"), std::string("a b"), std::string("-a"),
        std::string(256, 'a'), std::string("a\0b", 3), std::string("ä")}) {
    EXPECT_FALSE(is_container_name(name)) << name;
  }
  EXPECT_TRUE(is_container_id(inner));
  EXPECT_FALSE(is_container_id(inner.substr(1)) || is_container_id(std::string(64, 'A')));
}

TEST(Container, HasALinkAndANamespaceOfMadeUpNames) {
  EXPECT_TRUE(is_made_up_link("veth0a1b2c3") && is_made_up_link("veth0a1b2c3d"));
  EXPECT_FALSE(is_made_up_link("veth0") || is_made_up_link("veth-tenant") ||
               is_made_up_link("eth00a1b2c3"));
  EXPECT_TRUE(is_made_up_namespace("0a1b2c3d4e5f") && is_made_up_namespace("netns-77f0"));
  EXPECT_FALSE(is_made_up_namespace("blue") || is_made_up_namespace("0a1b2c3d4e5"));
}

TEST(Container, HasNoGroupsWhereItsProcessIsInNone) {
  const Child child;
  EXPECT_THAT(container_groups(child.id(), outer), IsEmpty());
  EXPECT_THAT(container_groups(child.id(), ""), IsEmpty()) << "no id is in every path";
  EXPECT_THAT(container_processes({}), IsEmpty());
}

TEST(Container, HoldsNoProcessThatIsGone) {
  Child child;
  const pid_t pid = child.pid();
  EXPECT_FALSE(is_in_container(pid, outer));
  child.end();
  EXPECT_FALSE(is_in_container(pid, outer));
}

}  // namespace
}  // namespace squall::sys
