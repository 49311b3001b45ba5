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
typedef uint16_t short_lanes __attribute__((vector_size(2 * kLanes), aligned(2), may_alias));
typedef uint32_t wide_lanes __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));
INLINE int64_t up_to(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// Numbers in bfloat16 are the upper halves of those in float32.
INLINE lanes widened(const uint16_t* numbers) {
  const wide_lanes bits = __builtin_convertvector(*reinterpret_cast<const short_lanes*>(numbers), wide_lanes) << 16;
  return reinterpret_cast<const lanes&>(bits);
}
INLINE float widened_one(uint16_t number) {
  const uint32_t bits = uint32_t(number) << 16;
  float value;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}

// exp(x) of x <= 0 to a few units in the last place: 2^n times the polynomial of Cephes' expf.
INLINE lanes exponential(lanes x) {
  constexpr float kMagic = 12582912.f;  // 1.5 * 2^23: adding it rounds to the nearest whole number
  x = x < -87.f ? lanes{} - 87.f : x;
  lanes n = x * 1.44269504f + kMagic;
  n -= kMagic;
  const lanes r = x - n * 0.693359375f + n * 2.12194440e-4f;
  lanes p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  for (float next : {8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f}) p = p * r + next;
  p = p * r * r + r + 1.f;
  const whole_lanes power = (__builtin_convertvector(n, whole_lanes) + 127) << 23;
  return p * reinterpret_cast<const lanes&>(power);
}
}  // namespace umwelt
