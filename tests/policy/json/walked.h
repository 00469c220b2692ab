// A walk over JSON that a test judges: which members it wants told, and what it was told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/json/json_walker.h"

namespace headrace::policy {

inline constexpr JsonField kName = 2;
inline constexpr JsonField kInner = 3;
inline constexpr JsonField kDeep = 4;
inline constexpr JsonField kList = 5;
inline constexpr JsonField kItem = 6;
inline constexpr JsonField kItemId = 7;
inline constexpr JsonRule kRules[] = {
    {kJsonRoot, "name", kName}, {kJsonRoot, "inner", kInner}, {kInner, "deep_value", kDeep},
    {kJsonRoot, "list", kList}, {kList, "", kItem},           {kItem, "id", kItemId},
};
inline constexpr JsonFields kFields{kRules, JsonContainer::pass};

// Bytes of exactly this size on the heap, so that a sanitizer sees every read beyond them.
class Exact {
 public:
  explicit Exact(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
    std::memcpy(bytes_.get(), text.data(), text.size());
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

struct Told {
  JsonStep step;
  std::string text;
};

class Recorder final : public JsonSink {
 public:
  bool on_json(const JsonStep& step) override {
    told.push_back({step, std::string(step.text)});
    return told.size() < stop_after;
  }
  std::vector<Told> told;
  std::size_t stop_after = SIZE_MAX;
};

struct Walked {
  JsonFault fault;
  bool complete = false;
  std::vector<Told> told;
};

enum class Slices { contiguous, apart };

inline Walked walk(std::string_view text, std::size_t slice_bytes, Slices slices,
                   JsonWalkOptions options = {.strict = true}) {
  options.contiguous = slices == Slices::contiguous;
  JsonWalker walker;
  walker.start(kFields, options);
  Recorder recorder;
  Walked walked;
  const Exact whole(text);
  for (std::size_t at = 0; at < text.size() && !walked.fault; at += slice_bytes) {
    const std::string_view slice = whole.view().substr(at, slice_bytes);
    if (slices == Slices::contiguous) {
      walked.fault = walker.walk(slice, recorder);
    } else {
      const Exact copy(slice);
      walked.fault = walker.walk(copy.view(), recorder);
    }
  }
  walked.complete = walker.complete();
  walked.told = recorder.told;
  return walked;
}

inline constexpr std::size_t kSliceSizes[] = {100000, 1, 2, 3, 7, 63, 64, 65};

}  // namespace headrace::policy
