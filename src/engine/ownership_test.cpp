#include "engine/ownership.h"

#include <gtest/gtest.h>

namespace squall::engine {
namespace {

Touched touched_by(const json::object& params) {
  Touched touched;
  touched.add({"some.kind", params});
  return touched;
}

TEST(Ownership, AProcessIsOursWhenAChangeNamedIt) {
  const Touched touched = touched_by({{"processes", json::array{json::object{{"pid", 4711}}}}});
  EXPECT_TRUE(touched.may_be_ours("process 4711 (redis) is stopped"));
  EXPECT_FALSE(touched.may_be_ours("process 471 (other) is stopped"));
  EXPECT_FALSE(touched.may_be_ours("process 47110 (other) is stopped"));
}

TEST(Ownership, AGroupIsOursWhenAChangeNamedItOrSomethingInIt) {
  const Touched touched = touched_by({{"path", "/sys/fs/cgroup/cpu/a/squall-1"}});
  EXPECT_TRUE(touched.may_be_ours("cgroup /sys/fs/cgroup/cpu/a/squall-1 exists"));
  EXPECT_TRUE(touched.may_be_ours("cgroup /sys/fs/cgroup/cpu/a/squall-1/b cpu.max is now: 1"));
  EXPECT_TRUE(touched.may_be_ours("cgroup /sys/fs/cgroup/cpu/a cpu.max is now: 1"));
  EXPECT_FALSE(touched.may_be_ours("cgroup /sys/fs/cgroup/cpu/a/squall-12 exists"));
  EXPECT_FALSE(touched.may_be_ours("cgroup /sys/fs/cgroup/cpu/b cpu.max is now: 1"));
}

TEST(Ownership, AGroupIsOursWhenAChangeNamedItWithoutItsPlace) {
  const Touched touched = touched_by({{"fence", "squall-1"}});
  EXPECT_TRUE(touched.may_be_ours("cgroup /sys/fs/cgroup/memory/a/squall-1 exists"));
  EXPECT_FALSE(touched.may_be_ours("cgroup /sys/fs/cgroup/memory/a/squall-12 exists"));
}

TEST(Ownership, WhatNobodyOwnsIsAlwaysOurs) {
  const Touched nothing;
  EXPECT_TRUE(nothing.may_be_ours("nft table inet squall_1 is new"));
  EXPECT_TRUE(nothing.may_be_ours("mount /mnt is new"));
  EXPECT_TRUE(nothing.may_be_ours("strange"));
}

}  // namespace
}  // namespace squall::engine
