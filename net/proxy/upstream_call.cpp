#include "net/proxy/upstream_call.h"

#include "net/upstream/upstream_connection.h"

namespace headrace::net {

bool UpstreamCall::may_be_whole() const {
  if (sent || !last_leaves) return sent;
  return connection == nullptr || connection->transport().last_byte_leaves();
}

}  // namespace headrace::net
