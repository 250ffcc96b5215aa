#include "sys/nft_answer.h"

#include <cerrno>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

namespace squall::sys {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t begin = 1;
constexpr std::uint32_t table = 2;
constexpr std::uint32_t chain = 3;
constexpr std::uint32_t rule = 4;

NftTransaction transaction() {
  NftTransaction made("t");
  made.add_table(NFT_TABLE_F_OWNER);
  made.add_chain(NftHook::input);
  made.add_rule({.label = "rule 1 (drop in)"});
  made.commit();
  return made;
}

std::string answer(std::uint32_t sequence, int number) {
  struct {
    nlmsghdr header;
    nlmsgerr body;
  } message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = NLMSG_ERROR;
  message.header.nlmsg_seq = sequence;
  message.body.error = -number;
  return {reinterpret_cast<const char*>(&message), sizeof message};
}

Error failure(std::uint32_t sequence, int number) {
  return judge(transaction(), {answer(sequence, number)}).error();
}

TEST(NftAnswer, IsGoodWhenEveryMessageIsConfirmed) {
  EXPECT_TRUE(judge(transaction(), {answer(table, 0), answer(chain, 0), answer(rule, 0)}).ok());
}

TEST(NftAnswer, NamesAMessageThatWasNotConfirmed) {
  const Status status = judge(transaction(), {answer(table, 0), answer(rule, 0)});
  EXPECT_EQ(status.error().message, "making chain input: the kernel did not answer");
  EXPECT_FALSE(judge(transaction(), {}).ok());
}

TEST(NftAnswer, PutsARefusalOfTheWholeAboveConfirmationsOfItsParts) {
  const Status status = judge(
      transaction(), {answer(begin, ENOMEM), answer(table, 0), answer(chain, 0), answer(rule, 0)});
  EXPECT_THAT(status.error().message, HasSubstr("the transaction: Cannot allocate memory"));
}

TEST(NftAnswer, TellsErrorsApartThatShareAnErrno) {
  EXPECT_EQ(failure(begin, EPERM).code, Code::refused);
  EXPECT_THAT(failure(begin, EPERM).next, HasSubstr("CAP_NET_ADMIN"));
  EXPECT_EQ(failure(table, EPERM).code, Code::conflict);
  EXPECT_THAT(failure(table, EPERM).message, HasSubstr("belongs to another process"));
  EXPECT_EQ(failure(table, EEXIST).code, Code::conflict);
  EXPECT_THAT(failure(table, EOPNOTSUPP).next, HasSubstr("Linux 5.12"));
  EXPECT_THAT(failure(begin, EOPNOTSUPP).message, HasSubstr("no nf_tables"));
  EXPECT_EQ(failure(chain, EOPNOTSUPP).code, Code::unsupported);
  EXPECT_EQ(failure(rule, ENOENT).code, Code::unsupported);
  EXPECT_THAT(failure(rule, ENOENT).message, HasSubstr("adding rule 1 (drop in)"));
  EXPECT_EQ(failure(rule, ERANGE).message,
            "adding rule 1 (drop in): Numerical result out of range");
}

TEST(NftAnswer, ReadsTornAndForeignBytesWithoutHarm) {
  const std::string whole = answer(table, 0);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::vector<std::string> torn = {whole.substr(0, length)};
    EXPECT_FALSE(judge(transaction(), torn).ok());
    EXPECT_FALSE(read_counters(torn).ok());
    EXPECT_FALSE(read_existence(torn).ok());
  }
  EXPECT_FALSE(judge(transaction(), {answer(0, 0), answer(99, EPERM)}).ok());
}

TEST(NftAnswer, KnowsAbsenceFromIgnorance) {
  EXPECT_FALSE(read_existence({answer(begin, ENOENT)}).value());
  EXPECT_EQ(read_existence({answer(begin, EPERM)}).error().code, Code::refused);
  EXPECT_FALSE(read_existence({}).ok());
}

TEST(NftAnswer, AsksToLookAgainWhenTheListWasInterrupted) {
  nlmsghdr done{};
  done.nlmsg_len = sizeof done;
  done.nlmsg_type = NLMSG_DONE;
  EXPECT_TRUE(read_counters({{reinterpret_cast<const char*>(&done), sizeof done}}).ok());
  done.nlmsg_flags = NLM_F_DUMP_INTR;
  EXPECT_EQ(read_counters({{reinterpret_cast<const char*>(&done), sizeof done}}).error().code,
            Code::conflict);
}

}  // namespace
}  // namespace squall::sys
