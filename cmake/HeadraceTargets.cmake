# Small functions so that each folder's CMakeLists.txt says only what is particular to it.
# Sources are found by folder: adding a file needs no second place to be edited.

# headrace_sources(<variable> <pattern> [<regex to leave out>...]): the sources that match, by absolute
# path. What is left out is judged by the path below this folder: a checkout may lie anywhere.
function(headrace_sources variable pattern)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
       ${CMAKE_CURRENT_SOURCE_DIR}/${pattern})
  foreach(left_out IN LISTS ARGN)
    list(FILTER sources EXCLUDE REGEX ${left_out})
  endforeach()
  list(TRANSFORM sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set(${variable} ${sources} PARENT_SCOPE)
endfunction()

# headrace_precompile(<target> [<header>...]): the headers that nearly all sources include, and these.
# A third less to compile, and half of it where what many sources begin with is a large one of ours.
# A source that forgets one of them is found by clang, which does without.
function(headrace_precompile target)
  if(NOT HEADRACE_PRECOMPILED_HEADERS OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR HEADRACE_PROFILE)
    return()
  endif()
  # It takes as long as four or five sources.
  get_target_property(sources ${target} SOURCES)
  list(LENGTH sources count)
  if(count LESS 8)
    return()
  endif()
  # Ours stand there by their places in the project.
  set(headers ${ARGN})
  list(TRANSFORM headers PREPEND ${PROJECT_SOURCE_DIR}/ REGEX "^[^<]")
  target_precompile_headers(${target} PRIVATE
    <algorithm> <array> <atomic> <chrono> <cstddef> <cstdint> <cstring> <expected> <functional>
    <memory> <optional> <span> <string> <string_view> <utility> <vector> <fmt/format.h> ${headers})
  # Without it ccache does not see what a header was compiled from.
  target_compile_options(${target} PRIVATE -fpch-preprocess)
  # g++ 12 sees copies beyond the inner buffer of a std::string that has just been joined from others:
  # with few optimisations in tests, with many anywhere. Precompiled, <string> is no system header to
  # it, and it says so. The libraries of a Debug build keep these warnings.
  string(FIND "${CMAKE_CURRENT_SOURCE_DIR}/" "${PROJECT_SOURCE_DIR}/tests/" at)
  if(at EQUAL 0 OR NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(${target} PRIVATE
      -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-restrict)
  endif()
endfunction()

# headrace_test_code(): this folder's targets and those below are tests: quick to compile, whatever the
# build is, and linked from the libraries' plain code. Half the time of a release build otherwise.
macro(headrace_test_code)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF)
  if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    add_compile_options(-O1)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      add_link_options(-fno-lto)
    endif()
  endif()
endmacro()

# headrace_command_line(<target> <source>...): its sources with CLI11, whose thousands of lines take
# longest of all to optimise and run once.
function(headrace_command_line target)
  if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    set(options -O1)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      list(APPEND options -fno-lto)
    endif()
    set_source_files_properties(${ARGN} TARGET_DIRECTORY ${target} PROPERTIES COMPILE_OPTIONS "${options}")
  endif()
endfunction()

# headrace_layer(<name> [EXCLUDE <regex>...] [PRECOMPILE <header>...] LINK <targets...>): all .cpp of
# this folder and below.
function(headrace_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINK;EXCLUDE;PRECOMPILE")
  headrace_sources(sources *.cpp ${arg_EXCLUDE})
  if(sources)
    add_library(headrace_${name} STATIC ${sources})
    target_link_libraries(headrace_${name} PUBLIC headrace_flags ${arg_LINK})
    headrace_precompile(headrace_${name} ${arg_PRECOMPILE})
  else()
    add_library(headrace_${name} INTERFACE)
    target_link_libraries(headrace_${name} INTERFACE headrace_flags ${arg_LINK})
  endif()
endfunction()

# headrace_tests(<folder> [PRECOMPILE <header>...] LINK <targets...>): one test program per folder of tests/, its cases
# registered with ctest one by one under <folder>.<Suite>.<Case>.
function(headrace_tests folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINK;EXCLUDE;PRECOMPILE")
  headrace_sources(sources ${folder}/*_test.cpp ${arg_EXCLUDE})
  if(NOT sources)
    return()
  endif()
  string(REPLACE "/" "_" target ${folder})
  add_executable(test_${target} ${sources})
  target_link_libraries(test_${target} PRIVATE headrace_flags ${arg_LINK} GTest::gmock GTest::gtest_main)
  headrace_precompile(test_${target} <gtest/gtest.h> ${arg_PRECOMPILE})
  include(GoogleTest)
  gtest_discover_tests(test_${target} TEST_PREFIX ${folder}. PROPERTIES TIMEOUT 300 LABELS ${folder}
                       DISCOVERY_TIMEOUT 300)
endfunction()

# headrace_python_tests(<folder>): every *_test.py of tests/<folder>, one ctest test per module.
function(headrace_python_tests folder)
  find_package(Python3 3.11 QUIET COMPONENTS Interpreter)
  if(NOT Python3_FOUND)
    message(FATAL_ERROR "Python 3.11 is missing. Install it with:  apt-get install python3")
  endif()
  file(GLOB modules CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.py)
  foreach(module IN LISTS modules)
    get_filename_component(name ${module} NAME_WE)
    add_test(NAME ${folder}.${name} COMMAND ${Python3_EXECUTABLE} -B -m unittest -q ${name}
             WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties(${folder}.${name} PROPERTIES TIMEOUT 300 LABELS ${folder})
  endforeach()
endfunction()
