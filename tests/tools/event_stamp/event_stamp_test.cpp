#include "tools/event_stamp/event_stamp.h"

#include <gtest/gtest.h>

namespace headrace::tools {
namespace {

TEST(EventStamp, IsReadAsItWasFilledIn) {
  for (const std::uint64_t nanos : {std::uint64_t{1}, std::uint64_t{123'456'789}, UINT64_MAX}) {
    std::string event = "data: {\"choices\":[]}\n\n";
    add_event_stamp(event);
    fill_event_stamps(event, nanos);
    EXPECT_TRUE(event.starts_with("data: {\"choices\":[],\"sent_nanos\":\"")) << event;
    EXPECT_TRUE(event.ends_with("\"}\n\n")) << event;
    EXPECT_EQ(read_event_stamp(event), nanos);
  }
}

TEST(EventStamp, IsFilledIntoEveryEventOfASend) {
  std::string event = "data: {\"a\":1}\r\n\r\n";
  add_event_stamp(event);
  std::string both = event + event;
  fill_event_stamps(both, 7);
  EXPECT_EQ(read_event_stamp(std::string_view(both).substr(0, event.size())), 7U);
  EXPECT_EQ(read_event_stamp(std::string_view(both).substr(event.size())), 7U);
}

TEST(EventStamp, LeavesEventsAloneThatEndInNoObject) {
  for (const char* text : {"data: [DONE]\n\n", ": comment\n\n", ""}) {
    std::string event = text;
    add_event_stamp(event);
    EXPECT_EQ(event, text);
  }
}

TEST(EventStamp, IsNotReadWhereItIsCutEmptyOrForged) {
  std::string event = "{\"a\":1}";
  add_event_stamp(event);
  EXPECT_EQ(read_event_stamp(event), std::nullopt) << "never filled in";
  fill_event_stamps(event, 7);
  for (std::size_t size = 0; size + 2 < event.size(); ++size) {
    EXPECT_EQ(read_event_stamp(std::string_view(event).substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(read_event_stamp(R"({,"sent_nanos":"12 4567890123456789x"})"), std::nullopt);
}

TEST(EventStamp, FillsNothingBeyondTheBytes) {
  std::string cut = R"({"a":1,"sent_nanos":"0000)";
  const std::string before = cut;
  fill_event_stamps(cut, 7);
  EXPECT_EQ(cut, before);
}

}  // namespace
}  // namespace headrace::tools
