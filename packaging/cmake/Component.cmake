# One folder is one target is one namespace.

# A sanitizer's build parses the headers that most files include once. The others do not, so that each file shows that
# it includes what it needs.
function(venus_precompile name)
  if(TARGET venus_precompiled)
    target_precompile_headers(${name} REUSE_FROM venus_precompiled)
  endif()
endfunction()

if(VENUS_SANITIZE AND VENUS_TESTS)
  add_library(venus_precompiled OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled.cpp)
  target_link_libraries(venus_precompiled PRIVATE venus_compiler Boost::json fmt::fmt GTest::gmock)
  target_precompile_headers(
    venus_precompiled
    PRIVATE
    <algorithm>
    <array>
    <charconv>
    <chrono>
    <expected>
    <filesystem>
    <fstream>
    <functional>
    <map>
    <memory>
    <optional>
    <random>
    <ranges>
    <set>
    <string>
    <string_view>
    <thread>
    <unordered_map>
    <utility>
    <vector>
    <boost/asio/io_context.hpp>
    <boost/json.hpp>
    <fmt/format.h>
    <gmock/gmock.h>)
endif()

# venus_component(NAME SOURCES a.cpp b.cpp [LINKS public libraries] [PRIVATE_LINKS libraries that no header of ours shows])
function(venus_component name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC venus_compiler ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
    venus_precompile(${name})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE venus_compiler ${ARG_LINKS})
  endif()
endfunction()

# venus_unit_test(NAME SOURCES a_test.cpp [LINKS components under test])
function(venus_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE venus_compiler ${ARG_LINKS} GTest::gmock GTest::gtest_main)
  venus_precompile(${name})
  gtest_discover_tests(${name} PROPERTIES LABELS unit)
endfunction()
