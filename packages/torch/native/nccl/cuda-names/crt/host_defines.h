// CUDA's words for functions and variables, as a compiler of host code sees them. The wheels that PyTorch depends on hold
// CUDA's headers but for this folder, crt, which belongs to NVIDIA's own compiler. Searched last: a CUDA toolkit's own wins.
// Sound since they are words alone: on the host all of them are empty but for the alignment.
#pragma once
#define __host__
#define __device__
#define __global__
#define __shared__
#define __constant__
#define __managed__
#define __device_builtin__
#define __device_builtin_texture_type__
#define __device_builtin_surface_type__
#define __cudart_builtin__
#define CUDARTAPI
#define CUDARTAPI_CDECL
#define __align__(n) __attribute__((aligned(n)))
#define __builtin_align__(n) __align__(n)
#define __forceinline__ __inline__ __attribute__((always_inline))
