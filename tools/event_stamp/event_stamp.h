// When a mock provider sent an event, written into the event, so that a load generator on the same
// machine can tell how long it was on its way through what lies between them:
//
//   data: {"id":"chatcmpl-1", ... ,"sent_nanos":"00000001234567890123"}
//
// The digits are put in as zeros where the event is made, and filled in when it is sent.
// Pure but for the clock, which is the machine's monotonic one, the same for all its processes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace headrace::tools {

std::uint64_t event_clock_nanos();

// Adds an empty stamp as the last member of the JSON object that `event` ends with, if it does.
void add_event_stamp(std::string& event);
// Fills in every stamp in `bytes`.
void fill_event_stamps(std::span<char> bytes, std::uint64_t nanos);
// Of the first stamp in `data`, unless it is cut or empty.
std::optional<std::uint64_t> read_event_stamp(std::string_view data);

}  // namespace headrace::tools
