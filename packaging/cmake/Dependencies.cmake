# Third-party libraries, all from Debian 12. Imported targets are SYSTEM: their warnings are not ours.
#
# What few hosts have goes into the programs where Debian has an archive of it: RocksDB, protobuf, Boost, RE2. What gets
# security updates of its own (OpenSSL, zlib, bzip2, zstd, librdkafka) stays shared, and so does what has no archive. A sanitizer
# takes the shared ones.
if(VENUS_SANITIZE)
  set(VENUS_ARCHIVES OFF)
else()
  set(VENUS_ARCHIVES ON)
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
set(Boost_NO_WARN_NEW_VERSIONS ON)
set(Boost_USE_STATIC_LIBS ${VENUS_ARCHIVES})
find_package(Boost 1.81 EXACT REQUIRED COMPONENTS json) # 1.74 is Debian's default; its Asio and JSON are too old
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(RocksDB REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Protobuf REQUIRED) # OpAMP's wire
find_package(simdjson REQUIRED)
pkg_check_modules(rdkafka REQUIRED IMPORTED_TARGET rdkafka)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2) # regular expressions in linear time
set_target_properties(PkgConfig::re2 PROPERTIES INTERFACE_COMPILE_OPTIONS "") # -pthread parts it from precompiled headers
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(libzstd REQUIRED IMPORTED_TARGET libzstd)
if(VENUS_ARCHIVES)
  # RocksDB's own target would bring the shared gflags, snappy and lz4 with it.
  foreach(archive gflags snappy lz4 protobuf-lite re2)
    find_library(${archive}_archive NAMES lib${archive}.a REQUIRED)
  endforeach()
  set_target_properties(protobuf::libprotobuf-lite PROPERTIES IMPORTED_LOCATION ${protobuf-lite_archive})
  set_target_properties(PkgConfig::re2 PROPERTIES INTERFACE_LINK_LIBRARIES "${re2_archive};Threads::Threads")
  set_target_properties(
    RocksDB::rocksdb
    PROPERTIES INTERFACE_LINK_LIBRARIES
               "${gflags_archive};${snappy_archive};${lz4_archive};bz2;ZLIB::ZLIB;PkgConfig::libzstd;Threads::Threads")
  add_library(venus_rocksdb ALIAS RocksDB::rocksdb)
else()
  add_library(venus_rocksdb ALIAS RocksDB::rocksdb-shared)
endif()
if(VENUS_TESTS)
  find_package(GTest REQUIRED)
endif()
