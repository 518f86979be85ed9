# Fails if an object of the static LIBRARY calls what prints or ends the process. Formatting into memory (snprintf) and
# writing to a file that was opened are fine; the standard streams are not. Also fails if the library defines functions of
# the namespace Eigen, which the linker would merge with those of an application compiled for another processor.
cmake_minimum_required(VERSION 3.22...4.1)
execute_process(COMMAND "${NM}" -A "${LIBRARY}" OUTPUT_VARIABLE symbols ERROR_VARIABLE errors RESULT_VARIABLE result)
if(NOT result EQUAL 0 OR symbols STREQUAL "")
  message(FATAL_ERROR "nm ${LIBRARY}: ${errors}")
endif()
set(ending "abort|exit|_exit|_Exit|quick_exit|__assert_fail|_ZSt21__glibcxx_assert_failPKciS0_S0_")
set(printing "printf|vprintf|puts|putchar|perror|dprintf|__printf_chk|__vprintf_chk|psignal")
set(streams "stdout|stderr|__stdoutp|__stderrp|_ZSt4cout|_ZSt4cerr|_ZSt4clog|_ZSt5wcout|_ZSt5wcerr")
string(REGEX MATCHALL "[^\n]* (U _?(${ending}|${printing}|${streams})|[WVu] [^\n]*5Eigen[^\n]*)(@[^\n]*)?(\n|$)" found "${symbols}")
if(found)
  list(JOIN found "" found)
  message("The library must not have: ${found}")
  message(FATAL_ERROR "A library must leave its host's process alone.")
endif()
