// The names in a client's certificate by which a config may know it, spelled as `certificate_names`
// spells them: "uri:spiffe://acme/app", "dns:app.acme.test", "email:app@acme.test", and the common
// name of the subject as "cn:app". Subject alternative names come first, in their order.
//
// A name with a control character, a NUL above all, or one that is longer than a config's may be is
// left out: it cannot be meant.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace headrace::net::tls {

inline constexpr std::size_t kClientNamesMax = 32;
inline constexpr std::size_t kClientNameBytesMax = 256;

// Of a certificate in DER; none where it cannot be read.
[[nodiscard]] std::vector<std::string> client_names(std::span<const std::byte> certificate);

}  // namespace headrace::net::tls
