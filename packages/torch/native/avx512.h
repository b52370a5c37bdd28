// Where our own kernels for the CPU stand in for libtorch's, and the 16 lanes that they count in.
//
// MKL, with which libtorch multiplies float32, takes AVX2 kernels on processors that are not Intel's. oneDNN, which is in
// libtorch too, takes AVX-512 ones where it can: 250 GFLOP/s instead of 110 on a core of an AMD EPYC (Zen 5).
#pragma once
#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <initializer_list>

namespace at::native {
// result = beta * result + alpha * a b, by oneDNN; a and b may be transposed. Its header is not in PyTorch's wheels, so
// it is weak: a libtorch without it loads, and libtorch's own kernels serve.
TORCH_API void mkldnn_matmul(const Tensor& a, const Tensor& b, const Tensor& result, float beta, float alpha)
    __attribute__((weak));
}  // namespace at::native

namespace medssl {

#if defined(__x86_64__)
#define MEDSSL_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma")))
inline bool has_avx512_beside_mkl() {
  static const bool has = at::native::mkldnn_matmul && !__builtin_cpu_is("intel") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return has && at::globalContext().userEnabledMkldnn();
}
#else
#define MEDSSL_AVX512
inline bool has_avx512_beside_mkl() { return false; }
#endif

// Whether our kernels take these: float32 on such a CPU, and not to be cast to less.
inline bool is_ours(std::initializer_list<at::Tensor> tensors) {
  if (!has_avx512_beside_mkl() || at::autocast::is_autocast_enabled(at::kCPU)) return false;
  for (const auto& tensor : tensors) {
    if (tensor.defined() && !(tensor.is_cpu() && tensor.scalar_type() == at::kFloat && tensor.layout() == at::kStrided)) {
      return false;
    }
  }
  return true;
}

}  // namespace medssl
