// Who asks: which of the credentials that a request carries counts, and whose it is.
//
// Clients put their key where their SDK puts it. One key given twice is one key; two different ones
// are refused, because whatever stands behind us might choose the other.
//
// Threads: pure; the config is read only. The slices are borrowed and not kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/config/config_view.h"

namespace headrace::policy {

// As found in the request: a field that is absent is empty optional, one that is there without a
// value is an empty slice. A field that stands twice is the HTTP parser's business to report in
// `repeated`.
struct PresentedCredentials {
  // X-Headrace-Key: where it is there it is ours, and what stands elsewhere is a provider's own
  // key.
  std::optional<std::string_view> gateway_key = {};
  std::optional<std::string_view> authorization = {};  // the whole value: "Bearer sk-..."
  std::optional<std::string_view> x_api_key = {};
  std::optional<std::string_view> x_goog_api_key = {};
  std::optional<std::string_view> api_key = {};
  std::optional<std::string_view> query_key = {};  // ?key=, percent-decoded
  bool repeated = false;                           // one of them stood more than once
};

enum class IdentifyStatus : std::uint8_t {
  known,
  missing,      // no credential at all
  malformed,    // not a bearer token, empty, too long, or characters that no key has
  conflicting,  // more than one different credential, or one field twice
  unknown,      // no such key
  token,        // of the form of a token: to be verified (token_verifier.h)
};

struct Identity {
  IdentifyStatus status = IdentifyStatus::missing;
  Caller caller = {};           // when known
  std::string_view token = {};  // when it is one; a slice of what was presented
  config::Sha256 digest = {};   // of the token
};

// Of a key; tokens may be longer (kTokenBytesMax).
inline constexpr std::size_t kCredentialBytesMax = 512;

// `set`: what the listener is for; it may let callers in who present nothing.
[[nodiscard]] Identity identify(const config::ConfigView& config, const config::PolicySet* set,
                                const PresentedCredentials& presented);

// The one credential that counts, without looking it up.
struct ChosenCredential {
  IdentifyStatus status = IdentifyStatus::missing;  // known: `key` holds it
  std::string_view key;
};
[[nodiscard]] ChosenCredential choose_credential(const PresentedCredentials& presented);
// The provider's key that the client brought along. `missing` where there is none: without
// X-Headrace-Key, and where an SDK that must send something repeats the gateway's.
[[nodiscard]] ChosenCredential choose_own_key(const PresentedCredentials& presented);

}  // namespace headrace::policy
