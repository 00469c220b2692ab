# Language level, warnings and sanitizers: the same for every target.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(HEADRACE_LTO "Link-time optimisation: inlines the io seam" OFF)
option(HEADRACE_TESTS "Build the tests" ON)
option(HEADRACE_BENCH "Build the micro benchmarks" ON)
option(HEADRACE_FUZZ "Build libFuzzer targets (clang only)" OFF)
option(HEADRACE_COVERAGE "Instrument for line coverage" OFF)
option(HEADRACE_PRECOMPILED_HEADERS
       "Compile the library headers that nearly all sources include once per target (g++ only)" ON)
set(HEADRACE_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")
set(HEADRACE_OPTIMISE "" CACHE STRING "Optimisation level of Debug builds (empty: the compiler's default)")
set(HEADRACE_ARCHITECTURE "" CACHE STRING
    "Least processor to build for, as for -march= (empty: x86-64-v2, which all servers since 2009 are)")
set(HEADRACE_PROFILE "" CACHE STRING
    "record: programs write down which way they take; use: optimise for the ways that were written down")
set_property(CACHE HEADRACE_PROFILE PROPERTY STRINGS "" record use)
set(HEADRACE_BORINGSSL_ROOT "" CACHE PATH "Another BoringSSL than Debian's: a folder with include/ and lib/")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O3 -g1")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O3 -g1")

find_program(HEADRACE_CCACHE ccache)
# What a profile says is not part of what the cache goes by.
if(HEADRACE_CCACHE AND NOT HEADRACE_PROFILE)
  # Another checkout of the same sources, wherever it lies, is built from what this one has compiled;
  # but for what coverage writes down, which names places on this machine.
  set(HEADRACE_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros)
  if(NOT HEADRACE_COVERAGE)
    list(APPEND HEADRACE_LAUNCHER CCACHE_BASEDIR=${PROJECT_SOURCE_DIR})
    add_compile_options(-fdebug-prefix-map=${PROJECT_SOURCE_DIR}=.)
  endif()
  set(CMAKE_CXX_COMPILER_LAUNCHER ${HEADRACE_LAUNCHER} ${HEADRACE_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${HEADRACE_LAUNCHER} ${HEADRACE_CCACHE})
endif()

add_library(headrace_flags INTERFACE)
target_include_directories(headrace_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(headrace_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference -Wformat=2 -Wimplicit-fallthrough
  -Werror -fno-omit-frame-pointer -fstack-protector-strong)
# Wider instructions are chosen when the program runs, where they matter.
if(HEADRACE_ARCHITECTURE)
  target_compile_options(headrace_flags INTERFACE -march=${HEADRACE_ARCHITECTURE})
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  target_compile_options(headrace_flags INTERFACE -march=x86-64-v2)
endif()
# g++ 12 copies and clears structures of a few hundred bytes by "rep movs", which takes longer to begin
# than to do. Link-time optimisation chooses anew, and must be told too.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64" AND
   NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(HEADRACE_COPIES "vector_loop:256:noalign,libcall:-1:noalign")
  add_compile_options(-mmemcpy-strategy=${HEADRACE_COPIES} -mmemset-strategy=${HEADRACE_COPIES})
  add_link_options(-mmemcpy-strategy=${HEADRACE_COPIES} -mmemset-strategy=${HEADRACE_COPIES})
endif()
target_compile_definitions(headrace_flags INTERFACE _GNU_SOURCE=1 HEADRACE_VERSION="${PROJECT_VERSION}")
target_link_options(headrace_flags INTERFACE -Wl,-z,relro,-z,now)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports null dereferences and maybe-uninitialised values inside std::expected and
  # std::variant that are not there once inlining is on.
  target_compile_options(headrace_flags INTERFACE -Wno-null-dereference -Wno-maybe-uninitialized)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug" AND HEADRACE_OPTIMISE)
  target_compile_options(headrace_flags INTERFACE -O${HEADRACE_OPTIMISE})
endif()

if(HEADRACE_SANITIZE)
  # What a report needs to name a line; all of what a debugger wants takes a third longer to compile.
  target_compile_options(headrace_flags INTERFACE -fsanitize=${HEADRACE_SANITIZE} -fno-sanitize-recover=all -g1)
  target_link_options(headrace_flags INTERFACE -fsanitize=${HEADRACE_SANITIZE})
  target_compile_definitions(headrace_flags INTERFACE HEADRACE_SANITIZED=1)
endif()
if(HEADRACE_COVERAGE)
  target_compile_options(headrace_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(headrace_flags INTERFACE --coverage)
endif()
if(HEADRACE_LTO)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND HEADRACE_TESTS)
    # The libraries' objects hold plain code too: dozens of test programs are linked from that in a
    # second each (see headrace_test_code()), instead of all being optimised anew.
    set(CMAKE_CXX_COMPILE_OPTIONS_IPO -flto=auto -ffat-lto-objects)
  endif()
endif()
# The counts of a source lie beside its object file, so both builds must be made in one folder.
if(HEADRACE_PROFILE)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR NOT HEADRACE_PROFILE MATCHES "^(record|use)$")
    message(FATAL_ERROR "HEADRACE_PROFILE is 'record' or 'use', and needs g++: see tools/build_profiled")
  endif()
  if(HEADRACE_PROFILE STREQUAL "record")
    add_compile_options(-fprofile-generate -fprofile-update=atomic)
    add_link_options(-fprofile-generate)
  else()
    # Sources that only other programs run have no counts. With what a profile tells it, g++ 12 sends
    # virtual calls that have several targets all to one of them; without passing constants between
    # functions it does not. It also sees xxhash read beyond what is short enough never to be read so.
    set(HEADRACE_PROFILE_USE -fprofile-use -fprofile-correction -fno-ipa-cp
        -Wno-missing-profile -Wno-stringop-overread)
    add_compile_options(${HEADRACE_PROFILE_USE})
    add_link_options(${HEADRACE_PROFILE_USE})
  endif()
endif()
