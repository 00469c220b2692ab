// The catalogues that come with the program, compiled by msgfmt from po/*.po when it is built.
// English is the first. Constant data.
#pragma once

#include <cstddef>
#include <span>

namespace headrace::policy {

// Each as read_catalogue() takes it.
[[nodiscard]] std::span<const std::span<const std::byte>> built_in_catalogues();

}  // namespace headrace::policy
