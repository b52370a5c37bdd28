// Threads, random generators and devices.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>
#include <mutex>
#include "handles.h"
#include "node.h"

namespace medssl {
namespace {

napi_value set_num_threads(napi_env env, const Args& args) {
  at::set_num_threads(static_cast<int>(args.index(0)));
  return undefined(env);
}

napi_value num_threads(napi_env env, const Args&) { return number(env, at::get_num_threads()); }

// manualSeed(seed): every generator of every device.
napi_value manual_seed(napi_env env, const Args& args) {
  at::manual_seed(static_cast<uint64_t>(args.number(0)));
  return undefined(env);
}

at::Generator default_generator(const Args& args) {
  const auto device = static_cast<c10::DeviceType>(args.index(0));
  if (device == c10::DeviceType::CPU) return at::detail::getDefaultCPUGenerator();
  return at::globalContext().defaultGenerator(c10::Device(device, static_cast<c10::DeviceIndex>(args.index(1))));
}

// generatorState(deviceType, deviceIndex) -> tensor uint8[n]
napi_value generator_state(napi_env env, const Args& args) {
  auto generator = default_generator(args);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return number(env, handles().add(generator.get_state()));
}

// setGeneratorState(deviceType, deviceIndex, state)
napi_value set_generator_state(napi_env env, const Args& args) {
  auto generator = default_generator(args);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(handles().tensor(args.index(2)));
  return undefined(env);
}

// loadLibrary(path): its static initialisers register the kernels of a device. Nothing may ask for CUDA before.
napi_value load_library(napi_env env, const Args& args) {
  TORCH_CHECK(dlopen(args.string(0).c_str(), RTLD_NOW | RTLD_GLOBAL), dlerror());
  return undefined(env);
}

napi_value cuda_device_count(napi_env env, const Args&) {
  if (!at::globalContext().hasCUDA()) return number(env, 0);
  return number(env, at::detail::getCUDAHooks().deviceCount());
}

napi_value synchronize(napi_env env, const Args& args) {
  const auto device = static_cast<c10::DeviceType>(args.index(0));
  if (device != c10::DeviceType::CPU) {
    c10::impl::VirtualGuardImpl(device).synchronizeDevice(static_cast<c10::DeviceIndex>(args.index(1)));
  }
  return undefined(env);
}

// peakDeviceMemory(deviceType, deviceIndex) -> bytes, 0 on the CPU (ask the operating system there).
napi_value peak_device_memory(napi_env env, const Args& args) {
  const auto device = static_cast<c10::DeviceType>(args.index(0));
  if (device == c10::DeviceType::CPU) return number(env, 0);
  const auto stats = c10::getDeviceAllocator(device)->getDeviceStats(static_cast<c10::DeviceIndex>(args.index(1)));
  return number(env, static_cast<double>(stats.allocated_bytes[0].peak));
}

}  // namespace

void define_devices(napi_env env, napi_value exports) {
  define<set_num_threads>(env, exports, "setNumThreads");
  define<num_threads>(env, exports, "numThreads");
  define<manual_seed>(env, exports, "manualSeed");
  define<generator_state>(env, exports, "generatorState");
  define<set_generator_state>(env, exports, "setGeneratorState");
  define<load_library>(env, exports, "loadLibrary");
  define<cuda_device_count>(env, exports, "cudaDeviceCount");
  define<synchronize>(env, exports, "synchronize");
  define<peak_device_memory>(env, exports, "peakDeviceMemory");
}

}  // namespace medssl
