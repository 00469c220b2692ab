// The cache stage of an exchange: an answer that is at hand, or will be in a moment.
#include "net/proxy/exchange.h"

namespace headrace::net {

policy::Verdict Exchange::look_into_cache() {
  return policy::Verdict::go;
}

}  // namespace headrace::net
