// The only file that sees Boost.Regex, whose errors are exceptions.
#include "core/pattern.h"

#include <exception>

// The steps of one search after which it is given up; must stand before the include.
#define BOOST_REGEX_MAX_STATE_COUNT 500000
#include <boost/regex.hpp>
#include <fmt/core.h>

#include "core/text.h"

namespace squall {
namespace {

constexpr std::size_t text_max = 1024;
constexpr std::size_t subject_max = 256 << 10;
constexpr std::size_t replaced_subject_max = 1 << 20;
constexpr std::size_t result_max = 4 << 20;

}  // namespace

struct Pattern::Compiled {
  boost::regex expression;
};

Result<Pattern> Pattern::compile(std::string_view text) {
  if (text.size() > text_max) {
    return error(Code::invalid,
                 fmt::format("a regular expression of {} bytes is too long", text.size()),
                 fmt::format("at most {} bytes are allowed", text_max));
  }
  Pattern pattern;
  pattern.text_ = text;
  try {
    pattern.compiled_ = std::make_shared<const Compiled>(
        Compiled{boost::regex(text.begin(), text.end(), boost::regex::ECMAScript)});
  } catch (const boost::regex_error& problem) {
    const std::string explanation = boost::regex_traits<char>().error_string(problem.code());
    return error(Code::invalid,
                 fmt::format("the regular expression {} is broken at byte {}: {}", quote(text),
                             problem.position() + 1, printable(explanation)),
                 "special characters are escaped with a backslash: \\. \\( \\[");
  } catch (const std::exception& problem) {
    return error(Code::invalid, fmt::format("the regular expression {} cannot be used: {}",
                                            quote(text), printable(problem.what())));
  }
  return pattern;
}

Pattern::Found Pattern::search(std::string_view subject) const {
  if (subject.size() > subject_max) return Found::too_costly;
  try {
    const bool found = boost::regex_search(
        subject.begin(), subject.end(), compiled_->expression,
        boost::match_any | boost::match_single_line | boost::match_not_dot_newline);
    return found ? Found::yes : Found::no;
  } catch (const std::exception&) {
    return Found::too_costly;
  }
}

Result<Pattern::Replaced> Pattern::replace(std::string_view subject,
                                           const Replacement& replacement) const {
  if (subject.size() > replaced_subject_max) {
    return error(Code::invalid, "a text of more than 1 MiB is not searched");
  }
  const char* end = subject.data() + subject.size();
  const char* kept = subject.data();
  Replaced result;
  try {
    for (boost::cregex_iterator found(subject.data(), end, compiled_->expression,
                                      boost::match_not_dot_newline);
         found != boost::cregex_iterator(); ++found) {
      result.text.append(kept, (*found)[0].first);
      result.text += found->format(replacement.by, boost::format_perl);
      kept = (*found)[0].second;
      if (result.text.size() > result_max) {
        return error(Code::invalid,
                     fmt::format("the result of replacing {} is too large", quote(text_)));
      }
      if (++result.count == replacement.times) break;
    }
  } catch (const std::exception&) {
    return error(Code::invalid,
                 fmt::format("searching for {} takes too much work in this text", quote(text_)),
                 "use a simpler expression");
  }
  result.text.append(kept, end);
  return result;
}

}  // namespace squall
