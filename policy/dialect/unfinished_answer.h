// What an event of ours must say again to end a streamed answer that its provider has not ended:
// by what names the answer goes, and which of its choices are still open.
//
// Names are the first ones that the stream's own events gave and that are fit to be repeated: 1 to
// kNameBytesMax visible ASCII characters that need no escape in JSON. One that never came, or never
// so, is empty; a time that never came is 0. Choices beyond kChoicesMax are not followed.
//
// Threads: plain data of one stream; about 220 bytes, whatever the stream says.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/json/json_step.h"

namespace headrace::policy {

// A bit per choice, by its index.
using ChoiceSet = std::uint16_t;

class UnfinishedAnswer {
 public:
  static constexpr std::size_t kNameBytesMax = 96;
  static constexpr std::size_t kChoicesMax = 16;
  static constexpr std::int64_t kCreatedSecondsMax = 253'402'300'799;  // the end of the year 9999

  // Of a walk over stream_fields(), all of it, event by event. What an event says of choices counts
  // from its end on: one that has not ended may never reach the client.
  void begin_event();
  void note(const JsonStep& step);
  // Whether a choice has ended with it that had not before.
  bool end_event();

  [[nodiscard]] std::string_view id() const { return id_.text(); }
  [[nodiscard]] std::string_view model() const { return model_.text(); }
  [[nodiscard]] std::int64_t created_seconds() const { return created_seconds_; }
  // Choices of which something came, and those of them that have not ended. Some providers say with
  // every event that it is the last one: who goes on behind that has not ended, whatever it says.
  [[nodiscard]] ChoiceSet choices() const { return choices_; }
  [[nodiscard]] ChoiceSet open_choices() const {
    return static_cast<ChoiceSet>((choices_ & ~finished_) | goes_on_);
  }

 private:
  class Name {
   public:
    void take_first(const JsonStep& step);
    [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

   private:
    std::array<char, kNameBytesMax> bytes_{};
    std::uint8_t size_ = 0;
  };

  void end_choice();

  Name id_;
  Name model_;
  std::int64_t created_seconds_ = 0;
  std::int64_t index_ = 0;  // of the choice that the walk is in; not said: 0
  ChoiceSet choices_ = 0;
  ChoiceSet finished_ = 0;
  ChoiceSet goes_on_ = 0;       // had output in a later event than the one that finished it
  ChoiceSet choices_here_ = 0;  // of the event
  ChoiceSet finished_here_ = 0;
  ChoiceSet speaks_here_ = 0;
  bool in_choice_ = false;
  bool finishes_ = false;  // the choice that the walk is in says why it ended
  bool speaks_ = false;    // ... and has output
};

static_assert(UnfinishedAnswer::kChoicesMax == 8 * sizeof(ChoiceSet));

}  // namespace headrace::policy
