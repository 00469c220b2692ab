#include "policy/record/record_id.h"

#include <fmt/format.h>

namespace headrace::policy {

std::string to_text(const RecordId& id) {
  return fmt::format("{:016x}-{:08x}-{:04x}-{:016x}", id.source.region, id.source.epoch,
                     id.source.shard, id.sequence);
}

}  // namespace headrace::policy
