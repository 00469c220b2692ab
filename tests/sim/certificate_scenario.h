// One run of the simulator in which clients come again and again, with sessions to resume and with
// certificates or without, while reloads change what is asked of them: no certificate, or one, of
// this authority or of that. The gateway shows certificates of its own to its provider, another one
// after each reload, and resumes sessions there.
//
// What must hold: where certificates are asked for each connection shows its own anew, whatever
// session it brings, so that who has none where one is required, or one of an authority that is no
// longer trusted, is served nothing; a good one stands for its key, and no other. A provider that
// resumes a session knows the gateway by the certificate that its config has now.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/tls_events.h"

namespace headrace::sim {

struct CertificateRun {
  std::vector<std::string> violations;  // empty: everything held
  std::uint64_t served_by_certificate = 0;
  std::uint64_t served_by_key = 0;
  std::uint64_t refused = 0;           // without a key, and known by no certificate
  std::uint64_t turned_away = 0;       // in the handshake,
  std::uint64_t withdrawn = 0;         // of these: who had been served by the same certificate
  std::uint64_t sessions_in_vain = 0;  // brought to where a certificate is asked for
  TlsCounts tls{};

  bool operator==(const CertificateRun&) const = default;
};

// The same seed gives the same run, always.
CertificateRun run_certificate_scenario(std::uint64_t seed);

}  // namespace headrace::sim
