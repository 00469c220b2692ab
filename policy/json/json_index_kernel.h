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

// What one block tells the next, in registers: nothing that is written through a pointer meanwhile
// can be one of these.
struct Carried {
  std::uint64_t in_string = 0;  // all bits, or none
  std::uint64_t in_scalar = 0;  // 1 or 0
  std::uint64_t escape = 0;     // 1 or 0
  bool non_ascii = false;
};

// Which bytes are escaped by a backslash before them: the odd ones of each run of backslashes
// escape. `last` is the block's last bit.
[[gnu::always_inline]] inline std::uint64_t escaped_bytes(std::uint64_t backslashes, unsigned last,
                                                          Carried& carried) {
  constexpr std::uint64_t kOdd = 0xAAAAAAAAAAAAAAAA;
  const std::uint64_t starts = backslashes & ~carried.escape;
  const std::uint64_t maybe_escaped = starts << 1;
  const std::uint64_t codes = ((maybe_escaped | kOdd) - starts) ^ kOdd;
  const std::uint64_t escaped = codes ^ (backslashes | carried.escape);
  carried.escape = (codes & backslashes) >> last & 1;
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

// Judges the escapes of a block, `escaped` being the bytes behind the backslashes that escape; at a
// fault, state.fault is set.
inline void judge_escapes(const Bytes64& bytes, const char* at, std::uint64_t backslashes,
                          std::uint64_t escaped, std::uint64_t mask, unsigned size, unsigned shift,
                          JsonIndexState& state) {
  const std::uint64_t us = escaped & bytes.equal('u') >> shift;
  std::uint64_t wrong = 0;
  if ((us | state.hex_pending) != 0) {
    wrong = hex_places(us, size, state) & ~(bytes.hex_digits() >> shift) & mask;
    if (wrong != 0) return fault(state, at + __builtin_ctzll(wrong), "not four hex digits");
  }
  const std::uint64_t frequent = us | bytes.equal('n') >> shift | bytes.equal('"') >> shift;
  for (std::uint64_t rest = escaped & ~(frequent | backslashes); rest != 0; rest &= rest - 1) {
    const char* const character = at + __builtin_ctzll(rest);
    if (!is_simple_escape(*character)) return fault(state, character, "not an escape of JSON");
  }
}

// One block: `size` bytes at `at`, which are bits shift .. shift + size - 1 of `bytes`; whole
// blocks have shift 0 and size 64. False at a fault.
template <bool kStrict>
[[gnu::always_inline]] inline bool index_block(const Bytes64& bytes, const char* at, unsigned place,
                                               unsigned size, unsigned shift, Carried& carried,
                                               JsonIndexState& state, std::uint16_t*& out) {
  const std::uint64_t mask = ~std::uint64_t{0} >> (64 - size);
  if constexpr (kStrict) carried.non_ascii |= bytes.any_above_7f();
  const bool amid_escape = (carried.escape | (kStrict ? state.hex_pending : 0U)) != 0;
  // Amid a long string.
  if (carried.in_string != 0 && !amid_escape &&
      !(kStrict ? bytes.any_special() : bytes.any_quote_or_backslash())) {
    return true;
  }
  std::uint64_t quotes = bytes.equal('"') >> shift & mask;
  const std::uint64_t backslashes = bytes.equal('\\') >> shift & mask;
  const std::uint64_t controls = kStrict ? bytes.up_to(0x1F) >> shift & mask : 0;
  if (backslashes != 0 || amid_escape) {
    state.escapes = true;
    const std::uint64_t escaped = escaped_bytes(backslashes, size - 1, carried) & mask;
    quotes &= ~escaped;
    if constexpr (kStrict) {
      judge_escapes(bytes, at, backslashes, escaped, mask, size, shift, state);
      if (state.fault != nullptr) return false;
    }
  }
  if (carried.in_string != 0 && (quotes | controls) == 0) return true;
  // From each opening quote up to before its closing one.
  const std::uint64_t in_string = prefix_xor(quotes) ^ carried.in_string;
  carried.in_string = 0 - (in_string >> (size - 1) & 1);
  if (kStrict && (controls & in_string) != 0) {
    fault(state, at + __builtin_ctzll(controls & in_string), "a control character in a string");
    return false;
  }
  const std::uint64_t outside = ~in_string & mask;
  const std::uint64_t operators = (bytes.operators() >> shift) & outside;
  std::uint64_t space = (kStrict ? bytes.equal(' ') : bytes.up_to(' ')) >> shift;
  if (controls != 0) {
    space |= (bytes.equal('\n') | bytes.equal('\r') | bytes.equal('\t')) >> shift;
  }
  const std::uint64_t scalars = outside & ~(operators | space | quotes);
  const std::uint64_t scalar_starts = scalars & ~(scalars << 1 | carried.in_scalar);
  carried.in_scalar = scalars >> (size - 1) & 1;
  const std::uint64_t tokens = operators | quotes | scalar_starts;
  if (tokens != 0) out = write_places(tokens, place, out);
  return true;
}

template <bool kStrict>
inline std::size_t index_blocks_as(const char* text, std::size_t size, const char* end,
                                   JsonIndexState& state, std::uint16_t* offsets) {
  std::uint16_t* out = offsets;
  Carried carried{.in_string = state.in_string ? ~std::uint64_t{0} : 0,
                  .in_scalar = state.in_scalar,
                  .escape = state.escape,
                  .non_ascii = state.non_ascii || !kStrict};
  std::size_t block = 0;
  bool good = true;
  for (const std::size_t whole = size / 64 * 64; good && block != whole; block += 64) {
    good = index_block<kStrict>(Bytes64(text + block), text + block, static_cast<unsigned>(block),
                                64, 0, carried, state, out);
  }
  if (good && block != size) {
    // The last block of a run is read whole where it can be; else from before its start, or copied,
    // never from behind the slice.
    const char* const at = text + block;
    const auto rest = static_cast<unsigned>(size - block);
    char copy[64];
    const char* from = at;
    unsigned shift = 0;
    if (static_cast<std::size_t>(end - at) < 64) {
      if (block != 0) {
        shift = 64 - rest;
        from = at - shift;
      } else {
        __builtin_memset(copy, ' ', sizeof copy);
        __builtin_memcpy(copy, at, rest);
        from = copy;
      }
    }
    index_block<kStrict>(Bytes64(from), at, static_cast<unsigned>(block), rest, shift, carried,
                         state, out);
  }
  state.in_string = carried.in_string != 0;
  state.in_scalar = carried.in_scalar != 0;
  state.escape = carried.escape != 0;
  state.non_ascii = carried.non_ascii;
  return static_cast<std::size_t>(out - offsets);
}

inline std::size_t index_blocks(const char* text, std::size_t size, const char* end,
                                JsonIndexState& state, std::uint16_t* offsets) {
  return state.strict ? index_blocks_as<true>(text, size, end, state, offsets)
                      : index_blocks_as<false>(text, size, end, state, offsets);
}
