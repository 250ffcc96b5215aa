#include "sys/vdso.h"

#include <charconv>
#include <cstring>

#include <elf.h>
#include <fmt/core.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::sys {
namespace {

constexpr std::uint64_t largest_image = 64 << 10;
constexpr std::uint64_t cache_line = 64;

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// "7ffd1c5f2000-7ffd1c5f4000 r-xp 00000000 00:00 0    [vdso]"
std::optional<Range> parse_range(std::string_view line) {
  Range range;
  const char* end = line.data() + line.size();
  const auto [dash, first_problem] = std::from_chars(line.data(), end, range.begin, 16);
  if (first_problem != std::errc() || dash == end || *dash != '-') return std::nullopt;
  const auto [rest, problem] = std::from_chars(dash + 1, end, range.end, 16);
  if (problem != std::errc() || range.end <= range.begin) return std::nullopt;
  return range;
}

Result<Range> find_range(std::int64_t pid) {
  const std::string path = fmt::format("/proc/{}/maps", pid);
  const Result<std::string> maps = read_file(path);
  if (!maps.ok() && !read_process(pid).ok()) {
    return error(Code::not_found, fmt::format("process {} is gone", pid));
  }
  const std::string text = TRY(maps);
  for (const std::string& line : split(text, '\n')) {
    if (!line.ends_with("[vdso]")) continue;
    if (const std::optional<Range> range = parse_range(line)) return *range;
  }
  return error(
      Code::unsupported, fmt::format("process {} has no vDSO mapped", pid),
      "a kernel thread, a sandbox with a kernel of its own, or a host started with vdso=0");
}

// A copy of a structure at `offset`, where the image reaches that far: the bytes may be anybody's.
template <class T>
std::optional<T> at(std::string_view image, std::uint64_t offset) {
  if (offset > image.size() || image.size() - offset < sizeof(T)) return std::nullopt;
  T value{};
  std::memcpy(&value, image.data() + offset, sizeof value);
  return value;
}

std::optional<Elf64_Shdr> find_section(std::string_view image, std::uint32_t type) {
  const auto header = at<Elf64_Ehdr>(image, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return std::nullopt;
  if (header->e_ident[EI_CLASS] != ELFCLASS64) return std::nullopt;
  for (std::uint64_t i = 0; i < header->e_shnum; ++i) {
    const auto section = at<Elf64_Shdr>(image, header->e_shoff + i * sizeof(Elf64_Shdr));
    if (section && section->sh_type == type) return section;
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> own_vdso() {
  const Range range = TRY(find_range(::getpid()));
  const std::uint64_t size = range.end - range.begin;
  if (size > largest_image) return error(Code::unsupported, "the vDSO is larger than 64 KiB");
  return std::string(reinterpret_cast<const char*>(range.begin), size);
}

Result<std::uint64_t> vdso_base(std::int64_t pid) {
  return TRY(find_range(pid))
  .begin;
}

std::optional<VdsoFunction> find_vdso_function(std::string_view image, std::string_view name) {
  const std::optional<Elf64_Shdr> symbols = find_section(image, SHT_DYNSYM);
  const std::optional<Elf64_Shdr> names = find_section(image, SHT_STRTAB);
  if (!symbols || !names || names->sh_offset > image.size()) return std::nullopt;
  const std::string_view texts = image.substr(names->sh_offset, names->sh_size);
  for (std::uint64_t i = 0; i < symbols->sh_size / sizeof(Elf64_Sym); ++i) {
    const auto symbol = at<Elf64_Sym>(image, symbols->sh_offset + i * sizeof(Elf64_Sym));
    if (!symbol || symbol->st_name >= texts.size()) continue;
    const std::string_view rest = texts.substr(symbol->st_name);
    if (rest.substr(0, rest.find('\0')) != name) continue;
    if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_value >= image.size()) continue;
    return VdsoFunction{symbol->st_value, symbol->st_size};
  }
  return std::nullopt;
}

std::uint64_t vdso_padding(std::string_view image) {
  const std::size_t last = image.find_last_not_of('\0');
  if (last == std::string_view::npos) return 0;
  // One line further: the section headers, which stand last, may end in zeros.
  return std::min<std::uint64_t>((last / cache_line + 2) * cache_line, image.size());
}

}  // namespace squall::sys
