// Small functions on text that the standard library lacks.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace squall {

std::string_view trim(std::string_view text);
// Splits at every `separator`; "a,,b" gives three parts, "" gives one empty part.
std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
bool is_valid_utf8(std::string_view text);
// Replaces each byte that belongs to no valid UTF-8 sequence by U+FFFD and leaves all else as it
// is, so that bytes from outside can stand in a JSON text.
std::string repair_utf8(std::string_view text);
// Replaces control characters, broken UTF-8 and characters that hide or reorder text by '?', so
// that hostile text can be shown in a terminal.
std::string printable(std::string_view text);
// For messages: printable, in double quotes, and cut after 60 bytes with "..." in place of the
// rest.
std::string quote(std::string_view text);
// Lines of at most `width` characters, broken at blanks; a word that is longer stands alone. A line
// feed in the text is kept as a break. At least one line, which may be empty.
std::vector<std::string> wrap(std::string_view text, std::size_t width);
// The candidate closest to `wanted` by edit distance, if it is close enough to be a typing mistake.
std::optional<std::string> closest(std::string_view wanted,
                                   std::span<const std::string> candidates);
// "kill, pause or burn"
std::string list_words(std::span<const std::string> words, std::string_view conjunction);
// Shell-style match of '*' and '?' over the whole text.
bool glob_matches(std::string_view pattern, std::string_view text);
std::string to_hex(std::span<const unsigned char> bytes);
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

}  // namespace squall
