#include "net/tls/ticket_sealer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "core/check.h"

namespace headrace::net::tls {

TicketSealer::TicketSealer(const TicketKeys& keys) : keys_(keys), sealers_(keys.all().size()) {
  for (std::size_t i = 0; i < sealers_.size(); ++i) {
    EVP_AEAD_CTX_zero(&sealers_[i]);
    HEADRACE_CHECK(EVP_AEAD_CTX_init(&sealers_[i], EVP_aead_xchacha20_poly1305(),
                                     keys_.all()[i].key.data(), TicketKeys::kKeyBytes, kTagBytes,
                                     nullptr) == 1);
  }
}

TicketSealer::~TicketSealer() {
  for (EVP_AEAD_CTX& sealer : sealers_)
    EVP_AEAD_CTX_cleanup(&sealer);
}

std::optional<std::size_t> TicketSealer::seal(std::span<const std::uint8_t> session,
                                              std::span<std::uint8_t> into) const {
  if (into.size() < session.size() + kOverheadBytes) return std::nullopt;
  constexpr std::size_t kPrefix = TicketKeys::kNameBytes + kNonceBytes;
  // The session may lie where the prefix goes: move it first, then seal it where it lies.
  std::memmove(into.data() + kPrefix, session.data(), session.size());
  std::memcpy(into.data(), keys_.all()[0].name.data(), TicketKeys::kNameBytes);
  std::uint8_t* nonce = into.data() + TicketKeys::kNameBytes;
  RAND_bytes(nonce, kNonceBytes);
  std::size_t sealed = 0;
  if (EVP_AEAD_CTX_seal(&sealers_[0], into.data() + kPrefix, &sealed, session.size() + kTagBytes,
                        nonce, kNonceBytes, into.data() + kPrefix, session.size(), nullptr,
                        0) != 1) {
    return std::nullopt;
  }
  return kPrefix + sealed;
}

std::optional<std::size_t> TicketSealer::open(std::span<const std::uint8_t> ticket,
                                              std::span<std::uint8_t> into) const {
  if (ticket.size() < kOverheadBytes) return std::nullopt;
  const auto keys = keys_.all();
  const auto key = std::ranges::find_if(keys, [&](const TicketKeys::Key& candidate) {
    return std::memcmp(candidate.name.data(), ticket.data(), TicketKeys::kNameBytes) == 0;
  });
  if (key == keys.end()) return std::nullopt;
  std::array<std::uint8_t, kNonceBytes> nonce;
  std::memcpy(nonce.data(), ticket.data() + TicketKeys::kNameBytes, kNonceBytes);
  const auto sealed = ticket.subspan(TicketKeys::kNameBytes + kNonceBytes);
  if (into.size() < sealed.size() - kTagBytes) return std::nullopt;
  // `into` may overlap the ticket otherwise than exactly, which an AEAD refuses: move first.
  if (into.size() < sealed.size()) return std::nullopt;
  std::memmove(into.data(), sealed.data(), sealed.size());
  std::size_t opened = 0;
  const auto index = static_cast<std::size_t>(key - keys.begin());
  if (EVP_AEAD_CTX_open(&sealers_[index], into.data(), &opened, into.size(), nonce.data(),
                        kNonceBytes, into.data(), sealed.size(), nullptr, 0) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  return opened;
}

}  // namespace headrace::net::tls
