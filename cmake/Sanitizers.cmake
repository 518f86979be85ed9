# Instrumentation for gtlabel's own targets, from GTLABEL_SANITIZE, GTLABEL_COVERAGE and GTLABEL_BUILD_FUZZERS.
function(gtlabel_set_instrumentation target)
  if(GTLABEL_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${GTLABEL_SANITIZE} -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${GTLABEL_SANITIZE})
    if(GTLABEL_SANITIZE MATCHES "undefined")
      # They double the time to compile Eigen; a null or wild pointer is for AddressSanitizer to find.
      target_compile_options(${target} PRIVATE -fno-sanitize=null,alignment,object-size,vptr)
    endif()
  endif()
  if(GTLABEL_BUILD_FUZZERS)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)  # tells libFuzzer what an input reached
    target_link_options(${target} PUBLIC -fsanitize=fuzzer-no-link)
  endif()
  if(GTLABEL_COVERAGE)
    target_compile_options(${target} PRIVATE --coverage)
    target_link_options(${target} PUBLIC --coverage)
  endif()
endfunction()
