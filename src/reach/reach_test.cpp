#include "reach/reach.h"

#include <array>
#include <atomic>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/fd.h"

namespace squall::reach {
namespace {

Result<json::object> double_it(const json::object& params) {
  const std::int64_t number = integer_at(params, "number");
  if (number == 0) return error(Code::not_found, "there is no number", "give one");
  return json::object{{"twice", 2 * number}};
}

class Counted final : public Serving {
 public:
  explicit Counted(std::int64_t beats) : beats_(beats) { ++living; }
  ~Counted() override { --living; }
  json::object facts() const override { return {{"beats", beats_}}; }
  bool is_intact() override { return beats_-- != 0; }
  static inline std::atomic<int> living = 0;

 private:
  std::int64_t beats_;
};

Result<std::unique_ptr<Serving>> count_down(const json::object& params) {
  return std::make_unique<Counted>(integer_at(params, "number"));
}

const Verb doubling{.name = "number.double", .about = "", .call = double_it};
const Verb counting{.name = "number.count", .about = "", .serve = count_down};

// The other side of squall-reach, over a pair of sockets.
class Peer {
 public:
  explicit Peer(const Verb& verb) {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    ours_ = sys::Fd(pair[0]);
    theirs_ = sys::Fd(pair[1]);
    thread_ = std::jthread([this, &verb] {
      code_ = answer(verb, theirs_.get(), theirs_.get());
      theirs_.reset();
    });
  }
  void say(std::string_view text) {
    EXPECT_EQ(::write(ours_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string hear() {
    std::string line;
    for (char letter = 0; ::read(ours_.get(), &letter, 1) == 1 && letter != '\n';) line += letter;
    return line;
  }
  int close() {
    ::shutdown(ours_.get(), SHUT_WR);
    return wait();
  }
  int wait() {
    thread_.join();
    return code_;
  }

 private:
  sys::Fd ours_;
  sys::Fd theirs_;
  int code_ = -1;
  std::jthread thread_;
};

TEST(Reach, AnswersACallAndIsDone) {
  Peer peer(doubling);
  peer.say("{\"number\": 21}\n");
  EXPECT_EQ(peer.hear(), R"({"facts":{"twice":42}})");
  EXPECT_EQ(peer.wait(), 0);
}

TEST(Reach, PassesAnErrorOnWithItsCodeAndAdvice) {
  Peer peer(doubling);
  peer.say("{}\n");
  EXPECT_EQ(peer.hear(),
            R"({"error":{"code":"not_found","message":"there is no number","next":"give one"}})");
  EXPECT_EQ(peer.wait(), 1);
}

TEST(Reach, ServesUntilItsInputCloses) {
  Peer peer(counting);
  peer.say("{\"number\": 1000000}\n");
  EXPECT_EQ(peer.hear(), R"({"facts":{"beats":1000000}})");
  EXPECT_EQ(Counted::living, 1);
  EXPECT_EQ(peer.close(), 0);
  EXPECT_EQ(Counted::living, 0);
}

TEST(Reach, EndsWhenWhatItServesIsNoLongerInForce) {
  Peer peer(counting);
  peer.say("{\"number\": 1}\n");
  EXPECT_EQ(peer.hear(), R"({"facts":{"beats":1}})");
  EXPECT_EQ(peer.wait(), 1);
}

TEST(Reach, SaysThatParametersCannotBeRead) {
  for (const char* text : {"{\"number\": \n", "[]\n", "nonsense\n"}) {
    Peer peer(doubling);
    peer.say(text);
    EXPECT_NE(peer.hear().find(R"({"error":{"code":)"), std::string::npos) << text;
    EXPECT_EQ(peer.wait(), 1);
  }
  Peer silent(doubling);
  EXPECT_EQ(silent.close(), 1);
}

TEST(Reach, EveryVerbIsWhole) {
  std::set<std::string_view> names;
  for (const Verb* verb : catalogue()) {
    EXPECT_TRUE(names.insert(verb->name).second) << verb->name;
    EXPECT_FALSE(verb->about.empty()) << verb->name;
    EXPECT_NE(verb->table, nullptr) << verb->name;
    EXPECT_NE(verb->call == nullptr, verb->serve == nullptr) << verb->name;
    EXPECT_EQ(find(catalogue(), verb->name), verb);
  }
  EXPECT_EQ(find(catalogue(), "no.such"), nullptr);
}

}  // namespace
}  // namespace squall::reach
