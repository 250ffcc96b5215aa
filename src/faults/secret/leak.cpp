// secret.leak: a secret stands in a log, as after a debug level that prints the environment, a
// request that is logged with its headers, or a stack trace with a connection string.
//
// The secrets are fakes, made from the seed in the shape that scanners look for. They open nothing,
// and every line says that it is one.
#include <array>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/appended.h"
#include "faults/files.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Leak {
  std::string path;
  std::vector<std::string> kinds;
  std::int64_t count = 0;
  Rate rate;
  bool keep = false;
};

const param::Table<Leak> table{{
    param::field("path", &Leak::path, {.about = "The log, with its full path.", .required = true}),
    param::field("kinds", &Leak::kinds,
                 {.about = "Which secrets, in turn: aws_key, github_token, slack_token, api_key, "
                           "password, connection, bearer, jwt, private_key or card; without it, "
                           "each of them."}),
    param::field("count", &Leak::count,
                 {.about = "How many lines; 0: one of each kind.", .min = 0, .max = 100'000}),
    param::field("rate", &Leak::rate,
                 {.about = "How many in a time; 0 /s: all of them at once.", .max = Rate{10'000}}),
    param::field("keep", &Leak::keep,
                 {.about = "Whether the lines stay in the log; that must be accepted in writing."}),
}};

constexpr std::string_view upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view digits = "0123456789";

// Draws letters for one secret; each is a choice of its own.
struct Source {
  const Choices& choices;
  std::string kind;
  std::uint64_t ordinal = 0;
  std::uint64_t drawn = 0;

  std::string text(std::size_t size, const std::string& alphabet) {
    std::string drawn_text;
    for (std::size_t i = 0; i < size; ++i) {
      const std::string decision = fmt::format("letter {}", drawn++);
      drawn_text += alphabet[choices.below(alphabet.size(), kind, decision, ordinal)];
    }
    return drawn_text;
  }
  std::string word(std::size_t size) {
    return text(size, std::string(letters) + std::string(digits));
  }
};

// The thirteenth to last digits of a test card, closed by the digit of Luhn's check.
std::string card(Source& source) {
  std::string number = "4" + source.text(14, std::string(digits));
  int sum = 0;
  for (std::size_t i = 0; i < number.size(); ++i) {
    int digit = number[i] - '0';
    if (i % 2 == 0) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return number + static_cast<char>('0' + (10 - sum % 10) % 10);
}

// Heads are put together here, so that no scanner takes this file for a leak.
struct Shape {
  std::string_view name;
  std::string (*make)(Source&);
};
constexpr std::array<Shape, 10> shapes = {{
    {"aws_key",
     [](Source& source) {
       return fmt::format("AWS_ACCESS_KEY_ID={}{} AWS_SECRET_ACCESS_KEY={}", "AK",
                          "IA" + source.text(16, std::string(upper) + "234567"), source.word(40));
     }},
    {"github_token",
     [](Source& source) { return fmt::format("token={}_{}", "ghp", source.word(36)); }},
    {"slack_token",
     [](Source& source) {
       return fmt::format("slack={}-{}-{}-{}", "xoxb", source.text(12, std::string(digits)),
                          source.text(12, std::string(digits)), source.word(24));
     }},
    {"api_key",
     [](Source& source) { return fmt::format("api_key={}{}", "AI", "za" + source.word(35)); }},
    {"password", [](Source& source) { return fmt::format("password={}", source.word(20)); }},
    {"connection",
     [](Source& source) {
       return fmt::format("DATABASE_URL={}://app:{}@db.invalid:5432/app", "postgres",
                          source.word(20));
     }},
    {"bearer",
     [](Source& source) { return fmt::format("Authorization: Bearer {}", source.word(40)); }},
    {"jwt",
     [](Source& source) {
       // {"alg":"HS256","typ":"JWT"} and a name, in base64
       return fmt::format("session={}.{}.{}", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
                          "eyJzdWIiOiJmYWtlIn0", source.word(43));
     }},
    {"private_key",
     [](Source& source) {
       return fmt::format("-----BEGIN {} KEY-----\\n{}\\n-----END {} KEY-----", "RSA PRIVATE",
                          source.word(64), "RSA PRIVATE");
     }},
    {"card", [](Source& source) { return fmt::format("card={}", card(source)); }},
}};

const Shape* find_shape(std::string_view name) {
  for (const Shape& shape : shapes) {
    if (shape.name == name) return &shape;
  }
  return nullptr;
}

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("write permission on the log")};
}

Status check(const Leak& leak) {
  TRY_VOID(check_full_path("path", leak.path));
  std::vector<std::string> names;
  for (const Shape& shape : shapes) names.emplace_back(shape.name);
  for (const std::string& kind : leak.kinds) {
    if (find_shape(kind) != nullptr) continue;
    return error(Code::invalid, fmt::format("kinds: there is no kind of secret {}", quote(kind)),
                 "use " + list_words(names, "or"));
  }
  return ok();
}

Wants wants(const Leak& leak) {
  return {.files = {leak.path}};
}

Result<Strike> plan(const Leak& leak, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  std::vector<std::string> kinds = leak.kinds;
  for (const Shape& shape : shapes) {
    if (leak.kinds.empty()) kinds.emplace_back(shape.name);
  }
  AppendedLines wanted{.path = leak.path, .rate = leak.rate, .keep = leak.keep};
  for (const std::string& kind : kinds) {
    Source source{choices, kind, ordinal};
    wanted.lines.push_back(
        fmt::format("debug: {} (FAKE SECRET, made for a drill)", find_shape(kind)->make(source)));
  }
  wanted.count = leak.count > 0 ? leak.count : static_cast<std::int64_t>(kinds.size());
  Strike strike = TRY(append_lines(wanted, facts, choices, ordinal));
  strike.target = fmt::format("{} fake secrets in {}", wanted.count, printable(leak.path));
  return strike;
}

}  // namespace

extern const Kind kind_secret_leak;
const Kind kind_secret_leak = kind_of<Leak>({
    .name = "secret.leak",
    .summary = "Secrets stand in a log, where a scanner must notice them.",
    .mechanism =
        "Fake secrets are made from the seed in the shapes that scanners know: keys of clouds, "
        "tokens, passwords, connection strings, a private key, a card number with a right check "
        "digit. A holder process appends them to the log (O_APPEND), one a line. Every line says "
        "FAKE SECRET and ends with a tag such as [squall 3f09a1c2] that follows from the seed.",
    .undo = appended_undo,
    .limits = appended_limits,
    .example = R"({"path": "/var/log/example/service.log", "kinds": ["aws_key", "password"]})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
