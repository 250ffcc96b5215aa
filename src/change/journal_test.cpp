#include "change/journal.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "core/choices.h"
#include "core/digest.h"
#include "sys/file.h"

namespace squall::change {
namespace {

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "journal-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // The records, without the padding behind them.
  std::string read(const std::string& name) {
    std::string text = sys::read_file(folder_ + "/" + name).value();
    text.resize(text.find_last_not_of('\n') + 1);
    return text + "\n";
  }
  void write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(sys::write_file_durably(folder_ + "/" + name, text).ok());
  }
  void append_some(int count) {
    Journal journal = std::move(Journal::open(folder_).value().journal);
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(journal.append("begin", {{"change", fmt::format("run/{}", i)}}).ok());
    }
  }

  std::string folder_;
};

TEST_F(JournalTest, GivesBackWhatWasAppendedInOrder) {
  append_some(3);
  const auto opened = Journal::open(folder_);
  ASSERT_TRUE(opened.ok());
  ASSERT_EQ(opened->content.records.size(), 3U);
  EXPECT_EQ(opened->content.records[2].number, 2U);
  EXPECT_EQ(opened->content.records[2].type, "begin");
  EXPECT_EQ(text_at(opened->content.records[2].body, "change"), "run/2");
  EXPECT_TRUE(opened->content.notes.empty());
}

TEST_F(JournalTest, KeepsTwoIdenticalCopies) {
  append_some(5);
  EXPECT_EQ(read("journal"), read("journal.copy"));
}

TEST_F(JournalTest, LosesNothingWhereverOneCopyIsCut) {
  append_some(6);
  const std::string whole = read("journal");
  for (std::size_t cut = 0; cut < whole.size(); cut += 41) {
    for (const char* name : {"journal", "journal.copy"}) {
      write("journal", whole);
      write("journal.copy", whole);
      write(name, whole.substr(0, cut));
      const auto opened = Journal::open(folder_);
      ASSERT_TRUE(opened.ok());
      ASSERT_EQ(opened->content.records.size(), 6U) << name << " cut at " << cut;
      EXPECT_FALSE(opened->content.notes.empty());
      EXPECT_EQ(read("journal"), whole);
      EXPECT_EQ(read("journal.copy"), whole);
    }
  }
}

TEST_F(JournalTest, NamesADamagedByteAndSetsTheFileAside) {
  append_some(4);
  std::string text = read("journal");
  text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 1);
  write("journal", text);
  const auto opened = Journal::open(folder_);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->content.records.size(), 4U);
  ASSERT_EQ(opened->content.notes.size(), 1U);
  EXPECT_NE(opened->content.notes[0].find("journal was cut or damaged"), std::string::npos);
  bool has_aside = false;
  for (const std::string& name : sys::list_folder(folder_).value()) {
    has_aside = has_aside || name.starts_with("journal.damaged-");
  }
  EXPECT_TRUE(has_aside);
}

TEST_F(JournalTest, SaysSoWhenARecordIsMissingInBothCopies) {
  append_some(4);
  std::string text = read("journal");
  const std::size_t first_end = text.find('\n') + 1;
  const std::size_t second_end = text.find('\n', first_end) + 1;
  text.erase(first_end, second_end - first_end);
  const JournalContent content = merge_journal(text, text);
  EXPECT_EQ(content.records.size(), 3U);
  ASSERT_FALSE(content.notes.empty());
  EXPECT_NE(content.notes[0].find("records 1 to 1 are missing"), std::string::npos);
}

TEST_F(JournalTest, KnowsThatNothingIsLostWhileOneCopyIsWhole) {
  append_some(4);
  const std::string whole = read("journal");
  EXPECT_TRUE(merge_journal("", "").is_whole) << "where nothing ever ran";
  EXPECT_TRUE(merge_journal("\n\n", "").is_whole) << "a new one, with its padding";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_TRUE(merge_journal(whole, whole.substr(0, cut)).is_whole) << cut;
    EXPECT_TRUE(merge_journal(whole.substr(0, cut) + "\n", whole).is_whole) << cut;
  }
  // A writer that died in the midst of its last record has touched nothing.
  const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  const std::string before = whole.substr(0, last);
  EXPECT_TRUE(merge_journal(before + "123 torn\n", before + "\n\n").is_whole);
}

TEST_F(JournalTest, SaysThatTheSameRecordIsLostInBothCopies) {
  append_some(4);
  const std::string whole = read("journal");
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    const JournalContent content = merge_journal(damaged, damaged);
    EXPECT_FALSE(content.is_whole) << at;
    for (const std::string& note : content.notes) {
      EXPECT_EQ(note.find("fills the gap"), std::string::npos) << note;
    }
  }
  EXPECT_FALSE(merge_journal("noise", "noise\n").is_whole);
  EXPECT_FALSE(merge_journal("", "noise").is_whole);
}

TEST_F(JournalTest, RemembersALossUntilItIsCompacted) {
  append_some(2);
  for (const char* name : {"journal", "journal.copy"}) write(name, "");
  EXPECT_FALSE(read_journal(folder_)->is_whole) << "cut to nothing";
  {
    auto opened = Journal::open(folder_);
    ASSERT_TRUE(opened.ok());
    EXPECT_FALSE(opened->content.is_whole);
    ASSERT_TRUE(opened->journal.append("begin", {{"change", "run/9"}}).ok());
  }
  auto again = Journal::open(folder_);
  EXPECT_FALSE(again->content.is_whole) << "the repaired copies do not hide it";
  EXPECT_EQ(again->content.records.size(), 2U) << "told once, not with every opening";
  ASSERT_TRUE(again->journal.compact().ok());
  EXPECT_TRUE(Journal::open(folder_)->content.is_whole);
}

TEST_F(JournalTest, IsNewWhereThereWasNone) {
  EXPECT_TRUE(Journal::open(folder_)->content.is_whole);
  EXPECT_TRUE(Journal::open(folder_)->content.is_whole);
  ASSERT_TRUE(sys::remove_file(folder_ + "/journal").ok());
  EXPECT_TRUE(Journal::open(folder_)->content.is_whole);
}

TEST_F(JournalTest, NoticesARecordThatWasPutIn) {
  append_some(2);
  std::string text = read("journal");
  const std::string forged = R"({"boot":"x","change":"evil","n":2,"prev":"00","type":"undone"})";
  text += fmt::format("{:08x} {}\n", crc32c(forged), forged);
  const JournalContent content = merge_journal(text, text);
  ASSERT_FALSE(content.notes.empty());
  EXPECT_NE(content.notes[0].find("chain is broken"), std::string::npos);
}

TEST_F(JournalTest, ContinuesTheChainAfterReopeningAndCompacting) {
  append_some(3);
  {
    Journal journal = std::move(Journal::open(folder_).value().journal);
    ASSERT_TRUE(journal.compact().ok());
    ASSERT_TRUE(journal.append("begin", {{"change", "run/9"}}).ok());
  }
  const auto opened = Journal::open(folder_);
  ASSERT_EQ(opened->content.records.size(), 2U);
  EXPECT_EQ(opened->content.records[0].type, "checkpoint");
  EXPECT_EQ(opened->content.records[0].number, 3U);
  EXPECT_TRUE(opened->content.notes.empty());
}

TEST_F(JournalTest, ReadsAnythingWithoutCrashing) {
  const Choices choices(7, "noise");
  for (std::uint64_t i = 0; i < 200; ++i) {
    std::string noise;
    for (std::uint64_t j = 0; j < 64; ++j)
      noise += static_cast<char>(choices.bits("", "byte", i * 64 + j));
    EXPECT_TRUE(merge_journal(noise, noise + "\n").records.empty());
  }
}

}  // namespace
}  // namespace squall::change
