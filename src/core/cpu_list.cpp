#include "core/cpu_list.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "core/text.h"

namespace squall {
namespace {

bool read_number(std::string_view text, int& number) {
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && rest == text.data() + text.size() && number >= 0 &&
         number <= cpu_number_max;
}

}  // namespace

Result<CpuList> parse_cpu_list(std::string_view text) {
  CpuList processors;
  text = trim(text);
  if (text.empty()) return processors;
  for (const std::string& part : split(text, ',')) {
    const std::size_t dash = part.find('-');
    int first = 0;
    int last = 0;
    const bool is_number = read_number(trim(std::string_view(part).substr(0, dash)), first);
    const bool is_range = dash != std::string::npos &&
                          read_number(trim(std::string_view(part).substr(dash + 1)), last);
    if (dash == std::string::npos) last = first;
    if (!is_number || (dash != std::string::npos && !is_range) || last < first) {
      return error(Code::invalid, fmt::format("{} is not a list of processors", quote(text)),
                   "write it as the kernel does: 0 or 0-3 or 0-2,5");
    }
    for (int processor = first; processor <= last; ++processor) processors.insert(processor);
  }
  return processors;
}

std::string render_cpu_list(const CpuList& processors) {
  std::string text;
  for (auto at = processors.begin(); at != processors.end();) {
    const int first = *at;
    int last = first;
    while (++at != processors.end() && *at == last + 1) last = *at;
    if (!text.empty()) text += ',';
    text += first == last ? std::to_string(first) : fmt::format("{}-{}", first, last);
  }
  return text;
}

bool includes(const CpuList& all, const CpuList& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

}  // namespace squall
