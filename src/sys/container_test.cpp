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

TEST(Container, HoldsNoProcessThatIsGone) {
  Child child;
  const pid_t pid = child.pid();
  EXPECT_FALSE(is_in_container(pid, outer));
  child.end();
  EXPECT_FALSE(is_in_container(pid, outer));
}

}  // namespace
}  // namespace squall::sys
