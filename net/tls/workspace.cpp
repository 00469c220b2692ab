#include "net/tls/workspace.h"

#include "net/tls/expanded_keys.h"

namespace headrace::net::tls {

Workspace::Workspace(std::size_t key_slots)
    : expanded_keys_(std::make_unique<ExpandedKeys>(key_slots)) {}

Workspace::~Workspace() = default;

std::size_t Workspace::planned_bytes(std::size_t key_slots) {
  return sizeof(Workspace) + sizeof(ExpandedKeys) + ExpandedKeys::planned_bytes(key_slots);
}

}  // namespace headrace::net::tls
