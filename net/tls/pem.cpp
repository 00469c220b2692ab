#include "net/tls/pem.h"

#include <string_view>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pem.h>

namespace headrace::net::tls {

PemBlock::~PemBlock() {
  OPENSSL_cleanse(der.data(), der.size());
}

std::expected<std::vector<PemBlock>, std::string> parse_pem(std::span<const std::byte> file) {
  if (file.size() > kPemBytesMax) {
    return std::unexpected("more than " + std::to_string(kPemBytesMax) + " bytes of PEM");
  }
  std::vector<PemBlock> blocks;
  const bssl::UniquePtr<BIO> source(BIO_new_mem_buf(file.data(), static_cast<int>(file.size())));
  if (source == nullptr) return std::unexpected("out of memory");
  while (blocks.size() < kPemBlocksMax) {
    char* name = nullptr;
    char* header = nullptr;
    std::uint8_t* data = nullptr;
    long bytes = 0;
    ERR_clear_error();
    if (PEM_read_bio(source.get(), &name, &header, &data, &bytes) == 0) {
      const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
      ERR_clear_error();
      if (ended) return blocks;
      return std::unexpected("PEM block " + std::to_string(blocks.size() + 1) +
                             " is damaged: it cannot be decoded");
    }
    PemBlock block;
    block.label = name;
    block.der.assign(data, data + bytes);
    block.encrypted = block.label == "ENCRYPTED PRIVATE KEY" ||
                      std::string_view(header).find("ENCRYPTED") != std::string_view::npos;
    OPENSSL_cleanse(data, static_cast<std::size_t>(bytes));
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    blocks.push_back(std::move(block));
  }
  return std::unexpected("more than " + std::to_string(kPemBlocksMax) + " PEM blocks");
}

}  // namespace headrace::net::tls
