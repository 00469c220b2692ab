// The body of index_json for one width of vectors. Included by one source file per instruction
// set, each of which defines struct Bytes64 in its anonymous namespace first. Plain types only:
// an inline function of the standard library compiled here with wider instructions could be taken
// by the linker for the whole program.

// Whether `\` and this character make an escape; \u is looked at apart.
constexpr bool is_simple_escape(char c) {
  return c == '"' || c == '\\' || c == '/' || c == 'b' || c == 'f' || c == 'n' || c == 'r' ||
         c == 't';
}

inline void fault(JsonIndexState& state, const char* at, const char* reason) {
  state.fault = at;
  state.fault_reason = reason;
}

// Which bytes are escaped by a backslash before them: the odd ones of each run of backslashes
// escape. `state.escape` carries over; `last` is the block's last bit.
inline std::uint64_t escaped_bytes(std::uint64_t backslashes, unsigned last,
                                   JsonIndexState& state) {
  constexpr std::uint64_t kOdd = 0xAAAAAAAAAAAAAAAA;
  const auto open = static_cast<std::uint64_t>(state.escape);
  const std::uint64_t starts = backslashes & ~open;
  const std::uint64_t maybe_escaped = starts << 1;
  const std::uint64_t codes = ((maybe_escaped | kOdd) - starts) ^ kOdd;
  const std::uint64_t escaped = codes ^ (backslashes | open);
  state.escape = ((codes & backslashes) >> last & 1) != 0;
  return escaped;
}

// Bit n of the result: an odd number of bits up to n is set.
inline std::uint64_t prefix_xor(std::uint64_t bits) {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  bits ^= bits << 32;
  return bits;
}

// The four bytes behind each `u`, which must be hex digits. Those beyond the block's `size` bytes
// carry over.
inline std::uint64_t hex_places(std::uint64_t us, unsigned size, JsonIndexState& state) {
  const std::uint64_t places = us << 1 | us << 2 | us << 3 | us << 4 | state.hex_pending;
  const std::uint64_t beyond = us >> 63 | us >> 62 | us >> 61 | us >> 60;
  const std::uint64_t carried = size == 64 ? beyond : places >> size | beyond << (64 - size);
  state.hex_pending = static_cast<std::uint8_t>(carried & 0xF);
  return places;
}

// Judges the escapes of a block and returns which bytes are escaped; at a fault, state.fault is
// set.
inline std::uint64_t judge_escapes(const Bytes64& bytes, const char* at, std::uint64_t backslashes,
                                   std::uint64_t mask, unsigned size, unsigned shift,
                                   JsonIndexState& state) {
  state.escapes = true;
  const std::uint64_t escaped = escaped_bytes(backslashes, size - 1, state) & mask;
  const std::uint64_t us = escaped & bytes.equal('u') >> shift;
  std::uint64_t wrong = 0;
  if ((us | state.hex_pending) != 0) {
    wrong = hex_places(us, size, state) & ~(bytes.hex_digits() >> shift) & mask;
    if (wrong != 0) {
      fault(state, at + __builtin_ctzll(wrong), "not four hex digits");
      return escaped;
    }
  }
  const std::uint64_t frequent = us | bytes.equal('n') >> shift | bytes.equal('"') >> shift;
  for (std::uint64_t rest = escaped & ~(frequent | backslashes); rest != 0; rest &= rest - 1) {
    const char* const character = at + __builtin_ctzll(rest);
    if (!is_simple_escape(*character)) {
      fault(state, character, "not an escape of JSON");
      return escaped;
    }
  }
  return escaped;
}

inline std::size_t index_blocks(const char* text, std::size_t size, const char* end,
                                JsonIndexState& state, std::uint16_t* offsets) {
  std::uint16_t* out = offsets;
  for (std::size_t block = 0; block < size; block += 64) {
    const char* const at = text + block;
    const auto size_here = static_cast<unsigned>(size - block < 64 ? size - block : 64);
    // The last block of a slice is read from before its start, or copied, never from behind.
    char copy[64];
    const char* from = at;
    unsigned shift = 0;
    if (static_cast<std::size_t>(end - at) < 64) {
      if (block != 0) {
        shift = 64 - size_here;
        from = at - shift;
      } else {
        __builtin_memset(copy, ' ', sizeof copy);
        __builtin_memcpy(copy, at, size_here);
        from = copy;
      }
    }
    const std::uint64_t mask = ~std::uint64_t{0} >> (64 - size_here);
    const Bytes64 bytes(from);
    state.non_ascii |= bytes.any_above_7f();
    // Amid a long string.
    const bool amid_escape = state.escape || state.hex_pending != 0;
    if (state.in_string && !amid_escape && !bytes.any_special()) {
      continue;
    }
    std::uint64_t quotes = bytes.equal('"') >> shift & mask;
    const std::uint64_t backslashes = bytes.equal('\\') >> shift & mask;
    const std::uint64_t controls = bytes.up_to(0x1F) >> shift & mask;
    if (backslashes != 0 || amid_escape) {
      quotes &= ~judge_escapes(bytes, at, backslashes, mask, size_here, shift, state);
      if (state.fault != nullptr) break;
      if (state.in_string && (quotes | controls) == 0) continue;
    }
    // From each opening quote up to before its closing one.
    const std::uint64_t carried = state.in_string ? ~std::uint64_t{0} : 0;
    const std::uint64_t in_string = prefix_xor(quotes) ^ carried;
    state.in_string = (in_string >> (size_here - 1) & 1) != 0;
    if ((controls & in_string) != 0) {
      fault(state, at + __builtin_ctzll(controls & in_string), "a control character in a string");
      break;
    }
    const std::uint64_t outside = ~in_string & mask;
    const std::uint64_t operators = (bytes.operators() >> shift) & outside;
    std::uint64_t space = bytes.equal(' ') >> shift;
    if (controls != 0) {
      space |= (bytes.equal('\n') | bytes.equal('\r') | bytes.equal('\t')) >> shift;
    }
    const std::uint64_t scalars = outside & ~(operators | space | quotes);
    const std::uint64_t scalar_starts =
        scalars & ~(scalars << 1 | static_cast<std::uint64_t>(state.in_scalar));
    state.in_scalar = (scalars >> (size_here - 1) & 1) != 0;
    const std::uint64_t tokens = operators | quotes | scalar_starts;
    if (tokens != 0) out = write_places(tokens, static_cast<unsigned>(block), out);
  }
  return static_cast<std::size_t>(out - offsets);
}
