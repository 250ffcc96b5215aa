// A Docker daemon of our own for tests, in network and mount namespaces, control groups and a
// folder of its own, with one image that holds nothing but busybox. It is up in half a second and
// vanishes with the object, and with it every container.
#pragma once

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/check.h"
#include "sys/clock.h"
#include "sys/command.h"
#include "sys/fd.h"
#include "sys/private_group_test.h"

namespace squall::sys {

class PrivateDockerd {
 public:
  // nullptr where none can be had: no root, no dockerd, no cgroup v2.
  static std::unique_ptr<PrivateDockerd> start() {
    const bool is_possible = ::geteuid() == 0 && exists(program) && PrivateGroup::v2_mount();
    if (!is_possible) return nullptr;
    std::unique_ptr<PrivateDockerd> made(new PrivateDockerd);
    return made->launch() ? std::move(made) : nullptr;
  }
  // The one of this program, started when it is first asked for; tests remove their containers.
  static PrivateDockerd* shared() {
    static const std::unique_ptr<PrivateDockerd> one = start();
    return one.get();
  }
  ~PrivateDockerd() {
    group_.reset();
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  PrivateDockerd(const PrivateDockerd&) = delete;
  PrivateDockerd& operator=(const PrivateDockerd&) = delete;

  std::string socket() const { return folder_ + "/docker.sock"; }
  // The network namespace in which its bridges are.
  std::string network_namespace() const { return fmt::format("/proc/{}/ns/net", pid_); }
  // What the client says to these words, without the last line feed.
  std::string docker(std::vector<std::string> words) const {
    return run("docker", std::move(words));
  }
  // Starts a container that sleeps, and returns its id. `options` are those of docker run.
  std::string run_sleeper(const std::string& name, std::vector<std::string> options = {}) const {
    std::vector<std::string> words = {"run", "-d", "--name", name};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"box", "/bin/sleep", "1000"});
    return docker(std::move(words));
  }
  // What its daemon tells of a container: inspect(name, ".State.Pid").
  std::string inspect(const std::string& name, const std::string& member) const {
    return docker({"inspect", "--type", "container", "-f", "{{json " + member + "}}", name});
  }
  const std::string& group() const { return group_->name(); }  // above those of the containers
  std::string id_of(const std::string& name) const {
    return docker({"inspect", "--type", "container", "-f", "{{.Id}}", name});
  }
  std::int64_t pid_of(const std::string& name) const {
    const std::string pid = inspect(name, ".State.Pid");
    return std::isdigit(static_cast<unsigned char>(pid[0])) != 0 ? std::stoll(pid) : 0;
  }

 private:
  static constexpr const char* program = "/usr/sbin/dockerd";
  static constexpr const char* busybox = "/bin/busybox";
  PrivateDockerd() = default;

  std::string run(const std::string& name, std::vector<std::string> words) const {
    Command command{.argv = {name}};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.environment["DOCKER_HOST"] = "unix://" + socket();
    command.environment["DOCKER_CONFIG"] = folder_;
    Patience patience(seconds(30));
    const Result<CommandResult> result = run_command(command, patience);
    if (!result.ok()) return result.error().render();
    std::string said = result->output + result->error_output;
    while (said.ends_with('\n')) said.pop_back();
    return said;
  }

  bool launch() {
    std::string pattern = std::filesystem::temp_directory_path() / "squall-dockerd-XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
    folder_ = pattern;
    group_ = std::make_unique<PrivateGroup>("/test-of-squall-" + name_of(folder_));
    CHECK(::mkdir((group_->path() + "/daemon").c_str(), 0755) == 0, "a group can be made");
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    CHECK(pid_ >= 0, "fork works");
    if (pid_ == 0) become_dockerd(parent);
    const Duration deadline = monotonic_now() + seconds(30);
    while (!docker({"ps", "-q"}).empty()) {
      if (::waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = -1;
      if (pid_ < 0 || monotonic_now() > deadline) return false;
      sleep_until(monotonic_now() + milliseconds(5));
    }
    return make_image();
  }

  bool make_image() const {
    const std::string bin = folder_ + "/root/bin";
    std::filesystem::create_directories(bin);
    std::filesystem::copy_file(busybox, bin + "/busybox");
    for (const char* applet : {"sh", "sleep", "nc", "httpd"}) {
      std::filesystem::create_symlink("busybox", bin + "/" + applet);
    }
    run("tar", {"-C", folder_ + "/root", "-cf", folder_ + "/box.tar", "."});
    return docker({"import", folder_ + "/box.tar", "box"}).starts_with("sha256:");
  }

  static bool bring_loopback_up() {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    request.ifr_name[0] = 'l';
    request.ifr_name[1] = 'o';
    request.ifr_flags = IFF_UP;
    return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
  }

  // Its firewall rules and its default bridge stay out; /run is its own, so that no containerd and
  // no plugin of the host is found there.
  [[noreturn]] void become_dockerd(pid_t parent) const {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    if (!write_control(group_->path() + "/daemon/cgroup.procs", "0").ok()) ::_exit(2);
    const bool is_apart = ::unshare(CLONE_NEWNS | CLONE_NEWNET) == 0 &&
                          ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                          ::mount("none", "/run", "tmpfs", 0, "size=32m") == 0 &&
                          bring_loopback_up();
    if (!is_apart) ::_exit(3);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {0, 1, 2}) ::dup2(nothing, fd);
    std::vector<std::string> words = {program,
                                      "--host=unix://" + socket(),
                                      "--data-root=" + folder_ + "/data",
                                      "--exec-root=" + folder_ + "/exec",
                                      "--pidfile=" + folder_ + "/pid",
                                      "--cgroup-parent=" + group_->name(),
                                      "--exec-opt=native.cgroupdriver=cgroupfs",
                                      "--storage-driver=vfs",
                                      "--bridge=none",
                                      "--iptables=false",
                                      "--ip6tables=false",
                                      "--shutdown-timeout=1"};
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char* environment[] = {path.data(), nullptr};
    ::execve(program, pointers.data(), environment);
    ::_exit(4);
  }

  std::string folder_;
  std::unique_ptr<PrivateGroup> group_;
  pid_t pid_ = -1;
};

}  // namespace squall::sys
