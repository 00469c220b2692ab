#include "policy/token/token_verifier.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <openssl/sha.h>
#include <simdjson.h>

#include "core/check.h"
#include "policy/token/base64url.h"

namespace headrace::policy {
namespace {

using config::TokenIssuer;
using simdjson::dom::element;
using Object = simdjson::dom::object;
using Fault = std::unexpected<TokenFault>;

constexpr std::size_t kJsonDepthMax = 8;
constexpr std::size_t kSignatureBytesMax = kRsaBitsMax / 8;

struct Parts {
  std::string_view header;
  std::string_view claims;
  std::string_view signature;
  std::string_view signed_text;  // header and claims, with the dot between them
};

std::optional<Parts> split(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == token.npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return std::nullopt;
  return Parts{.header = token.substr(0, first),
               .claims = token.substr(first + 1, second - first - 1),
               .signature = token.substr(second + 1),
               .signed_text = token.substr(0, second)};
}

// A name that stands twice would be read in two ways.
bool has_unique_names(const Object& object) {
  std::array<std::string_view, kClaimsMax> names;
  std::size_t count = 0;
  for (const auto field : object) {
    if (count == names.size()) return false;
    const auto seen = std::span(names).first(count);
    if (std::ranges::find(seen, field.key) != seen.end()) return false;
    names[count++] = field.key;
  }
  return true;
}

// Of a claim that is absent, or of another type.
enum class Claim : std::uint8_t { absent, wrong, good };

Claim read_text(const Object& object, std::string_view name, std::string_view& into) {
  element value;
  if (object.at_key(name).get(value) != simdjson::SUCCESS) return Claim::absent;
  if (value.get(into) != simdjson::SUCCESS) return Claim::wrong;
  return into.size() <= kSubjectBytesMax ? Claim::good : Claim::wrong;
}

// NumericDate: seconds, whole or not (RFC 7519 section 2). Rounded down.
Claim read_time(const Object& object, std::string_view name, std::uint64_t& into) {
  constexpr double kLatest = 253'402'300'799.0;  // the year 9999
  element value;
  if (object.at_key(name).get(value) != simdjson::SUCCESS) return Claim::absent;
  double seconds = 0;
  if (value.get(seconds) != simdjson::SUCCESS) return Claim::wrong;
  if (!(seconds >= 0 && seconds <= kLatest)) return Claim::wrong;
  into = static_cast<std::uint64_t>(seconds);
  return Claim::good;
}

// One text, or a list of them. False: neither.
template <class Visit>
bool for_each_text(const Object& object, std::string_view name, Visit visit) {
  element value;
  if (object.at_key(name).get(value) != simdjson::SUCCESS) return true;
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    visit(text);
    return true;
  }
  simdjson::dom::array list;
  if (value.get(list) != simdjson::SUCCESS) return false;
  for (const element each : list) {
    if (each.get(text) != simdjson::SUCCESS) return false;
    visit(text);
  }
  return true;
}

std::uint64_t first_eight(std::string_view text) {
  std::uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), digest);
  std::uint64_t hash = 0;
  std::memcpy(&hash, digest, sizeof hash);
  return hash == 0 ? 1 : hash;
}

// A user whom the config does not know is told apart from users of the same name elsewhere.
std::uint64_t identity_in_tenant(const config::Tenant& tenant, std::string_view subject) {
  std::array<char, sizeof tenant.identity + kSubjectBytesMax> text;
  std::memcpy(text.data(), &tenant.identity, sizeof tenant.identity);
  std::memcpy(text.data() + sizeof tenant.identity, subject.data(), subject.size());
  return config::scope_identity(config::ScopeKind::user,
                                {text.data(), sizeof tenant.identity + subject.size()});
}

bool is_printable(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

}  // namespace

// Room for both JSON texts of the longest token, and what the parser needs for them.
struct TokenVerifier::Memory {
  static constexpr std::size_t kTextBytes = base64url_bytes_max(kTokenBytesMax);

  simdjson::dom::parser header_parser{kTextBytes};
  simdjson::dom::parser claims_parser{kTextBytes};
  std::array<std::uint8_t, kTextBytes + simdjson::SIMDJSON_PADDING> header_text{};
  std::array<std::uint8_t, kTextBytes + simdjson::SIMDJSON_PADDING> claims_text{};
  std::array<std::uint8_t, kSignatureBytesMax> signature{};

  Memory() {
    for (auto* parser : {&header_parser, &claims_parser}) {
      HEADRACE_CHECK(parser->allocate(kTextBytes, kJsonDepthMax) == simdjson::SUCCESS);
    }
  }

  // The object that a part holds, if it holds one.
  static std::optional<Object> object_of(std::string_view part, std::span<std::uint8_t> text,
                                         simdjson::dom::parser& parser) {
    const auto decoded = decode_base64url(part, text.first(kTextBytes));
    if (!decoded || decoded->empty()) return std::nullopt;
    std::memset(text.data() + decoded->size(), 0, simdjson::SIMDJSON_PADDING);
    Object object;
    const auto parsed = parser.parse(decoded->data(), decoded->size(), false);
    if (parsed.get(object) != simdjson::SUCCESS || !has_unique_names(object)) return std::nullopt;
    return object;
  }
};

namespace {

// The header's say: which algorithm, which key.
struct Header {
  TokenAlgorithm algorithm = TokenAlgorithm::by_key;
  std::string_view key_id;
};

std::expected<Header, TokenFault> read_header(const Object& header) {
  static constexpr std::string_view kRefused[] = {"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip"};
  for (const std::string_view name : kRefused) {
    if (header.at_key(name).error() == simdjson::SUCCESS) return Fault(TokenFault::header_refused);
  }
  std::string_view algorithm;
  if (read_text(header, "alg", algorithm) != Claim::good) return Fault(TokenFault::algorithm);
  const auto parsed = parse_token_algorithm(algorithm);
  if (!parsed) return Fault(TokenFault::algorithm);
  Header read{.algorithm = *parsed, .key_id = {}};
  if (read_text(header, "kid", read.key_id) == Claim::wrong) return Fault(TokenFault::malformed);
  std::string_view type;
  if (read_text(header, "typ", type) == Claim::wrong) return Fault(TokenFault::malformed);
  return read;
}

// The key of that id; without an id the only one there is.
const TokenKey* find_key(std::span<const TokenKey> keys, std::string_view id) {
  if (id.empty()) return keys.size() == 1 ? keys.data() : nullptr;
  // A key that has no id of its own answers to every id: there is only one then.
  if (keys.size() == 1 && keys[0].id().empty()) return keys.data();
  const auto found = std::ranges::find(keys, id, &TokenKey::id);
  return found == keys.end() ? nullptr : &*found;
}

TokenFault judge_times(const Object& claims, const TokenIssuer& issuer, std::uint64_t now_s,
                       std::uint64_t& expires_at_s, bool& good) {
  good = false;
  std::uint64_t expires_s = 0;
  const Claim expiry = read_time(claims, "exp", expires_s);
  if (expiry == Claim::wrong) return TokenFault::malformed;
  if (expiry == Claim::absent) return TokenFault::lifetime;
  expires_at_s = expires_s + issuer.leeway_s;
  if (now_s >= expires_at_s) return TokenFault::expired;
  if (expires_s > now_s && expires_s - now_s > issuer.lifetime_max_s) return TokenFault::lifetime;
  for (const std::string_view name : {"nbf", "iat"}) {
    std::uint64_t from_s = 0;
    const Claim begins = read_time(claims, name, from_s);
    if (begins == Claim::wrong) return TokenFault::malformed;
    if (begins == Claim::good && from_s > now_s + issuer.leeway_s) {
      return TokenFault::not_yet_valid;
    }
  }
  good = true;
  return {};
}

}  // namespace

bool looks_like_token(std::string_view credential) {
  return credential.starts_with("eyJ") && std::ranges::count(credential, '.') == 2;
}

TokenVerifier::TokenVerifier(const config::ConfigView& config,
                             std::span<const std::vector<TokenKey>> keys)
    : config_(&config), keys_(keys), memory_(std::make_unique<Memory>()) {
  HEADRACE_CHECK(keys_.size() == config.tokens().issuers().size());
}

TokenVerifier::~TokenVerifier() = default;

std::expected<VerifiedToken, TokenFault> TokenVerifier::verify(std::string_view token,
                                                               std::uint64_t now_s) {
  if (token.size() > kTokenBytesMax) return Fault(TokenFault::malformed);
  const auto parts = split(token);
  if (!parts) return Fault(TokenFault::malformed);
  const auto header_object =
      Memory::object_of(parts->header, memory_->header_text, memory_->header_parser);
  if (!header_object) return Fault(TokenFault::malformed);
  const auto header = read_header(*header_object);
  if (!header) return Fault(header.error());
  const auto claims =
      Memory::object_of(parts->claims, memory_->claims_text, memory_->claims_parser);
  const auto signature = decode_base64url(parts->signature, memory_->signature);
  if (!claims || !signature) return Fault(TokenFault::malformed);

  const config::TokenView& tokens = config_->tokens();
  std::string_view name;
  if (read_text(*claims, "iss", name) != Claim::good) return Fault(TokenFault::issuer);
  const TokenIssuer* issuer = tokens.find_issuer(name);
  if (issuer == nullptr) return Fault(TokenFault::issuer);
  VerifiedToken verified;
  verified.issuer = tokens.index_of(*issuer);
  const TokenKey* key = find_key(keys_[verified.issuer], header->key_id);
  if (key == nullptr) return Fault(TokenFault::key_unknown);
  if (key->algorithm() != header->algorithm) return Fault(TokenFault::algorithm);

  bool good = false;
  const TokenFault time_fault = judge_times(*claims, *issuer, now_s, verified.expires_at_s, good);
  if (!good) return Fault(time_fault);
  bool for_us = issuer->audiences.count == 0;
  const bool readable = for_each_text(*claims, "aud", [&](std::string_view audience) {
    for_us = for_us || tokens.has_audience(*issuer, audience);
  });
  if (!readable) return Fault(TokenFault::malformed);
  if (!for_us) return Fault(TokenFault::audience);
  if (!key->verify(parts->signed_text, *signature)) return Fault(TokenFault::signature);

  // From here on the token's words are its issuer's.
  std::string_view text;
  if (const Claim id = read_text(*claims, "jti", text); id == Claim::good) {
    verified.id_hash = denial_hash(text);
  } else if (id == Claim::wrong) {
    return Fault(TokenFault::malformed);
  }
  if (const Claim subject = read_text(*claims, "sub", text); subject == Claim::good) {
    verified.subject_hash = denial_hash(text);
  } else if (subject == Claim::wrong) {
    return Fault(TokenFault::malformed);
  }

  const config::ScopeView& scopes = config_->scopes();
  const config::Tenant* tenant =
      issuer->tenant.none() ? nullptr : &scopes.tenants()[issuer->tenant.row()];
  if (const std::string_view claim = config_->text(issuer->tenant_claim); !claim.empty()) {
    if (read_text(*claims, claim, text) != Claim::good) return Fault(TokenFault::tenant_unknown);
    tenant = scopes.find_tenant(text);
  }
  if (tenant == nullptr) return Fault(TokenFault::tenant_unknown);
  verified.tenant = scopes.index_of(*tenant);

  const Claim user_claim = read_text(*claims, config_->text(issuer->user_claim), text);
  if (user_claim == Claim::wrong) return Fault(TokenFault::malformed);
  const bool must_be_known = issuer->users_must_be_known == config::Switch::on;
  if (user_claim == Claim::absent && must_be_known) return Fault(TokenFault::subject_unknown);
  if (user_claim == Claim::good) {
    if (text.empty() || !is_printable(text)) return Fault(TokenFault::malformed);
    const config::User* user = scopes.find_user(text);
    if (user != nullptr && user->tenant != verified.tenant) {
      // A name that another tenant has given to somebody is not that somebody.
      user = nullptr;
    }
    if (user == nullptr && must_be_known) return Fault(TokenFault::subject_unknown);
    if (user != nullptr) verified.user = config::RowRef::to(scopes.index_of(*user));
    verified.user_identity = user != nullptr ? user->identity : identity_in_tenant(*tenant, text);
    verified.subject_bytes =
        static_cast<std::uint8_t>(std::min(text.size(), verified.subject.size()));
    std::memcpy(verified.subject.data(), text.data(), verified.subject_bytes);
  }

  // Roles that the config does not have give nothing.
  const std::string_view roles_claim = config_->text(issuer->roles_claim);
  const bool roles_readable =
      roles_claim.empty() || for_each_text(*claims, roles_claim, [&](std::string_view role) {
        verified.roles |= config_->access().role_bits(role);
      });
  if (!roles_readable) return Fault(TokenFault::malformed);
  return verified;
}

std::uint64_t denial_hash(std::string_view text) {
  return first_eight(text);
}

bool denied(const config::ConfigView& config, const VerifiedToken& token) {
  const config::TokenView& tokens = config.tokens();
  const TokenIssuer& issuer = tokens.issuers()[token.issuer];
  return tokens.denies_id(issuer, token.id_hash) ||
         tokens.denies_subject(issuer, token.subject_hash);
}

Caller caller_of(const config::ConfigView& config, const VerifiedToken& token) {
  const config::ScopeView& scopes = config.scopes();
  const config::Rights& rights =
      config.access().rights(config.tokens().issuers()[token.issuer].rights);
  const config::User* user = token.user.none() ? nullptr : &scopes.users()[token.user.row()];
  return {.tenant = &scopes.tenants()[token.tenant],
          .user = user,
          .rights = &rights,
          .roles = token.roles | rights.roles | (user == nullptr ? 0 : user->roles),
          .proof = Proof::token,
          .user_identity = token.user_identity};
}

}  // namespace headrace::policy
