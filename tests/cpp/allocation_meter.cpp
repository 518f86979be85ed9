#include "allocation_meter.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t n_bytes = 0;

void* allocate(std::size_t size) noexcept {
  n_bytes += size;
  return std::malloc(size != 0 ? size : 1);
}

}  // namespace

// All that pair with one another: a sanitizer's own nothrow new must not meet our delete.
void* operator new(std::size_t size) {
  if (void* memory = allocate(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace gtlabel_test {

AllocationMeter::AllocationMeter() { n_bytes = 0; }
std::size_t AllocationMeter::bytes() const { return n_bytes; }

}  // namespace gtlabel_test
