// Result<T> carries either a value or the reason why the world refused to give one.
//
// An Error says what went wrong in one sentence, and collects, as it travels up, what was being
// done at each level ("while starting the guardian: while binding /run/x: permission denied").
// Mistakes of our own are not errors but CHECKs; mistakes in a user's document are Diagnostics.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/check.h"

namespace squall {

enum class Code {
  invalid,      // the caller's input cannot be right
  not_found,    // the thing named does not exist
  refused,      // a rule or a permission forbids it
  unsupported,  // this host cannot do it
  timed_out,    // it took longer than its limit
  conflict,     // somebody else holds or changed the thing
  failed,       // the system said no for another reason
};

std::string_view code_name(Code code);
// The inverse of code_name; an unknown name reads as Code::failed.
Code code_from_name(std::string_view name);

struct [[nodiscard]] Error {
  Code code = Code::failed;
  std::string message;               // one sentence: what, where, why
  std::string next;                  // what to do about it; may be empty
  std::vector<std::string> context;  // outermost first: "while doing ..."

  Error&& while_doing(std::string what) && {
    context.insert(context.begin(), std::move(what));
    return std::move(*this);
  }
  Error&& advise(std::string what_next) && {
    if (next.empty()) next = std::move(what_next);
    return std::move(*this);
  }
  // "while A: while B: message", without `next`.
  std::string render() const;
};

inline Error error(Code code, std::string message, std::string next = {}) {
  return Error{code, std::move(message), std::move(next), {}};
}
// An error of kind `code_of(number)` whose message is "what: strerror(number)".
Error errno_error(int number, std::string_view what);

struct Unit {};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error problem) : state_(std::in_place_index<1>, std::move(problem)) {}
  template <class U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result<T>>) Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & {
    CHECK(ok(), "value() of a failed Result");
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK(ok(), "value() of a failed Result");
    return std::get<0>(state_);
  }
  // By value, so that `for (x : f().value())` does not outlive what it walks over.
  T value() && {
    CHECK(ok(), "value() of a failed Result");
    return std::get<0>(std::move(state_));
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  Error& error() & {
    CHECK(!ok(), "error() of a Result that holds a value");
    return std::get<1>(state_);
  }
  const Error& error() const& {
    CHECK(!ok(), "error() of a Result that holds a value");
    return std::get<1>(state_);
  }
  Error error() && {
    CHECK(!ok(), "error() of a Result that holds a value");
    return std::get<1>(std::move(state_));
  }

 private:
  std::variant<T, Error> state_;
};

using Status = Result<Unit>;
inline Status ok() {
  return Unit{};
}

}  // namespace squall

// Evaluates to the value of `expression`, or returns its error from the enclosing function. A
// second argument says what was being done: TRY(open(path), "reading the map " + path).
#define SQUALL_TRY_NAMED(name, expression, ...)                 \
  __extension__({                                               \
    auto name = (expression);                                   \
    if (!name.ok()) return std::move(name).error() __VA_ARGS__; \
    std::move(name).value();                                    \
  })
#define SQUALL_TRY_JOIN(a, b) a##b
#define SQUALL_TRY_NAME(number) SQUALL_TRY_JOIN(squall_result_, number)
#define SQUALL_TRY_1(expression) SQUALL_TRY_NAMED(SQUALL_TRY_NAME(__COUNTER__), expression)
#define SQUALL_TRY_2(expression, doing) \
  SQUALL_TRY_NAMED(SQUALL_TRY_NAME(__COUNTER__), expression, .while_doing(doing))
#define SQUALL_TRY_PICK(_1, _2, name, ...) name
#define TRY(...) SQUALL_TRY_PICK(__VA_ARGS__, SQUALL_TRY_2, SQUALL_TRY_1)(__VA_ARGS__)
// The same for a Status, where there is no value to take.
#define TRY_VOID(...) static_cast<void>(TRY(__VA_ARGS__))
