// Tells who is lost when a collective fails: a thread of each rank counts in the store, also while JavaScript is blocked.
#pragma once
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace medssl {

class Heartbeat {
 public:
  // `store` is a client of its own: calls of one client wait for each other.
  Heartbeat(c10::intrusive_ptr<c10d::Store> store, int rank, int world_size);
  ~Heartbeat();
  void begin_collective() { ++num_collectives_; }
  // A sentence about who did not answer; takes some seconds. The first rank to ask decides for all: those that end
  // because of it are not the ones that were lost.
  std::string who_is_lost();

 private:
  struct Sign {
    int64_t beats;
    int64_t num_collectives;
  };
  void run();
  void beat();
  std::vector<Sign> signs();
  std::string judge(const std::vector<Sign>& before, const std::vector<Sign>& after) const;

  const c10::intrusive_ptr<c10d::Store> store_;
  const int rank_;
  const int world_size_;
  std::atomic<int64_t> num_collectives_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ = false;
  bool is_asked_ = false;
  bool is_store_lost_ = false;
  std::optional<std::string> verdict_;
  std::thread thread_;
};

}  // namespace medssl
