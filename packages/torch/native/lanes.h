// Sixteen float32 numbers at once, for the kernels of this folder; compilers make AVX-512 of them.
#pragma once
#include <cstdint>
#include <cstring>
#include "avx512.h"

namespace medssl {

using Lanes = float __attribute__((vector_size(64)));
using IntLanes = int32_t __attribute__((vector_size(64)));
constexpr int64_t kLanes = 16;

// Rows of scratch memory are this long, so that no loop over them has a rest.
inline int64_t padded(int64_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

MEDSSL_AVX512 inline Lanes load(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

MEDSSL_AVX512 inline void store(float* to, const Lanes& lanes) { std::memcpy(to, &lanes, sizeof lanes); }

// e^x within 2e-7 of its value; below -87 it stays at e^-87, above 88 at e^88.
MEDSSL_AVX512 inline Lanes exponential(Lanes x) {
  x = x < -87.f ? Lanes{} - 87.f : x;
  x = x > 88.f ? Lanes{} + 88.f : x;
  // x = n ln 2 + rest; adding 1.5 * 2^23 rounds to an integer, which then stands in the lowest bits.
  constexpr float kRounding = 12582912.f;
  const Lanes shifted = x * 1.44269504f + kRounding;
  const Lanes n = shifted - kRounding;
  const Lanes rest = x - n * 0.693145752f - n * 1.42860677e-6f;
  Lanes power = rest * (1.f / 720) + 1.f / 120;
  power = power * rest + 1.f / 24;
  power = power * rest + 1.f / 6;
  power = power * rest + 0.5f;
  power = power * rest + 1.f;
  power = power * rest + 1.f;
  return reinterpret_cast<Lanes>(reinterpret_cast<IntLanes>(power) + (reinterpret_cast<IntLanes>(shifted) << 23));
}

}  // namespace medssl
