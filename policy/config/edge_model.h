// The gateway's edges in a config between text and base (edge_layout.h).
//
// Threads: owned by one compile() or effective_yaml() call.
#pragma once

#include "policy/config/edge_layout.h"
#include "policy/config/model_values.h"

namespace headrace::policy::config {

struct AnswersModel : Record {
  Text debug_sha256;
  AnswerSettings row{};  // switches; the digest by the rules
};
struct CertificateNameModel : Record {
  Text name;
  Text key;
};
struct ProviderAddressModel : Record {
  Text address;
  AddressState state = AddressState::ready;
};

}  // namespace headrace::policy::config
