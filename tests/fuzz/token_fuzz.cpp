// Tokens: whatever comes, the verifier ends, and what it believes was signed. Base64url against a
// slow and obvious reading of RFC 4648.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/hmac.h>

#include "policy/config/compile.h"
#include "policy/token/base64url.h"
#include "policy/token/token_verifier.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/policy/config/no_secrets.h"

namespace {

using headrace::policy::TokenKey;
using headrace::policy::TokenVerifier;
namespace config = headrace::policy::config;

constexpr std::string_view kConfig = R"(
listeners: [{address: "127.0.0.1:1"}]
tenants: [{name: acme}]
token_issuers:
  - {name: a, issuer: a, secret: 0123456789abcdef0123456789abcdef, tenant_claim: org,
     roles_claim: groups, audiences: [x]}
)";
constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";
constexpr std::uint64_t kNow = 1'800'000'000;

struct World {
  World() {
    config::NoSecrets source;
    base = config::compile(kConfig, "fuzz.yaml", source, config::MasterKey::random()).value();
    view = config::ConfigView::open(base).value();
    keys.emplace_back().push_back(
        TokenKey::from_secret(
            {}, {reinterpret_cast<const std::uint8_t*>(kSecret.data()), kSecret.size()})
            .value());
    verifier.emplace(view, keys);
  }
  std::vector<std::byte> base;
  config::ConfigView view;
  std::vector<std::vector<TokenKey>> keys;
  std::optional<TokenVerifier> verifier;
};

// Bit by bit, by the alphabet as the standard prints it.
std::optional<std::string> slow_base64url(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string bits;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == kAlphabet.npos) return std::nullopt;
    for (int bit = 5; bit >= 0; --bit)
      bits += (value >> bit & 1) != 0 ? '1' : '0';
  }
  std::string bytes;
  while (bits.size() >= 8) {
    char byte = 0;
    for (int bit = 0; bit < 8; ++bit)
      byte = static_cast<char>(byte << 1 | (bits[static_cast<std::size_t>(bit)] - '0'));
    bytes += byte;
    bits.erase(0, 8);
  }
  if (bits.size() >= 6 || bits.find('1') != bits.npos) return std::nullopt;
  return bytes;
}

void compare_base64url(std::string_view text) {
  std::vector<std::uint8_t> room(headrace::policy::base64url_bytes_max(text.size()));
  const auto fast = headrace::policy::decode_base64url(text, room);
  const auto slow = slow_base64url(text);
  FUZZ_CHECK(fast.has_value() == slow.has_value());
  if (!fast) return;
  FUZZ_CHECK(slow == std::string(fast->begin(), fast->end()));
}

// Is the third part what the secret makes of the first two?
bool is_signed(std::string_view token) {
  const std::size_t dot = token.rfind('.');
  const auto signature = slow_base64url(token.substr(dot + 1));
  std::uint8_t digest[32];
  unsigned bytes = 0;
  HMAC(EVP_sha256(), kSecret.data(), kSecret.size(),
       reinterpret_cast<const std::uint8_t*>(token.data()), dot, digest, &bytes);
  return signature == std::string(reinterpret_cast<const char*>(digest), bytes);
}

std::string base64url_of(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string encoded;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    bits = bits << 8U | static_cast<unsigned char>(c);
    held += 8;
    while (held >= 6) {
      held -= 6;
      encoded += kAlphabet[bits >> held & 63U];
    }
    bits &= (1U << held) - 1;
  }
  if (held > 0) encoded += kAlphabet[bits << (6 - held) & 63U];
  return encoded;
}

void try_token(World& world, std::string_view token) {
  const auto verified = world.verifier->verify(token, kNow);
  if (!verified) {
    FUZZ_CHECK(!row(verified.error()).name.empty());
    return;
  }
  FUZZ_CHECK(token.size() <= headrace::policy::kTokenBytesMax);
  FUZZ_CHECK(is_signed(token));
  FUZZ_CHECK(verified->expires_at_s > kNow);
  FUZZ_CHECK(headrace::policy::caller_of(world.view, *verified).known());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  compare_base64url(text);
  try_token(world, text);
  // As the claims, and as the header, of a token that is truly signed: what lies behind the
  // signature is reached.
  for (const bool as_header : {false, true}) {
    const std::string half = as_header
                                 ? base64url_of(text) + "." + base64url_of(R"({"iss":"a"})")
                                 : base64url_of(R"({"alg":"HS256"})") + "." + base64url_of(text);
    std::uint8_t digest[32];
    unsigned bytes = 0;
    HMAC(EVP_sha256(), kSecret.data(), kSecret.size(),
         reinterpret_cast<const std::uint8_t*>(half.data()), half.size(), digest, &bytes);
    try_token(world, half + "." + base64url_of({reinterpret_cast<const char*>(digest), bytes}));
  }
  return 0;
}
