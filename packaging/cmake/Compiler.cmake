# How everything is compiled: the language, the warnings, the sanitizers, ccache.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1") # no NDEBUG: assertions are on in every build

option(VENUS_WERROR "Treat warnings as errors" OFF)
set(VENUS_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")

# Paths are relative in the cache, so that every checkout of one machine shares what another one compiled.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

add_library(venus_compiler INTERFACE)
target_include_directories(venus_compiler INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(
  venus_compiler
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wshadow
            -Wconversion
            -Wnon-virtual-dtor
            -Wold-style-cast
            -Wno-missing-field-initializers # designated initialisers leave the rest to its default
            $<$<BOOL:${VENUS_WERROR}>:-Werror>)

# Programs carry of an archive what they use, name the libraries that they use, and cannot have their tables rewritten.
add_link_options(-Wl,--gc-sections -Wl,--as-needed -Wl,-z,relro,-z,now)

if(VENUS_SANITIZE)
  add_compile_options(-fsanitize=${VENUS_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${VENUS_SANITIZE})
  if(VENUS_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
