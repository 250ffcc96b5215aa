#include <array>
#include <filesystem>

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/scenes_test.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::change {
namespace {

// A private folder, removed at the end.
class Folder {
 public:
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "squall-scene-XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
    path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A child that sleeps until it is killed, and dies with us.
class Sleeper {
 public:
  Sleeper() {
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    CHECK(pid_ >= 0, "fork works");
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(0);
      while (true) ::pause();
    }
  }
  ~Sleeper() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }
  sys::ProcessId id() const { return sys::read_process(pid_).value().id; }
  json::object params() const {
    return {{"pid", id().pid}, {"start_ticks", static_cast<std::int64_t>(id().start_ticks)}};
  }

 private:
  pid_t pid_ = 0;
};

class FileScene : public Scene {
 public:
  FileScene() : path_(folder_.path() + "/victim") {
    std::string content;
    for (int i = 0; i < 500; ++i) content += fmt::format("line {} of the victim\n", i);
    CHECK(sys::write_file_durably(path_, content, 0640).ok(), "the folder is writable");
  }
  std::string observe() override {
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0) return "missing";
    std::string text = fmt::format("{} mode {:o} inode {}", sys::file_sha256(path_).value(),
                                   status.st_mode, status.st_ino);
    for (const std::string& name : sys::list_folder(folder_.path()).value()) text += " " + name;
    return text;
  }

 protected:
  Folder folder_;
  std::string path_;
};

class FileBytesScene : public FileScene {
 public:
  Request request() override {
    return {"file.bytes",
            {{"path", path_},
             {"patches", json::array{{{"offset", 100}, {"xor", to_base64("\x01\x02\x7f")}},
                                     {{"offset", 5000}, {"bytes", to_base64("CORRUPT")}}}}}};
  }
  bool edit_as_third_party() override {
    const sys::Fd fd = sys::open_file(path_, O_WRONLY).value();
    return sys::write_at(fd, 5002, "third").ok();
  }
};

class ProcessStopScene : public Scene {
 public:
  Request request() override { return {"process.stop", sleeper_.params()}; }
  std::string observe() override {
    return sys::read_process(sleeper_.pid()).value().state == 'T' ? "stopped" : "running";
  }
  bool edit_as_third_party() override {
    ::kill(sleeper_.pid(), SIGCONT);
    while (observe() == "stopped") sys::sleep_until(sys::monotonic_now() + milliseconds(1));
    return true;
  }

 private:
  Sleeper sleeper_;
};

template <class S>
SceneMaker maker(std::string kind, bool needs_root) {
  return {std::move(kind), needs_root, [] { return std::make_unique<S>(); }};
}

}  // namespace

const std::vector<SceneMaker>& scenes() {
  static const std::vector<SceneMaker> all = {
      maker<FileBytesScene>("file.bytes", false),
      maker<ProcessStopScene>("process.stop", false),
  };
  return all;
}

}  // namespace squall::change
