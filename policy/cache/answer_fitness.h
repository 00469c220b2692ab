// Is an answer fit to be given to others who ask the same? Only one that came whole and ended by
// itself: never an error, a cut stream, an answer cut at its cap, a refusal or a filtered one, not
// even where that holds for one choice of several.
//
// Asked when the answer has ended as its HTTP framing says.
// Threads: pure.
#pragma once

#include "policy/dialect/endpoint.h"
#include "policy/dialect/stream_meter.h"
#include "policy/dialect/usage_scanner.h"

namespace headrace::policy {

[[nodiscard]] bool fit_to_keep(Endpoint endpoint, const UsageScanner& document);
[[nodiscard]] bool fit_to_keep(const StreamMeter& stream);

}  // namespace headrace::policy
