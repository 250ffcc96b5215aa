#include "sys/nft_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace squall::sys {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text.push_back(static_cast<char>(value));
  return text;
}

std::vector<NftKernelRule> translate(const NftRule& rule) {
  return translate_rules(std::span(&rule, 1)).value();
}

Error refusal(const std::string& peer) {
  return check_rule({.peer = peer}).error();
}

NftMatch transport_match(std::uint32_t offset, std::string value) {
  return {.source = NftSource::transport_header, .offset = offset, .value = std::move(value)};
}

TEST(NftRule, DescribesItselfInWords) {
  EXPECT_EQ(describe({}), "drop in and out");
  EXPECT_EQ(describe({.action = NftAction::reject,
                      .direction = NftDirection::out,
                      .protocol = NftProtocol::tcp,
                      .peer = "10.1.0.0/16",
                      .remote_port = 80,
                      .local_port = 4000}),
            "reject tcp out, peer 10.1.0.0/16, remote port 80, local port 4000");
  EXPECT_THAT(describe({.peer = "\x1b[31m"}), Not(HasSubstr("\x1b")));
}

TEST(NftRule, AcceptsAddressesAndNetworksOfBothFamilies) {
  for (const char* peer : {"", "10.1.2.3", "10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32", "::1",
                           "fd00::/8", "fe80::/10", "::/0", "2001:db8::1/128"}) {
    EXPECT_TRUE(check_rule({.peer = peer}).ok()) << peer;
  }
}

TEST(NftRule, RefusesPeersThatAreNeitherAddressNorNetwork) {
  for (const std::string peer : {"redis.local", "10.1.2", "10.1.2.3.4", "10.1.2.3:80", "[::1]", " ",
                                 "fe80::1%eth0", "010.1.2.3", "10.1.2.3 ", "drop; reject"}) {
    EXPECT_EQ(refusal(peer).code, Code::invalid) << peer;
    EXPECT_THAT(refusal(peer).message, HasSubstr("is neither an IPv4 or IPv6 address")) << peer;
    EXPECT_THAT(refusal(peer).next, HasSubstr("10.1.0.0/16")) << peer;
  }
  EXPECT_FALSE(check_rule({.peer = std::string("10.1.2.3\0.evil", 14)}).ok());
}

TEST(NftRule, RefusesPrefixesThatAreNoLengthOfTheFamily) {
  for (const char* peer : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/08",
                           "10.0.0.0/+8", "10.0.0.0/99999999999", "10.0.0.0/8 "}) {
    EXPECT_THAT(refusal(peer).message, HasSubstr("no prefix length from 0 to 32")) << peer;
  }
  EXPECT_THAT(refusal("fd00::/129").message, HasSubstr("from 0 to 128"));
}

TEST(NftRule, RefusesNetworksWithHostBitsAndOffersBothReadings) {
  EXPECT_THAT(refusal("10.1.2.3/8").message, HasSubstr("address bits beyond its prefix of 8"));
  EXPECT_EQ(refusal("10.1.2.3/8").next,
            "write 10.0.0.0/8 for the network or 10.1.2.3 for the host");
  EXPECT_THAT(refusal("fd00::1/64").next, HasSubstr("fd00::/64"));
}

TEST(NftRule, RefusesMappedAddressesWhichNeverMatch) {
  EXPECT_EQ(refusal("::ffff:10.1.2.3").next, "write 10.1.2.3");
}

TEST(NftRule, RefusesPortZero) {
  EXPECT_THAT(check_rule({.remote_port = 0}).error().message, HasSubstr("port 0"));
  EXPECT_THAT(check_rule({.local_port = 0}).error().message, HasSubstr("port 0"));
}

TEST(NftRule, NamesTheRuleThatIsWrong) {
  const std::vector<NftRule> rules = {{.peer = "10.1.2.3"}, {.peer = "nonsense"}};
  EXPECT_THAT(translate_rules(rules).error().render(), HasSubstr("rule 2 (drop in and out, peer"));
}

TEST(NftRule, RefusesNoRulesAndTooMany) {
  EXPECT_EQ(translate_rules({}).error().code, Code::invalid);
  EXPECT_TRUE(translate_rules(std::vector<NftRule>(256)).ok());
  EXPECT_THAT(translate_rules(std::vector<NftRule>(257)).error().message, HasSubstr("1 to 256"));
}

TEST(NftRule, MirrorsPeerAndPortsBetweenTheHooks) {
  const std::vector<NftKernelRule> made = translate(
      {.protocol = NftProtocol::tcp, .peer = "10.1.2.3", .remote_port = 80, .local_port = 4000});
  ASSERT_EQ(made.size(), 2U);
  const std::string port_80 = bytes({0, 80});
  const std::string port_4000 = bytes({0x0f, 0xa0});
  const auto address = [](std::uint32_t offset) {
    return NftMatch{
        .source = NftSource::network_header, .offset = offset, .value = bytes({10, 1, 2, 3})};
  };
  EXPECT_EQ(made[0].hook, NftHook::input);
  EXPECT_THAT(made[0].matches, Contains(address(12)));                    // source address
  EXPECT_THAT(made[0].matches, Contains(transport_match(0, port_80)));    // source port
  EXPECT_THAT(made[0].matches, Contains(transport_match(2, port_4000)));  // destination port
  EXPECT_EQ(made[1].hook, NftHook::output);
  EXPECT_THAT(made[1].matches, Contains(address(16)));
  EXPECT_THAT(made[1].matches, Contains(transport_match(2, port_80)));
  EXPECT_THAT(made[1].matches, Contains(transport_match(0, port_4000)));
}

TEST(NftRule, MasksNetworksAndLeavesTheWholeFamilyUnmasked) {
  const NftRule network{.direction = NftDirection::in, .peer = "172.16.0.0/12"};
  EXPECT_THAT(translate(network).at(0).matches, Contains(NftMatch{
                                                    .source = NftSource::network_header,
                                                    .offset = 12,
                                                    .mask = bytes({0xff, 0xf0, 0, 0}),
                                                    .value = bytes({172, 16, 0, 0}),
                                                }));
  const NftRule family{.direction = NftDirection::in, .peer = "::/0"};
  ASSERT_EQ(translate(family).at(0).matches.size(), 1U);
  EXPECT_EQ(translate(family).at(0).matches[0].value, bytes({10}));  // NFPROTO_IPV6
}

TEST(NftRule, AnswersEveryProtocolInItsOwnWayWhenRejecting) {
  const std::vector<NftKernelRule> made =
      translate({.action = NftAction::reject, .direction = NftDirection::in});
  ASSERT_EQ(made.size(), 4U);  // TCP, the rest, and two kinds of ping
  EXPECT_EQ(made[0].verdict, NftVerdict::tcp_reset);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(made[i].verdict, NftVerdict::port_unreachable);
  const NftRule four{
      .action = NftAction::reject, .direction = NftDirection::in, .peer = "10.1.2.3"};
  EXPECT_EQ(translate(four).size(), 3U);  // no ping of the other family
  EXPECT_EQ(translate({.direction = NftDirection::in}).size(), 1U);
  EXPECT_EQ(translate({.direction = NftDirection::in, .remote_port = 53}).size(), 2U);
}

TEST(NftRule, QueuesWhatHasNotBeenThroughAlready) {
  const auto rules = translate({.action = NftAction::queue,
                                .direction = NftDirection::in,
                                .protocol = NftProtocol::tcp,
                                .local_port = 80,
                                .queue = 7,
                                .unless_marked = 0x10000});
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0].verdict, NftVerdict::queue);
  EXPECT_EQ(rules[0].queue, 7);
  ASSERT_EQ(rules[0].matches.size(), 3U);
  EXPECT_EQ(rules[0].matches[0].source, NftSource::mark);
  EXPECT_EQ(rules[0].matches[0].mask, bytes({0, 0, 1, 0}));
  EXPECT_EQ(rules[0].matches[0].value, bytes({0, 0, 0, 0}));
  EXPECT_EQ(describe({.action = NftAction::queue}), "queue in and out");
}

TEST(NftRule, AcceptsTableNamesThatToolsCanSpell) {
  for (const char* name : {"squall", "squall_7f3a.network-block", "a"}) {
    EXPECT_TRUE(check_table_name(name).ok()) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("7a"), std::string("a b"), std::string("a;b"),
        std::string(65, 'a'), std::string("a\0b", 3), std::string("\xc3\xa4")}) {
    EXPECT_EQ(check_table_name(name).error().code, Code::invalid) << name;
  }
}

TEST(PeerCovers, ComparesPrefixes) {
  EXPECT_TRUE(peer_covers("", "1.2.3.4"));
  EXPECT_TRUE(peer_covers("1.2.3.0/24", "1.2.3.4"));
  EXPECT_FALSE(peer_covers("1.2.4.0/24", "1.2.3.4"));
  EXPECT_TRUE(peer_covers("fe80::/10", "fe80::1"));
  EXPECT_FALSE(peer_covers("1.2.3.4", "fe80::1"));
}

}  // namespace
}  // namespace squall::sys
