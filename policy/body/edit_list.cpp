#include "policy/body/edit_list.h"

#include <algorithm>

#include "core/check.h"

namespace headrace::policy {

void EditList::clear() {
  edit_count_ = 0;
  text_used_ = 0;
}

bool EditList::replace(ByteRange at, std::string_view replacement) {
  if (edit_count_ == kEditsMax) return false;
  // Behind the edits that begin before it, and behind insertions at the same place.
  Edit* const begin = edits_.data();
  Edit* const end = begin + edit_count_;
  Edit* const place = std::find_if(begin, end, [&](const Edit& edit) {
    return edit.offset > at.offset || (edit.offset == at.offset && edit.removed != 0);
  });
  if (place != begin && place[-1].offset + place[-1].removed > at.offset) return false;
  if (place != end && at.end() > place->offset) return false;
  std::move_backward(place, end, end + 1);
  *place = {at.offset, at.length, replacement};
  ++edit_count_;
  return true;
}

std::span<char> EditList::text_room() {
  return std::span(text_).subspan(text_used_);
}

std::string_view EditList::commit_text(std::size_t length) {
  HEADRACE_CHECK(length <= text_.size() - text_used_);
  const std::string_view text{text_.data() + text_used_, length};
  text_used_ += static_cast<std::uint32_t>(length);
  return text;
}

std::size_t EditList::length_after(std::size_t body_length) const {
  std::size_t length = body_length;
  for (const Edit& edit : edits())
    length = length - edit.removed + edit.replacement.size();
  return length;
}

std::size_t EditList::slices(std::string_view body,
                             std::span<std::string_view, kSlicesMax> out) const {
  std::size_t count = 0;
  std::size_t done = 0;
  const auto put = [&](std::string_view slice) {
    if (!slice.empty()) out[count++] = slice;
  };
  for (const Edit& edit : edits()) {
    put(body.substr(done, edit.offset - done));
    put(edit.replacement);
    done = std::size_t{edit.offset} + edit.removed;
  }
  HEADRACE_CHECK(done <= body.size());
  put(body.substr(done));
  return count;
}

}  // namespace headrace::policy
