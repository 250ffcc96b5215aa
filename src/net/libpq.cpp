#include "net/libpq.h"

#include <optional>

#include <dlfcn.h>
#include <fmt/core.h>

#include "core/check.h"

namespace squall::net {
namespace {

constexpr const char* file_name = "libpq.so.5";

class Library {
 public:
  Library() : handle_(::dlopen(file_name, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) {
      fail();
      return;
    }
    find("PQclear", functions_.PQclear);
    find("PQconnectPoll", functions_.PQconnectPoll);
    find("PQconnectStartParams", functions_.PQconnectStartParams);
    find("PQconsumeInput", functions_.PQconsumeInput);
    find("PQerrorMessage", functions_.PQerrorMessage);
    find("PQfinish", functions_.PQfinish);
    find("PQflush", functions_.PQflush);
    find("PQgetResult", functions_.PQgetResult);
    find("PQgetisnull", functions_.PQgetisnull);
    find("PQgetvalue", functions_.PQgetvalue);
    find("PQisBusy", functions_.PQisBusy);
    find("PQnfields", functions_.PQnfields);
    find("PQntuples", functions_.PQntuples);
    find("PQresultErrorField", functions_.PQresultErrorField);
    find("PQresultErrorMessage", functions_.PQresultErrorMessage);
    find("PQresultStatus", functions_.PQresultStatus);
    find("PQsendQuery", functions_.PQsendQuery);
    find("PQsendQueryParams", functions_.PQsendQueryParams);
    find("PQsetErrorVerbosity", functions_.PQsetErrorVerbosity);
    find("PQsetnonblocking", functions_.PQsetnonblocking);
    find("PQsocket", functions_.PQsocket);
    find("PQstatus", functions_.PQstatus);
  }

  const std::optional<Error>& problem() const { return problem_; }
  const Libpq& functions() const { return functions_; }

 private:
  template <class Function>
  void find(const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(::dlsym(handle_, name));
    if (function == nullptr) fail();
  }
  void fail() {
    const char* why = ::dlerror();
    problem_ = error(Code::unsupported,
                     fmt::format("{} cannot be used: {}", file_name, why == nullptr ? "?" : why),
                     "install the package libpq5");
  }

  void* handle_;  // stays open: connections use it until the end
  Libpq functions_{};
  std::optional<Error> problem_;
};

const Library& library() {
  static const Library loaded;
  return loaded;
}

}  // namespace

Status load_libpq() {
  if (library().problem()) return *library().problem();
  return ok();
}

const Libpq& libpq() {
  CHECK(!library().problem(), "libpq is loaded");
  return library().functions();
}

}  // namespace squall::net
