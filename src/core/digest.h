// Hashes: SHA-256 for identity and tamper evidence, CRC-32C for torn writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace squall {

// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

// Feed in pieces, then take the hexadecimal digest once.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::string_view bytes);
  std::string finish_hex();

 private:
  void* context_;
};

// Castagnoli polynomial (RFC 3720, appendix B.4); crc32c("123456789") == 0xE3069283.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace squall
