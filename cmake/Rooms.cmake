# Rooms: a folder is a static library that shows only its own headers (-iquote) and sees only the rooms it lists.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# musubi_add_rooms(path …): adds the folders that exist, in order.
function(musubi_add_rooms)
  foreach(path IN LISTS ARGN)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${path}/CMakeLists.txt)
      add_subdirectory(${path})
    endif()
  endforeach()
endfunction()

function(musubi_compile_rules target)
  target_compile_options(${target} PRIVATE ${MUSUBI_WARNINGS} ${MUSUBI_HARDENING})
endfunction()

# Lets target include and link the rooms; nothing passes through to those who link the target but the link itself.
function(musubi_see_rooms target)
  foreach(room IN LISTS ARGN)
    get_target_property(folder room_${room} ROOM_FOLDER)
    target_compile_options(${target} PRIVATE "SHELL:-iquote ${folder}")
    target_link_libraries(${target} PRIVATE room_${room})
  endforeach()
endfunction()

# musubi_packages(target pkg …): pkg-config packages, as SYSTEM includes, seen by this target alone.
function(musubi_packages target)
  foreach(package IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER "PKG_${package}" prefix)
    pkg_check_modules(${prefix} REQUIRED IMPORTED_TARGET GLOBAL ${package})
    target_link_libraries(${target} PRIVATE PkgConfig::${prefix})
  endforeach()
endfunction()

# musubi_room(name SOURCES … ROOMS … PACKAGES …)
function(musubi_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;ROOMS;PACKAGES" ${ARGN})
  add_library(room_${name} STATIC ${ARG_SOURCES})
  set_target_properties(room_${name} PROPERTIES ROOM_FOLDER ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_NAME musubi_${name})
  target_compile_options(room_${name} PRIVATE "SHELL:-iquote ${CMAKE_CURRENT_SOURCE_DIR}")
  musubi_compile_rules(room_${name})
  musubi_see_rooms(room_${name} ${ARG_ROOMS})
  musubi_packages(room_${name} ${ARG_PACKAGES})
  target_link_libraries(room_${name} PRIVATE Threads::Threads)
endfunction()

# musubi_program(name SOURCES … ROOMS … PACKAGES …)
function(musubi_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;ROOMS;PACKAGES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${name} PRIVATE "SHELL:-iquote ${CMAKE_CURRENT_SOURCE_DIR}")
  musubi_compile_rules(${name})
  musubi_see_rooms(${name} ${ARG_ROOMS})
  musubi_packages(${name} ${ARG_PACKAGES})
  target_link_libraries(${name} PRIVATE Threads::Threads)
endfunction()

# musubi_test(name SOURCES … ROOMS … PACKAGES … LABELS … [TIMEOUT s] [ARGS …] [ENVIRONMENT …])
# A cmocka program that ctest runs in a folder of its own.
function(musubi_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;ROOMS;PACKAGES;LABELS;ARGS;ENVIRONMENT" ${ARGN})
  musubi_program(${name} SOURCES ${ARG_SOURCES} ROOMS ${ARG_ROOMS} PACKAGES cmocka ${ARG_PACKAGES})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_test(NAME ${name} COMMAND ${name} ${ARG_ARGS})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
                       ENVIRONMENT "MUSUBI_SOURCE=${CMAKE_SOURCE_DIR};MUSUBI_BUILD=${CMAKE_BINARY_DIR};${ARG_ENVIRONMENT}")
endfunction()

# musubi_fuzz(name SOURCES … ROOMS … CORPUS folder): LLVMFuzzerTestOneInput in SOURCES. Under MUSUBI_FUZZ a libFuzzer
# program; always a replay test of its corpus with the compiler at hand.
function(musubi_fuzz name)
  cmake_parse_arguments(ARG "" "CORPUS" "SOURCES;ROOMS;PACKAGES" ${ARGN})
  if(MUSUBI_FUZZ)
    musubi_program(${name} SOURCES ${ARG_SOURCES} ROOMS ${ARG_ROOMS} PACKAGES ${ARG_PACKAGES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    musubi_program(${name}_replay SOURCES ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.c
                   ROOMS ${ARG_ROOMS} PACKAGES ${ARG_PACKAGES})
    add_test(NAME ${name}_replay COMMAND ${name}_replay ${ARG_CORPUS})
    set_tests_properties(${name}_replay PROPERTIES LABELS fuzz TIMEOUT 120)
  endif()
endfunction()
