#include "net/tls/resumption_cache.h"

#include <algorithm>

#include <openssl/ssl.h>

namespace headrace::net::tls {

ResumptionCache::~ResumptionCache() {
  clear();
}

void ResumptionCache::belong_to(std::uint64_t context) {
  if (context_ != context) clear();
  context_ = context;
}

void ResumptionCache::put(ssl_session_st* session, std::uint64_t context) {
  if (context != context_) {
    SSL_SESSION_free(session);
    return;
  }
  if (count_ == kSessionsMax) {
    SSL_SESSION_free(sessions_[0]);
    std::ranges::rotate(sessions_, sessions_.begin() + 1);
    --count_;
  }
  sessions_[count_++] = session;
}

ssl_session_st* ResumptionCache::take() {
  if (count_ == 0) return nullptr;
  SSL_SESSION* newest = sessions_[count_ - 1];
  if (SSL_SESSION_should_be_single_use(newest) == 1) {
    --count_;
  } else {
    SSL_SESSION_up_ref(newest);
  }
  return newest;
}

void ResumptionCache::clear() {
  while (count_ > 0)
    SSL_SESSION_free(sessions_[--count_]);
}

}  // namespace headrace::net::tls
