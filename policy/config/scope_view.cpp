#include "policy/config/scope_view.h"

#include "policy/config/slot_table.h"

namespace headrace::policy::config {

const ApiKey* ScopeView::find_key(const Sha256& digest) const {
  return find_in_slots(key_slots_, keys_, slot_hash(digest), [&](const ApiKey& key) {
    return equal_in_constant_time(key.digest, digest);
  });
}

}  // namespace headrace::policy::config
