# Warnings for gtlabel's own targets; never carried to a consumer.
function(gtlabel_set_warnings target)
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 $<$<BOOL:${GTLABEL_WERROR}>:/WX>)
    return()
  endif()
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi -Wcast-align
    $<$<BOOL:${GTLABEL_WERROR}>:-Werror>)
endfunction()
