#include "policy/dialect/google.h"

namespace headrace::policy {

bool is_google(Dialect dialect, std::string_view host) {
  if (dialect == Dialect::gemini) return true;
  if (host.ends_with('.')) host.remove_suffix(1);
  return host.ends_with(".googleapis.com");
}

}  // namespace headrace::policy
