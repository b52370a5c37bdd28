// Loops compiled for several kinds of processors, of which the one at hand is taken when they run.
//
// A body is a class with a static function `run` of plain loops over float32, always inlined; the compiler makes vectors
// of them, for AVX-512, AVX2 and what every processor has (on arm64: NEON). Include this behind all other headers: what
// follows is compiled at -O3, below which GCC leaves most loops as they are, and without regard to floating-point traps,
// for which it would leave those with a choice in them.
#pragma once

#define MEDSSL_INLINE inline __attribute__((always_inline))

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math")
#define MEDSSL_WIDE ",prefer-vector-width=512"
#else
#define MEDSSL_WIDE
#endif

namespace medssl {

#if defined(__x86_64__)
template <typename Body, typename... Arguments>
__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma" MEDSSL_WIDE))) void with_avx512(Arguments... arguments) {
  Body::run(arguments...);
}

template <typename Body, typename... Arguments>
__attribute__((target("avx2,fma"))) void with_avx2(Arguments... arguments) {
  Body::run(arguments...);
}
#endif

template <typename Body, typename... Arguments>
void for_this_cpu(Arguments... arguments) {
#if defined(__x86_64__)
  static const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                 __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_avx512) return with_avx512<Body>(arguments...);
  if (has_avx2) return with_avx2<Body>(arguments...);
#endif
  Body::run(arguments...);
}

}  // namespace medssl
