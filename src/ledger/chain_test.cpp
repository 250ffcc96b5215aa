#include "ledger/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/digest.h"

namespace squall::ledger {
namespace {

using testing::HasSubstr;

std::vector<Link> chain_of(int count) {
  std::vector<Link> links;
  std::string previous = first_previous();
  for (int number = 1; number <= count; ++number) {
    const Run run{.id = "run-" + std::to_string(number), .seed = 7, .learnt = "it came back"};
    links.push_back(chained(fields_of(run, number), number, previous));
    previous = links.back().hash;
  }
  return links;
}

Head head_of(const std::vector<Link>& links) {
  if (links.empty()) return {};
  return {links.back().number, links.back().hash};
}

std::optional<Damage> check(const std::vector<Link>& links, Head head) {
  ChainCheck chain(std::move(head));
  for (const Link& link : links) {
    if (std::optional<Damage> damage = chain.add(link)) return damage;
  }
  return chain.finish();
}

void expect_damage(const std::optional<Damage>& damage, std::int64_t row, std::string_view field) {
  ASSERT_TRUE(damage.has_value());
  EXPECT_EQ(damage->row, row) << damage->message;
  EXPECT_EQ(damage->field, field) << damage->message;
  EXPECT_FALSE(damage->message.empty());
}

TEST(Chain, IsWholeAsWritten) {
  for (int count = 0; count < 4; ++count) {
    const std::vector<Link> links = chain_of(count);
    EXPECT_FALSE(check(links, head_of(links)).has_value()) << count;
    EXPECT_FALSE(check(links, Head{}).has_value()) << "a head that lags is no damage";
  }
}

// The hash is part of the format: a change of it would make every ledger look damaged.
TEST(Chain, HashesTheCanonicalJsonOfFieldsAndPrevious) {
  const Link link = chained({{"b", "2"}, {"a", "1"}}, 1, "00");
  EXPECT_EQ(link.hash, sha256_hex(R"({"a":"1","b":"2","previous":"00"})"));
  EXPECT_EQ(link.field_digests, R"({"a":")" + sha256_hex("a=1").substr(0, 16) + R"(","b":")" +
                                    sha256_hex("b=2").substr(0, 16) + R"("})");
}

TEST(Chain, NamesEveryFieldThatChanged) {
  const std::vector<Link> links = chain_of(3);
  for (std::size_t row = 0; row < links.size(); ++row) {
    for (std::size_t field = 0; field < links[row].fields.size(); ++field) {
      std::vector<Link> damaged = links;
      damaged[row].fields[field].second += "x";
      expect_damage(check(damaged, head_of(links)), static_cast<std::int64_t>(row + 1),
                    links[row].fields[field].first);
    }
  }
}

TEST(Chain, NamesItsOwnColumnsWhenTheyChanged) {
  const std::vector<Link> links = chain_of(3);
  for (std::size_t row = 0; row < links.size(); ++row) {
    const auto number = static_cast<std::int64_t>(row + 1);
    std::vector<Link> damaged = links;
    damaged[row].hash[5] ^= 1;
    expect_damage(check(damaged, head_of(links)), number, "hash");
    damaged = links;
    damaged[row].previous[5] ^= 1;
    expect_damage(check(damaged, head_of(links)), number, "previous");
    for (std::size_t byte = 0; byte < links[row].field_digests.size(); byte += 7) {
      damaged = links;
      damaged[row].field_digests[byte] ^= 1;
      expect_damage(check(damaged, head_of(links)), number, "field_digests");
    }
  }
}

TEST(Chain, MissesATakenOutRow) {
  for (std::size_t row = 0; row < 4; ++row) {
    std::vector<Link> links = chain_of(4);
    const Head head = head_of(links);
    links.erase(links.begin() + static_cast<std::ptrdiff_t>(row));
    expect_damage(check(links, head), static_cast<std::int64_t>(row + 1), "row");
  }
}

TEST(Chain, NoticesARowThatWasTakenOutAndTheOthersNumberedAnew) {
  std::vector<Link> links = chain_of(4);
  const Head head = head_of(links);
  links.erase(links.begin() + 1);
  for (std::size_t i = 1; i < links.size(); ++i) {
    links[i].number = static_cast<std::int64_t>(i + 1);
    links[i].fields[0].second = std::to_string(i + 1);
  }
  const std::optional<Damage> damage = check(links, head);
  expect_damage(damage, 2, "number");
  EXPECT_THAT(damage->message, HasSubstr("row 2 was written as row 3"));
}

TEST(Chain, NoticesRowsThatWereMoved) {
  std::vector<Link> links = chain_of(4);
  const Head head = head_of(links);
  std::swap(links[1], links[2]);
  for (std::size_t i : {1U, 2U}) {
    links[i].number = static_cast<std::int64_t>(i + 1);
    links[i].fields[0].second = std::to_string(i + 1);
  }
  const std::optional<Damage> damage = check(links, head);
  expect_damage(damage, 2, "number");
  EXPECT_THAT(damage->message, HasSubstr("rows were moved"));
}

TEST(Chain, NoticesARowThatWasWrittenAnewWithoutTheOthers) {
  std::vector<Link> links = chain_of(3);
  const Head head = head_of(links);
  Fields forged = links[1].fields;
  forged[6].second = "held";
  links[1] = chained(forged, 2, links[0].hash);
  const std::optional<Damage> damage = check(links, head);
  expect_damage(damage, 3, "previous");
  EXPECT_THAT(damage->message, HasSubstr("row 3 does not follow row 2"));
}

TEST(Chain, NoticesAChainWrittenAnewByItsHead) {
  const std::vector<Link> links = chain_of(2);
  std::vector<Link> forged = links;
  forged[1].fields[6].second = "held";
  forged[1] = chained(forged[1].fields, 2, links[0].hash);
  const std::optional<Damage> damage = check(forged, head_of(links));
  expect_damage(damage, 2, "hash");
  EXPECT_THAT(damage->message, HasSubstr("head record"));
}

TEST(Head, ReadsBackWhatItRenders) {
  const Head head{12, sha256_hex("x")};
  const Result<Head> read = parse_head(render(head));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->count, 12);
  EXPECT_EQ(read->hash, head.hash);
}

TEST(Head, RefusesEveryChangedByteAndEveryCut) {
  const std::string text = render(Head{12, sha256_hex("x")});
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] ^= 1;
    EXPECT_FALSE(parse_head(changed).ok()) << i;
    EXPECT_FALSE(parse_head(text.substr(0, i)).ok()) << i;
  }
  EXPECT_FALSE(parse_head(text + "\n").ok());
}

}  // namespace
}  // namespace squall::ledger
