#include "handles.h"

namespace medssl {

Handle HandleTable::add(c10::IValue value) {
  if (free_.empty()) {
    slots_.push_back(std::move(value));
    return static_cast<Handle>(slots_.size() - 1);
  }
  const Handle handle = free_.back();
  free_.pop_back();
  slots_[handle] = std::move(value);
  return handle;
}

const at::Tensor& HandleTable::tensor(Handle handle) const {
  TORCH_CHECK(handle > 0 && handle < slots_.size() && slots_[handle].isTensor(), "not the handle of a tensor: ", handle);
  return slots_[handle].toTensor();
}

void HandleTable::release(Handle handle) {
  TORCH_CHECK(handle > 0 && handle < slots_.size(), "release of an unknown handle: ", handle);
  slots_[handle] = c10::IValue();
  free_.push_back(handle);
}

HandleTable& handles() {
  // Never destroyed: tensors must not be freed after libtorch's own statics at exit.
  static auto* table = new HandleTable();
  return *table;
}

CallBuffer& call_buffer() {
  static CallBuffer buffer;
  return buffer;
}

}  // namespace medssl
