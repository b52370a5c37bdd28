// Values that JavaScript holds: a table of IValues, addressed by small integers.
//
// A handle owns one reference to a tensor. JavaScript's Tensor object is its only owner and zeroes it on release, so an
// index needs no generation; 0 is "no value".
#pragma once
#include <ATen/ATen.h>
#include <ATen/core/ivalue.h>
#include <cstdint>
#include <vector>

namespace medssl {

using Handle = uint32_t;

struct Slot {
  c10::IValue value;
  int64_t adopted_bytes = 0;
};

class HandleTable {
 public:
  Handle add(c10::IValue value);
  const at::Tensor& tensor(Handle handle) const;
  // Marks a tensor as the garbage collector's to free. Returns its bytes.
  int64_t adopt(Handle handle);
  // Returns the bytes that `adopt` gave, 0 for what was never adopted.
  int64_t release(Handle handle);
  size_t live() const { return slots_.size() - 1 - free_.size(); }
  const std::vector<Slot>& slots() const { return slots_; }

 private:
  std::vector<Slot> slots_ = std::vector<Slot>(1);
  std::vector<Handle> free_;
};

HandleTable& handles();

// The words through which arguments and results pass without a Node-API call each. JavaScript allocates them, and more
// when a call needs it.
double*& call_buffer();

}  // namespace medssl
