#include "net/tls/record_key.h"

#include <cstring>
#include <limits>
#include <string_view>

#include <openssl/digest.h>
#include <openssl/err.h>
#include <openssl/hkdf.h>
#include <openssl/mem.h>

#include "core/check.h"

namespace headrace::net::tls {
namespace {

constexpr std::uint8_t kApplicationDataType = 23;

struct SuiteFacts {
  const EVP_AEAD* algorithm;
  std::size_t key_bytes;
  const EVP_MD* digest;
};

SuiteFacts facts_of(RecordSuite suite) {
  switch (suite) {
    case RecordSuite::aes_128_gcm_sha256:
      return {EVP_aead_aes_128_gcm(), 16, EVP_sha256()};
    case RecordSuite::aes_256_gcm_sha384:
      return {EVP_aead_aes_256_gcm(), 32, EVP_sha384()};
    case RecordSuite::chacha20_poly1305_sha256:
      return {EVP_aead_chacha20_poly1305(), 32, EVP_sha256()};
  }
  HEADRACE_CHECK(false, "a cipher suite of no TLS 1.3");
}

// HKDF-Expand-Label with an empty context, RFC 8446 section 7.1.
void expand_label(const EVP_MD* digest, std::span<const std::uint8_t> secret,
                  std::string_view label, std::span<std::uint8_t> out) {
  constexpr std::string_view kPrefix = "tls13 ";
  std::array<std::uint8_t, 32> info{};
  std::size_t size = 0;
  info[size++] = 0;
  info[size++] = static_cast<std::uint8_t>(out.size());
  info[size++] = static_cast<std::uint8_t>(kPrefix.size() + label.size());
  std::memcpy(info.data() + size, kPrefix.data(), kPrefix.size());
  size += kPrefix.size();
  std::memcpy(info.data() + size, label.data(), label.size());
  size += label.size();
  info[size++] = 0;
  HEADRACE_CHECK(HKDF_expand(out.data(), out.size(), digest, secret.data(), secret.size(),
                             info.data(), size) == 1);
}

std::uint8_t* bytes_of(std::byte* memory) {
  return reinterpret_cast<std::uint8_t*>(memory);
}
const std::uint8_t* bytes_of(const std::byte* memory) {
  return reinterpret_cast<const std::uint8_t*>(memory);
}

}  // namespace

std::optional<RecordSuite> record_suite(std::uint16_t iana_number) {
  switch (static_cast<RecordSuite>(iana_number)) {
    case RecordSuite::aes_128_gcm_sha256:
    case RecordSuite::aes_256_gcm_sha384:
    case RecordSuite::chacha20_poly1305_sha256:
      return static_cast<RecordSuite>(iana_number);
  }
  return std::nullopt;
}

RecordKey::RecordKey(RecordSuite suite, const Secret& secret, std::uint64_t sequence)
    : sequence_(sequence), secret_(secret), suite_(suite) {
  derive();
}

RecordKey::~RecordKey() {
  OPENSSL_cleanse(key_.data(), key_.size());
  OPENSSL_cleanse(nonce_base_.data(), nonce_base_.size());
}

void RecordKey::derive() {
  const SuiteFacts facts = facts_of(suite_);
  HEADRACE_CHECK(secret_.size == EVP_MD_size(facts.digest));
  expand_label(facts.digest, secret_.view(), "key", {key_.data(), facts.key_bytes});
  expand_label(facts.digest, secret_.view(), "iv", nonce_base_);
}

void RecordKey::update(Workspace& workspace) {
  workspace.expanded_keys().forget(place_);
  Secret next;
  next.size = secret_.size;
  expand_label(facts_of(suite_).digest, secret_.view(), "traffic upd",
               {next.bytes.data(), next.size});
  secret_ = next;
  sequence_ = 0;
  derive();
  ++workspace.count().key_updates;
}

std::array<std::uint8_t, 12> RecordKey::next_nonce() {
  HEADRACE_CHECK(sequence_ < std::numeric_limits<std::uint64_t>::max());
  std::array<std::uint8_t, 12> nonce = nonce_base_;
  const std::uint64_t number = sequence_++;
  for (unsigned i = 0; i < 8; ++i) {
    nonce[4 + i] ^= static_cast<std::uint8_t>(number >> (56 - 8 * i));
  }
  return nonce;
}

const EVP_AEAD_CTX* RecordKey::expanded(Workspace& workspace) {
  const EVP_AEAD_CTX* key = workspace.expanded_keys().find(place_);
  if (key != nullptr) [[likely]]
    return key;
  ++workspace.count().key_expansions;
  const SuiteFacts facts = facts_of(suite_);
  return workspace.expanded_keys().expand(place_, facts.algorithm, {key_.data(), facts.key_bytes});
}

void RecordKey::retire(Workspace& workspace) {
  workspace.expanded_keys().forget(place_);
}

void RecordKey::seal(std::uint8_t content_type, std::span<const std::byte> plaintext,
                     std::span<std::byte> room, Workspace& workspace) {
  const std::size_t sealed = plaintext.size() + 1 + kRecordTagBytes;
  HEADRACE_CHECK(room.size() == kRecordHeaderBytes + sealed);
  std::uint8_t* header = bytes_of(room.data());
  header[0] = kApplicationDataType;
  header[1] = 3;
  header[2] = 3;
  header[3] = static_cast<std::uint8_t>(sealed >> 8);
  header[4] = static_cast<std::uint8_t>(sealed);
  const EVP_AEAD_CTX* key = expanded(workspace);
  const std::array<std::uint8_t, 12> nonce = next_nonce();
  std::uint8_t* body = header + kRecordHeaderBytes;
  std::size_t tail = 0;
  const int done = EVP_AEAD_CTX_seal_scatter(
      key, body, body + plaintext.size(), &tail, 1 + kRecordTagBytes, nonce.data(), nonce.size(),
      bytes_of(plaintext.data()), plaintext.size(), &content_type, 1, header, kRecordHeaderBytes);
  HEADRACE_CHECK(done == 1, "sealing a record that fits cannot fail");
  HEADRACE_CHECK(tail == 1 + kRecordTagBytes);
  ++workspace.count().records_sealed;
  workspace.count().bytes_sealed += plaintext.size();
}

std::optional<std::span<std::byte>> RecordKey::open(std::span<std::byte> record,
                                                    std::span<std::byte> into,
                                                    Workspace& workspace) {
  HEADRACE_CHECK(record.size() >= kRecordHeaderBytes + 1 + kRecordTagBytes);
  const EVP_AEAD_CTX* key = expanded(workspace);
  const std::array<std::uint8_t, 12> nonce = next_nonce();
  const std::span<std::byte> sealed =
      record.subspan(kRecordHeaderBytes, record.size() - kRecordHeaderBytes - kRecordTagBytes);
  const std::span<std::byte> inner =
      into.size() >= sealed.size() ? into.first(sealed.size()) : sealed;
  const std::uint8_t* body = bytes_of(sealed.data());
  if (EVP_AEAD_CTX_open_gather(key, bytes_of(inner.data()), nonce.data(), nonce.size(), body,
                               sealed.size(), body + sealed.size(), kRecordTagBytes,
                               bytes_of(record.data()), kRecordHeaderBytes) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  ++workspace.count().records_opened;
  return inner;
}

}  // namespace headrace::net::tls
