# Language, warnings, hardening, sanitizers: the same for every room.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Debug)
endif()

set(MUSUBI_SANITIZE "" CACHE STRING "Sanitizers, comma separated: address,undefined or thread")
option(MUSUBI_FUZZ "Build the libFuzzer targets (needs clang)" OFF)

set(MUSUBI_WARNINGS
    -Wall -Wextra -Wpedantic -Werror -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wformat=2 -Wundef -Wvla -Wcast-qual -Wcast-align -Wpointer-arith
    -Wwrite-strings -Wswitch-enum -Wnull-dereference)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  list(APPEND MUSUBI_WARNINGS -Wduplicated-cond -Wlogical-op)
endif()

set(MUSUBI_HARDENING -fstack-protector-strong -fstack-clash-protection -fcf-protection -D_GNU_SOURCE)
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

if(MUSUBI_SANITIZE)
  add_compile_options(-fsanitize=${MUSUBI_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g)
  add_link_options(-fsanitize=${MUSUBI_SANITIZE})
  add_compile_definitions(MUSUBI_SANITIZED=1)
elseif(CMAKE_BUILD_TYPE MATCHES "Rel")
  list(APPEND MUSUBI_HARDENING -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
# -Wnull-dereference reasons over inlined paths and cries wolf when sanitizers rewrite them.
if(MUSUBI_SANITIZE)
  list(REMOVE_ITEM MUSUBI_WARNINGS -Wnull-dereference)
endif()
if(MUSUBI_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
