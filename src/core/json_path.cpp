#include "core/json_path.h"

#include <charconv>

#include <fmt/core.h>

#include "core/text.h"

namespace squall {
namespace {

constexpr std::size_t length_max = 1024;
constexpr std::size_t work_max = 1'000'000;
constexpr std::int64_t index_max = (1LL << 53) - 1;  // RFC 9535, section 2.1: the I-JSON range

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

// RFC 9535, section 2.5.1.1: a letter, "_" or anything beyond ASCII.
bool starts_name(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_' ||
         static_cast<unsigned char>(letter) >= 0x80;
}

std::size_t character_count(std::string_view text) {
  std::size_t count = 0;
  for (const char letter : text) {
    if ((static_cast<unsigned char>(letter) & 0xC0) != 0x80) ++count;
  }
  return count;
}

}  // namespace

// Reads a path from left to right. `at_` is a byte offset; people are told characters.
class JsonPath::Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::vector<Step>> read() {
    if (!take('$')) return mistake("a path starts with \"$\"", "write for example $.state");
    std::vector<Step> steps;
    while (at_ < text_.size()) steps.push_back(TRY(read_step()));
    return steps;
  }

 private:
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char letter) {
    if (here() != letter || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  Error mistake(std::string_view what, std::string next = {}) const {
    return error(Code::invalid,
                 fmt::format("JSON path \"{}\": {}, at character {}", printable(text_), what,
                             character_count(text_.substr(0, at_)) + 1),
                 std::move(next));
  }

  Result<Step> read_step() {
    Step step;
    if (take('.')) {
      step.at_every_depth = take('.');
      if (!(step.at_every_depth && here() == '[')) return read_dotted(std::move(step));
    }
    if (!take('[')) return mistake("\".\" or \"[\" is expected", "write for example $.state");
    return read_bracketed(std::move(step));
  }

  Result<Step> read_dotted(Step step) {
    if (take('*')) {
      step.kind = Step::Kind::every;
      return step;
    }
    if (!starts_name(here())) {
      return mistake("a name or \"*\" is expected after the dot",
                     "a name with other characters is written ['like-this']");
    }
    const std::size_t begin = at_;
    while (starts_name(here()) || is_digit(here())) ++at_;
    step.name = text_.substr(begin, at_ - begin);
    if (here() == '-' || here() == ' ') {
      return mistake("a name after a dot has only letters, digits and \"_\"",
                     "write it in brackets: ['like-this']");
    }
    return step;
  }

  Result<Step> read_bracketed(Step step) {
    if (take('*')) {
      step.kind = Step::Kind::every;
    } else if (here() == '\'' || here() == '"') {
      step.name = TRY(read_quoted());
    } else if (is_digit(here()) || here() == '-') {
      step.kind = Step::Kind::element;
      step.index = TRY(read_index());
    } else if (here() == '?') {
      return mistake("filters are not supported", "choose with names, [0], [*] or ..");
    } else {
      return mistake("a quoted name, a whole number or \"*\" is expected",
                     "write for example ['name'], [0], [-1] or [*]");
    }
    if (here() == ':') return mistake("slices are not supported", "use [0], [-1] or [*]");
    if (here() == ',') return mistake("lists of selectors are not supported", "use two paths");
    if (!take(']')) return mistake("\"]\" is expected");
    return step;
  }

  Result<std::int64_t> read_index() {
    const std::size_t begin = at_;
    take('-');
    const std::size_t digits = at_;
    while (is_digit(here())) ++at_;
    const std::string_view number = text_.substr(begin, at_ - begin);
    const bool padded = at_ - digits > 1 && text_[digits] == '0';
    std::int64_t value = 0;
    auto [rest, code] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (code != std::errc() || at_ == digits || padded || number == "-0" || value > index_max ||
        value < -index_max) {
      at_ = begin;
      return mistake("this is not the number of an element", "write for example [0] or [-1]");
    }
    return value;
  }

  // The escapes are those of JSON, so the name is turned into a JSON text and read as one.
  Result<std::string> read_quoted() {
    const std::size_t begin = at_;
    const char quote = text_[at_++];
    std::string as_json = "\"";
    while (at_ < text_.size() && here() != quote) {
      if (here() == '\\' && at_ + 1 < text_.size()) {
        if (text_[at_ + 1] != '\'') as_json += '\\';
        as_json += text_[at_ + 1];
        at_ += 2;
        continue;
      }
      if (here() == '"') as_json += '\\';
      as_json += text_[at_++];
    }
    if (!take(quote)) {
      at_ = begin;
      return mistake("the quote that opens here is not closed");
    }
    const Result<json::value> name = parse_json(as_json + "\"");
    if (!name.ok()) {
      at_ = begin;
      return mistake("the quoted name is not written as JSON demands");
    }
    return std::string(name->as_string());
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Applies steps and counts the work, so that a hostile pair of path and document ends early.
class JsonPath::Walk {
 public:
  bool apply(const Step& step, const json::value& value) {
    if (++work_ > work_max) return false;
    pick(step, value);
    if (!step.at_every_depth) return true;
    if (const json::object* object = value.if_object()) {
      for (const json::key_value_pair& member : *object) {
        if (!apply(step, member.value())) return false;
      }
    } else if (const json::array* array = value.if_array()) {
      for (const json::value& element : *array) {
        if (!apply(step, element)) return false;
      }
    }
    return true;
  }

  std::vector<const json::value*> take() { return std::exchange(chosen_, {}); }

 private:
  void pick(const Step& step, const json::value& value) {
    const json::object* object = value.if_object();
    const json::array* array = value.if_array();
    if (step.kind == Step::Kind::member && object != nullptr) {
      if (const json::value* member = object->if_contains(step.name)) chosen_.push_back(member);
    } else if (step.kind == Step::Kind::element && array != nullptr) {
      const auto size = static_cast<std::int64_t>(array->size());
      const std::int64_t index = step.index < 0 ? size + step.index : step.index;
      if (index >= 0 && index < size) chosen_.push_back(&(*array)[static_cast<std::size_t>(index)]);
    } else if (step.kind == Step::Kind::every && object != nullptr) {
      for (const json::key_value_pair& member : *object) chosen_.push_back(&member.value());
      work_ += object->size();
    } else if (step.kind == Step::Kind::every && array != nullptr) {
      for (const json::value& element : *array) chosen_.push_back(&element);
      work_ += array->size();
    }
  }

  std::vector<const json::value*> chosen_;
  std::size_t work_ = 0;
};

Result<JsonPath> JsonPath::parse(std::string_view text) {
  if (text.size() > length_max) {
    return error(Code::invalid, fmt::format("a JSON path of {} bytes is too long", text.size()),
                 fmt::format("at most {} bytes are allowed", length_max));
  }
  if (!is_valid_utf8(text)) {
    return error(Code::invalid,
                 fmt::format("JSON path \"{}\": it is not valid UTF-8", printable(text)));
  }
  JsonPath path;
  path.text_ = text;
  path.steps_ = TRY(Reader(text).read());
  return path;
}

Result<std::vector<const json::value*>> JsonPath::select(const json::value& document) const {
  std::vector<const json::value*> current = {&document};
  Walk walk;
  for (const Step& step : steps_) {
    for (const json::value* value : current) {
      if (!walk.apply(step, *value)) {
        return error(Code::invalid,
                     fmt::format("JSON path \"{}\": following it needs more than {} steps",
                                 printable(text_), work_max),
                     "use fewer \"..\"");
      }
    }
    current = walk.take();
  }
  return current;
}

bool JsonPath::is_singular() const {
  for (const Step& step : steps_) {
    if (step.at_every_depth || step.kind == Step::Kind::every) return false;
  }
  return true;
}

}  // namespace squall
