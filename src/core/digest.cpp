// SHA-256 by the plain functions of OpenSSL, though it would rather have its newer ones used. Those
// first read its configuration file and load providers, which takes longer than all the hashing of
// a command, and lets a file or the environment (OPENSSL_CONF) choose what code a program of root
// loads.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/digest.h"

#include <array>
#include <memory>

#include <openssl/sha.h>

#include "core/check.h"
#include "core/text.h"

namespace squall {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82F63B78U : 0U);
    table[i] = value;
  }
  return table;
}();

SHA256_CTX* typed(void* context) {
  return static_cast<SHA256_CTX*>(context);
}

}  // namespace

Sha256::Sha256() : context_(std::make_unique<SHA256_CTX>().release()) {
  SHA256_Init(typed(context_));
}

Sha256::~Sha256() {
  const std::unique_ptr<SHA256_CTX> freed(typed(context_));
}

void Sha256::update(std::string_view bytes) {
  SHA256_Update(typed(context_), bytes.data(), bytes.size());
}

std::string Sha256::finish_hex() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256_Final(digest.data(), typed(context_));
  return to_hex({digest.data(), digest.size()});
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish_hex();
}

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t value = ~0U;
  for (const char letter : bytes) {
    value = value >> 8 ^ crc_table[(value ^ static_cast<unsigned char>(letter)) & 255];
  }
  return ~value;
}

}  // namespace squall
