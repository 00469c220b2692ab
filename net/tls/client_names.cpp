#include "net/tls/client_names.h"

#include <algorithm>
#include <string_view>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/ascii.h"

namespace headrace::net::tls {
namespace {

void add(std::vector<std::string>& names, std::string_view kind, std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
  if (!plain || text.empty() || kind.size() + text.size() > kClientNameBytesMax) return;
  if (names.size() == kClientNamesMax) return;
  names.push_back(std::string(kind).append(text));
}

std::string_view text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

// Host names are compared without regard to case; a config has them in small letters.
std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), core::to_lower);
  return lower;
}

void add_alternative_names(const X509* certificate, std::vector<std::string>& names) {
  const bssl::UniquePtr<GENERAL_NAMES> all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (all == nullptr) return;
  for (std::size_t i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    switch (name->type) {
      case GEN_URI:
        add(names, "uri:", text_of(name->d.uniformResourceIdentifier));
        break;
      case GEN_DNS:
        add(names, "dns:", lower_case(text_of(name->d.dNSName)));
        break;
      case GEN_EMAIL:
        add(names, "email:", text_of(name->d.rfc822Name));
        break;
      default:
        break;
    }
  }
}

// The last one, as it is the most specific; two cannot be told apart, so then there is none.
void add_common_name(const X509* certificate, std::vector<std::string>& names) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return;
  std::uint8_t* utf8 = nullptr;
  const int bytes =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  const bssl::UniquePtr<std::uint8_t> owned(utf8);
  if (bytes <= 0) return;
  add(names, "cn:", {reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(bytes)});
}

}  // namespace

std::vector<std::string> client_names(std::span<const std::byte> certificate) {
  std::vector<std::string> names;
  const auto* der = reinterpret_cast<const std::uint8_t*>(certificate.data());
  const bssl::UniquePtr<X509> parsed(
      d2i_X509(nullptr, &der, static_cast<long>(certificate.size())));
  if (parsed != nullptr) {
    add_alternative_names(parsed.get(), names);
    add_common_name(parsed.get(), names);
  }
  ERR_clear_error();
  return names;
}

}  // namespace headrace::net::tls
