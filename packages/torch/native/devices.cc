// Threads, random generators and devices.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Event.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>
#include <mutex>
#include <optional>
#include <unordered_map>
#include "handles.h"
#include "node.h"

namespace medssl {
namespace {

napi_value set_num_threads(napi_env env, const Args& args) {
  at::set_num_threads(static_cast<int>(args.index(0)));
  return undefined(env);
}

napi_value num_threads(napi_env env, const Args&) { return number(env, at::get_num_threads()); }

// Asked of the devices' guards. Their hooks (at::hasCUDA, at::manual_seed, ...) would answer "none" for good when they
// are asked before the library is loaded.
c10::DeviceIndex count_devices(c10::DeviceType type) {
  return c10::impl::hasDeviceGuardImpl(type) ? c10::impl::getDeviceGuardImpl(type)->deviceCount() : 0;
}

// deviceCount(deviceType): devices that can be used; 0 where no library for them is loaded.
napi_value device_count(napi_env env, const Args& args) {
  return number(env, count_devices(static_cast<c10::DeviceType>(args.index(0))));
}

// The device of arguments (deviceType, deviceIndex); index -1 is the current one.
c10::Device device_of(const Args& args) {
  const c10::Device device(static_cast<c10::DeviceType>(args.index(0)), static_cast<c10::DeviceIndex>(args.index(1)));
  return device.has_index() ? device : c10::impl::VirtualGuardImpl(device.type()).getDevice();
}

at::Generator default_generator(c10::Device device) {
  return device.is_cpu() ? at::detail::getDefaultCPUGenerator() : at::globalContext().defaultGenerator(device);
}

std::optional<uint64_t> last_seed;

void seed_generators(uint64_t seed) {
  for (const auto type : {c10::DeviceType::CPU, c10::DeviceType::CUDA, c10::DeviceType::MPS}) {
    for (c10::DeviceIndex i = 0; i < count_devices(type); ++i) {
      auto generator = default_generator(c10::Device(type, i));
      const std::lock_guard<std::mutex> lock(generator.mutex());
      generator.set_current_seed(seed);
    }
  }
}

// manualSeed(seed): every generator of every device, also of those that are loaded later.
napi_value manual_seed(napi_env env, const Args& args) {
  last_seed = static_cast<uint64_t>(args.number(0));
  seed_generators(*last_seed);
  return undefined(env);
}

// generatorState(deviceType, deviceIndex) -> tensor uint8[n]
napi_value generator_state(napi_env env, const Args& args) {
  auto generator = default_generator(device_of(args));
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return number(env, handles().add(generator.get_state()));
}

// setGeneratorState(deviceType, deviceIndex, state)
napi_value set_generator_state(napi_env env, const Args& args) {
  auto generator = default_generator(device_of(args));
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(handles().tensor(args.index(2)));
  return undefined(env);
}

// loadLibrary(path): its static initialisers register the kernels of a device.
napi_value load_library(napi_env env, const Args& args) {
  TORCH_CHECK(dlopen(args.string(0).c_str(), RTLD_NOW | RTLD_GLOBAL), dlerror());
  if (last_seed) seed_generators(*last_seed);
  return undefined(env);
}

// cudaCapability(deviceIndex) -> the major number of a card's compute capability: 8 is Ampere. From the driver, whose
// interface is stable: libtorch's own needs CUDA's headers.
napi_value cuda_capability(napi_env env, const Args& args) {
  constexpr int kMajor = 75;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
  int major = 0;
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY);
  using GetAttribute = int (*)(int* value, int attribute, int device);
  const auto get = driver ? reinterpret_cast<GetAttribute>(dlsym(driver, "cuDeviceGetAttribute")) : nullptr;
  if (get) get(&major, kMajor, static_cast<int>(args.index(0)));
  return number(env, major);
}

napi_value synchronize(napi_env env, const Args& args) {
  const auto device = device_of(args);
  if (!device.is_cpu()) c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
  return undefined(env);
}

// Events that were recorded and not waited for, by their numbers.
std::unordered_map<uint32_t, c10::Event>& events() {
  static auto* recorded = new std::unordered_map<uint32_t, c10::Event>();
  return *recorded;
}

// recordEvent(deviceType, deviceIndex) -> its number: an event behind all that the device was asked for so far.
napi_value record_event(napi_env env, const Args& args) {
  static uint32_t count = 0;
  const auto device = device_of(args);
  c10::Event event(device.type());
  event.record(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
  events().emplace(++count, std::move(event));
  return number(env, count);
}

// waitForEvent(number): until the device is past it; a number serves once.
napi_value wait_for_event(napi_env env, const Args& args) {
  const auto found = events().find(args.index(0));
  TORCH_CHECK(found != events().end(), "this event was waited for before");
  found->second.synchronize();
  events().erase(found);
  return undefined(env);
}

// peakDeviceMemory(deviceType, deviceIndex) -> bytes, 0 on the CPU (ask the operating system there).
napi_value peak_device_memory(napi_env env, const Args& args) {
  const auto device = device_of(args);
  if (device.is_cpu()) return number(env, 0);
  const auto stats = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
  return number(env, static_cast<double>(stats.allocated_bytes[0].peak));
}

}  // namespace

void define_devices(napi_env env, napi_value exports) {
  define<set_num_threads>(env, exports, "setNumThreads");
  define<num_threads>(env, exports, "numThreads");
  define<device_count>(env, exports, "deviceCount");
  define<manual_seed>(env, exports, "manualSeed");
  define<generator_state>(env, exports, "generatorState");
  define<set_generator_state>(env, exports, "setGeneratorState");
  define<load_library>(env, exports, "loadLibrary");
  define<cuda_capability>(env, exports, "cudaCapability");
  define<synchronize>(env, exports, "synchronize");
  define<record_event>(env, exports, "recordEvent");
  define<wait_for_event>(env, exports, "waitForEvent");
  define<peak_device_memory>(env, exports, "peakDeviceMemory");
}

}  // namespace medssl
