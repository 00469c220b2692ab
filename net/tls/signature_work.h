// Signs with private keys off the shards: an attendant's work (core/attendant.h). An RSA signature
// takes as long as fifty to four hundred requests.
//
// Threads:  the attendant's. The operation belongs to the shard that asked, which leaves it alone
//           until the reply.
#pragma once

#include <cstdint>

#include "core/attendant.h"
#include "net/tls/key_operation.h"

namespace headrace::net::tls {

struct SignatureRequest {
  KeyOperation* operation = nullptr;
  std::uint32_t slot = 0;  // the shard's, comes back with the reply
};

struct SignatureReply {
  std::uint32_t slot = 0;
};

class SignatureWork {
 public:
  using Request = SignatureRequest;
  using Reply = SignatureReply;

  static void on_request(std::uint32_t shard, const SignatureRequest& request,
                         core::AttendantReplies<SignatureReply>& replies) {
    request.operation->run();
    replies.send(shard, {.slot = request.slot});
  }
};

}  // namespace headrace::net::tls
