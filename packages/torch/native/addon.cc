// libtorch for Node: the module's entry. What each part does stands at the head of its file.
#include <atomic>
#include "node.h"

static napi_value init(napi_env env, napi_value exports) {
  // Handles and the call buffer belong to one thread's JavaScript.
  static std::atomic<bool> is_loaded = false;
  if (is_loaded.exchange(true)) {
    napi_throw_error(env, "ERR_TORCH", "libtorch serves one JavaScript thread of a process; use a child process instead");
    return nullptr;
  }
  medssl::define_operators(env, exports);
  medssl::define_autograd(env, exports);
  medssl::define_memory(env, exports);
  medssl::define_devices(env, exports);
  if (medssl::define_distributed) medssl::define_distributed(env, exports);
  return exports;
}

NAPI_MODULE(NODE_GYP_MODULE_NAME, init)
