// What kernels for the CPU share: a version of a loop for each instruction set, and vectors.
#pragma once
#include <cstdint>

#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__) && __GNUC__ >= 12
#define HOT __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HOT
#endif
#define INLINE static inline __attribute__((always_inline))

namespace umwelt {
constexpr int64_t kLanes = 16, kRows = 4;
typedef float lanes __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));
typedef int32_t whole_lanes __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));
INLINE int64_t up_to(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }
}  // namespace umwelt
