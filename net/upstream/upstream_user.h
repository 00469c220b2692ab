// Whoever sends a request upstream: it waits for a connection, then has it for itself until it
// gives it back. The exchange is one; a health check may be another.
#pragma once

#include "core/buffer_lease.h"
#include "core/check.h"
#include "core/intrusive_list.h"
#include "net/edge/transport.h"
#include "net/upstream/upstream_failure.h"

namespace headrace::net {

class UpstreamConnection;
struct UpstreamWaitTag;

class UpstreamUser : public core::ListHook<UpstreamWaitTag> {
 public:
  // The wait is over: the connection is this user's. Not called from within UpstreamPool::acquire.
  virtual void on_upstream_ready(UpstreamConnection& connection) = 0;
  virtual void on_upstream_failed(UpstreamFailure failure) = 0;
  // While the connection is this user's.
  virtual void on_upstream_received(core::BufferLease lease) = 0;
  virtual void on_upstream_ended(PeerEnd end) = 0;
  virtual void on_upstream_sent(bool all) = 0;
  // After Transport::splice_to() only.
  virtual void on_upstream_spliced(std::int32_t) {
    HEADRACE_CHECK(false, "this user splices nothing");
  }

 protected:
  ~UpstreamUser() = default;
};

}  // namespace headrace::net
