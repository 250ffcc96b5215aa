#include "net/docker.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/test_server.h"
#include "sys/test_props.h"

namespace squall::net {
namespace {

using testing::HasSubstr;

const std::string id = "0123456789abcdef" + std::string(48, '7');

std::string running(const std::string& more = "") {
  return fmt::format(R"({{"Id":"{}","Name":"/web","RestartCount":2,"State":{{"Status":"running",)"
                     R"("Running":true,"Paused":false,"Pid":77}}{}}})",
                     id, more);
}

// A daemon that says the same to everybody, and keeps what it was asked.
class Daemon {
 public:
  explicit Daemon(std::string answer)
      : server_(
            [this, answer = std::move(answer)](int fd, sys::Patience& patience) {
              std::string heard(4096, '\0');
              if (patience.wait_for(fd, POLLIN) != sys::Patience::End::ready) return;
              const ssize_t got = ::read(fd, heard.data(), heard.size());
              heard_ = heard.substr(0, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
              std::size_t sent = 0;
              while (sent < answer.size()) {
                const ssize_t one =
                    ::send(fd, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
                if (one <= 0) return;
                sent += static_cast<std::size_t>(one);
              }
            },
            folder_ / "sock") {}
  static std::string saying(int status, const std::string& body) {
    return fmt::format("HTTP/1.1 {} Words\r\nContent-Length: {}\r\n\r\n{}", status, body.size(),
                       body);
  }
  std::string socket() const { return folder_ / "sock"; }
  const std::string& heard() const { return heard_; }

 private:
  sys::ScratchFolder folder_;
  std::string heard_;
  TestServer server_;
};

Result<Container> found_at(const Daemon& daemon, const std::string& name = "web") {
  sys::Patience patience(seconds(5));
  return find_container(daemon.socket(), name, patience);
}
std::string problem(const std::string& answer) {
  const Daemon daemon(answer);
  const Result<Container> found = found_at(daemon);
  return found.ok() ? "" : found.error().message;
}

TEST(Docker, ReadsWhatADaemonTellsOfAContainer) {
  const Daemon daemon(Daemon::saying(
      200, running(R"(,"HostConfig":{"AutoRemove":true},"NetworkSettings":{"Networks":{)"
                   R"("front":{"IPAddress":"10.1.0.9"},"back":{}}})")));
  const Container container = found_at(daemon).value();
  EXPECT_THAT(daemon.heard(), HasSubstr("GET /containers/web/json HTTP/1.1\r\n"));
  EXPECT_EQ(container.id, id);
  EXPECT_EQ(container.name, "web");
  EXPECT_EQ(container.status, "running");
  EXPECT_TRUE(container.is_running && !container.is_paused && container.removes_itself);
  EXPECT_EQ(container.pid, 77);
  EXPECT_EQ(container.restarts, 2);
  ASSERT_EQ(container.networks.size(), 2U);
  EXPECT_EQ(text_at(container.networks.at("front"), "IPAddress"), "10.1.0.9");
}

TEST(Docker, SendsABodyAsJsonAndTakesAnEmptyAnswer) {
  const Daemon daemon(Daemon::saying(204, ""));
  sys::Patience patience(seconds(5));
  const auto answer = ask_docker({.socket = daemon.socket(),
                                  .method = "POST",
                                  .target = "/networks/front/connect",
                                  .body = {{"Container", "web"}}},
                                 patience);
  ASSERT_TRUE(answer.ok()) << answer.error().render();
  EXPECT_TRUE(answer->is_null());
  EXPECT_THAT(daemon.heard(), HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(daemon.heard(), HasSubstr("\r\n\r\n{\"Container\":\"web\"}"));
}

TEST(Docker, PassesOnWhatTheDaemonRefusesInItsWords) {
  const Daemon daemon(Daemon::saying(404, R"({"message":"No such container: web\u001b[2J"})"));
  const Error refusal = found_at(daemon).error();
  EXPECT_EQ(refusal.code, Code::not_found);
  EXPECT_EQ(refusal.message, "the container daemon says 404: No such container: web?[2J");
  const Daemon busy(Daemon::saying(409, "<html>"));
  EXPECT_EQ(found_at(busy).error().code, Code::conflict);
  EXPECT_THAT(problem(Daemon::saying(500, "")), HasSubstr("says 500: nothing more"));
}

TEST(Docker, BelievesNothingThatIsNoAnswer) {
  EXPECT_THAT(problem(Daemon::saying(200, "<html></html>")), HasSubstr("no JSON"));
  EXPECT_THAT(problem(Daemon::saying(200, "[]")), HasSubstr("no state of a container"));
  EXPECT_THAT(problem(Daemon::saying(200, "")), HasSubstr("no state of a container"));
  EXPECT_THAT(problem(Daemon::saying(200, R"({"Id":"../../x","Name":"/web","State":{}})")),
              HasSubstr("without an id"));
  EXPECT_THAT(problem(Daemon::saying(
                  200, fmt::format(R"({{"Id":"{}","Name":"/a/../b","State":{{}}}})", id))),
              HasSubstr("without a name"));
  EXPECT_THAT(problem(Daemon::saying(
                  200, fmt::format(R"({{"Id":"{}","Name":"/a","State":{{"Pid":-7}}}})", id))),
              HasSubstr("a negative number"));
  EXPECT_THAT(problem("SSH-2.0-OpenSSH_9.2\r\n"), HasSubstr("did not answer in HTTP"));
  EXPECT_THAT(problem(Daemon::saying(200, std::string(1000, '['))), HasSubstr("no JSON"));
}

TEST(Docker, ReadsNoMoreThanALimit) {
  EXPECT_THAT(problem(Daemon::saying(200, std::string(3 << 20, ' '))),
              HasSubstr("more than 1 MiB"));
}

TEST(Docker, WaitsNoLongerThanItMay) {
  sys::ScratchFolder folder;
  const TestServer silent(
      [](int fd, sys::Patience& patience) {
        // Reads until the client has given up.
        char letter = 0;
        while (patience.wait_for(fd, POLLIN) == sys::Patience::End::ready &&
               ::read(fd, &letter, 1) == 1) {
        }
      },
      folder / "sock");
  sys::Patience patience(milliseconds(50));
  const auto found = find_container(folder / "sock", "web", patience);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Code::timed_out);
}

TEST(Docker, TellsADaemonThatIsNotThereFromAContainerThatIsNotThere) {
  sys::Patience patience(seconds(5));
  const auto found = find_container("/nowhere/docker.sock", "web", patience);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Code::unsupported);
  EXPECT_THAT(found.error().message, HasSubstr("no container daemon answers"));
}

TEST(Docker, AsksForNoNameThatCouldLeadElsewhere) {
  const Daemon daemon(Daemon::saying(200, running()));
  for (const std::string name : {"", "..", "a/../b", "a?all=1", "a b", "a%2f", "-a"}) {
    const Result<Container> found = found_at(daemon, name);
    ASSERT_FALSE(found.ok()) << name;
    EXPECT_EQ(found.error().code, Code::invalid) << name;
  }
  EXPECT_EQ(daemon.heard(), "");
}

}  // namespace
}  // namespace squall::net
