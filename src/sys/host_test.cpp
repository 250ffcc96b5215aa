#include "sys/host.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/nft.h"

namespace squall::sys {
namespace {

TEST(Host, FactsAgreeWithOtherSources) {
  const HostFacts facts = look_at_host();
  EXPECT_GE(facts.cores, 1);
  EXPECT_EQ(facts.is_root, ::geteuid() == 0);
  utsname name{};
  ASSERT_EQ(::uname(&name), 0);
  EXPECT_EQ(facts.kernel, name.release);
  for (const auto& [label, controller] : facts.controllers) {
    const std::string tell_tale = controller.is_v2 ? "/cgroup.controllers" : "/notify_on_release";
    EXPECT_TRUE(exists(controller.mount + tell_tale)) << label;
  }
  EXPECT_EQ(facts.controller("no such controller"), nullptr);
}

TEST(Host, NfTablesAreThereWhereATableCouldBeMade) {
  if (!look_at_host().may_administer_network) GTEST_SKIP() << "needs CAP_NET_ADMIN to compare";
  const NftRule rule{.action = NftAction::drop, .peer = "192.0.2.77"};
  const bool works = NftOwnerTable::rehearse("squall_facts", std::span(&rule, 1)).ok();
  EXPECT_TRUE(look_at_host().has_nf_tables || !works);
}

TEST(Host, CapabilitiesAreThoseOfTheProcess) {
  // An independent reading: capget(2) instead of /proc.
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  ASSERT_EQ(::syscall(SYS_capget, &header, data), 0);
  const auto has = [&](int bit) { return (data[0].effective >> bit & 1) != 0; };
  const HostFacts facts = look_at_host();
  EXPECT_EQ(facts.may_administer_network, has(CAP_NET_ADMIN));
  EXPECT_EQ(facts.may_signal_others, has(CAP_KILL));
  EXPECT_EQ(facts.may_raise_limits, has(CAP_SYS_RESOURCE));
  EXPECT_EQ(facts.may_schedule, has(CAP_SYS_NICE));
  EXPECT_EQ(has_capability(CAP_SYS_ADMIN), has(CAP_SYS_ADMIN));
}

}  // namespace
}  // namespace squall::sys
