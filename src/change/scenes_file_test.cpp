// Scenes of the changes of files.
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/scenes_test.h"
#include "change/targets_test.h"
#include "core/check.h"
#include "core/text.h"
#include "sys/command.h"
#include "sys/file.h"
#include "sys/host.h"

namespace squall::change {
namespace {

constexpr unsigned nobody = 65534;

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
    std::string text =
        fmt::format("{} mode {:o} owner {}:{} inode {}", sys::file_sha256(path_).value(),
                    status.st_mode, status.st_uid, status.st_gid, status.st_ino);
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
  void edit_as_third_party() override {
    const sys::Fd fd = sys::open_file(path_, O_WRONLY).value();
    CHECK(sys::write_at(fd, 5002, "third").ok(), "the file is writable");
  }
};

class FileContentScene : public FileScene {
 public:
  Request request() override {
    return {"file.content", {{"path", path_}, {"content", to_base64("listen = 0\n")}}};
  }
  // As editors do it: a new file takes the name.
  void edit_as_third_party() override {
    CHECK(sys::write_file_durably(path_, "listen = 8080\n", 0640).ok(), "the folder is writable");
  }
};

class FileContentFromSourceScene : public FileScene {
 public:
  FileContentFromSourceScene() {
    CHECK(sys::write_file_durably(source_, "from the source\n").ok(), "the folder is writable");
    CHECK(::chown(path_.c_str(), nobody, nobody) == 0, "we are root");
    ::chmod(path_.c_str(), 04751);
  }
  Request request() override { return {"file.content", {{"path", path_}, {"source", source_}}}; }
  // In place: the stand-in itself is edited.
  void edit_as_third_party() override {
    const sys::Fd fd = sys::open_file(path_, O_WRONLY | O_APPEND).value();
    CHECK(sys::write_all(fd, "and a line\n").ok(), "the file is writable");
  }

 private:
  std::string source_ = folder_.path() + "/source";
};

// Cut in the middle of a line.
class FileContentCutScene : public FileScene {
 public:
  Request request() override {
    return {"file.content", {{"path", path_}, {"source", path_}, {"length", 1234}}};
  }
  void edit_as_third_party() override { ::unlink(path_.c_str()); }
};

class FileAbsenceScene : public FileScene {
 public:
  Request request() override { return {"file.absence", {{"path", path_}}}; }
  void edit_as_third_party() override {
    CHECK(sys::write_file_durably(path_, "made anew\n", 0600).ok(), "the folder is writable");
  }
};

// Of a link it is the link that goes; what it leads to stays.
class LinkAbsenceScene : public FileScene {
 public:
  LinkAbsenceScene() { CHECK(::symlink("victim", link_.c_str()) == 0, "the folder is writable"); }
  Request request() override { return {"file.absence", {{"path", link_}}}; }
  void edit_as_third_party() override {
    CHECK(::symlink("elsewhere", link_.c_str()) == 0, "the name is free");
  }

 private:
  std::string link_ = folder_.path() + "/link";
};

class FileModeScene : public FileScene {
 public:
  FileModeScene() { ::chmod(path_.c_str(), 06755); }
  Request request() override { return {"file.mode", {{"path", path_}, {"mode", "0400"}}}; }
  void edit_as_third_party() override { ::chmod(path_.c_str(), 0666); }
};

class FolderOwnerScene : public FileScene {
 public:
  FolderOwnerScene() {
    CHECK(::mkdir(victim_.c_str(), 0750) == 0, "the folder is writable");
    ::chmod(victim_.c_str(), 02750);
  }
  Request request() override {
    return {"file.mode", {{"path", victim_}, {"owner", nobody}, {"group", nobody}, {"mode", "0"}}};
  }
  std::string observe() override {
    struct stat status {};
    CHECK(::stat(victim_.c_str(), &status) == 0, "the folder is there");
    return fmt::format("mode {:o} owner {}:{}", status.st_mode, status.st_uid, status.st_gid);
  }
  void edit_as_third_party() override { CHECK(::chown(victim_.c_str(), 7, 7) == 0, "root"); }

 private:
  std::string victim_ = folder_.path() + "/folder";
};

class FileLockScene : public FileScene {
 public:
  Request request() override { return {"file.lock", {{"path", path_}}}; }
  std::string observe() override {
    const sys::Fd fd = sys::open_file(path_, O_RDONLY).value();
    return ::flock(fd.get(), LOCK_SH | LOCK_NB) == 0 ? "free" : "locked";
  }
};

class FileRangeLockScene : public FileScene {
 public:
  Request request() override {
    return {"file.lock", {{"path", path_}, {"how", "posix"}, {"start", "5 B"}, {"length", "10 B"}}};
  }
  std::string observe() override {
    const sys::Fd fd = sys::open_file(path_, O_RDWR).value();
    struct flock range {};
    range.l_type = F_WRLCK;
    CHECK(::fcntl(fd.get(), F_OFD_GETLK, &range) == 0, "locks can be asked for");
    return range.l_type == F_UNLCK ? "free" : fmt::format("locked from {}", range.l_start);
  }
};

class FileTailScene : public FileScene {
 public:
  explicit FileTailScene(std::string rate = "0 /s") : rate_(std::move(rate)) {}
  Request request() override {
    return {"file.tail",
            {{"path", path_},
             {"lines", json::array{"error {n}: {random}", "warning {n}"}},
             {"tag", "[squall 5ce17e]"},
             {"count", 2000},
             {"rate", rate_}}};
  }
  void edit_as_third_party() override {
    const sys::Fd fd = sys::open_file(path_, O_WRONLY | O_APPEND).value();
    CHECK(sys::write_all(fd, "a line of the target\n").ok(), "the file is writable");
  }

 private:
  std::string rate_;
};

// Grows while it is looked at, so the look tells that there is more behind the target's own text,
// and not how much.
class FileFloodScene : public FileTailScene {
 public:
  FileFloodScene() : FileTailScene("5000 /s"), own_(sys::read_file(path_).value()) {}
  std::string observe() override {
    const Result<std::string> text = sys::read_file(path_);
    const bool is_longer = text.ok() && text->size() > own_.size() && text->starts_with(own_);
    return is_longer ? "the target's own text, and more" : FileTailScene::observe();
  }

 private:
  std::string own_;
};

// What another program is told: that of squall's own would be spared.
class FileAccessScene : public FileScene {
 public:
  explicit FileAccessScene(json::object params = {{"error", EIO}}) : params_(std::move(params)) {
    params_["on"] = "open";
  }
  Request request() override {
    json::object params = params_;
    if (!params.contains("path")) params["path"] = path_;
    return {"file.access", std::move(params)};
  }
  std::string observe() override {
    sys::Patience patience(seconds(10));
    const auto result = sys::run_command({.argv = {"cat", path_}}, patience).value();
    if (result.took >= milliseconds(300)) return "slow";
    return result.exit_code == 0 ? result.output : result.error_output;
  }

 protected:
  json::object params_;
};

class FileDelayScene : public FileAccessScene {
 public:
  FileDelayScene() : FileAccessScene({{"delay", "400 ms"}}) { params_["path"] = folder_.path(); }
};

template <class S>
SceneMaker access_maker(std::string name) {
  return {std::move(name), "file.access", {.needs_root = true}, []() -> std::unique_ptr<Scene> {
            if (!sys::look_at_host().may_watch_files) return nullptr;
            return std::make_unique<S>();
          }};
}

}  // namespace

std::vector<SceneMaker> file_scenes() {
  return {
      maker<FileBytesScene>("file_bytes", "file.bytes",
                            {.is_editable = true, .touches_in_steps = true}),
      maker<FileContentScene>("file_content", "file.content",
                              {.is_editable = true, .touches_in_steps = true}),
      maker<FileContentFromSourceScene>(
          "file_content_from_source", "file.content",
          {.needs_root = true, .is_editable = true, .touches_in_steps = true}),

      maker<FileContentCutScene>("file_content_cut", "file.content",
                                 {.is_editable = true, .touches_in_steps = true}),
      maker<FileAbsenceScene>("file_absence", "file.absence",
                              {.is_editable = true, .touches_in_steps = true}),
      maker<LinkAbsenceScene>("file_absence_of_a_link", "file.absence", {.is_editable = true}),
      access_maker<FileAccessScene>("file_access"),
      access_maker<FileDelayScene>("file_access_late"),
      maker<FileTailScene>("file_tail", "file.tail", {.is_editable = true}),
      maker<FileFloodScene>("file_tail_at_a_rate", "file.tail", {}),
      maker<FileLockScene>("file_lock", "file.lock", {}),
      maker<FileRangeLockScene>("file_lock_of_a_range", "file.lock", {}),
      maker<FileModeScene>("file_mode", "file.mode", {.is_editable = true}),
      maker<FolderOwnerScene>("file_mode_of_a_folder", "file.mode",
                              {.needs_root = true, .is_editable = true}),
  };
}

}  // namespace squall::change
