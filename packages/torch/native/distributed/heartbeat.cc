#include "heartbeat.h"
#include <sstream>

namespace medssl {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(500);
// Between two looks at the others: a rank that is alive has counted meanwhile.
constexpr auto kWatch = std::chrono::milliseconds(2500);
// A store whose machine went away without a word blocks its client.
constexpr auto kPatience = std::chrono::seconds(15);
const char* const kStoreLost =
    "the process that holds the ranks' meeting point (rank 0, or torchrun's agent) is gone or cannot be reached";

std::string key(const char* name, int rank) { return std::string(name) + "/" + std::to_string(rank); }

std::vector<uint8_t> bytes(const std::string& text) { return {text.begin(), text.end()}; }

std::string ranks(const std::vector<int>& list, const char* one, const char* several) {
  std::ostringstream out;
  out << (list.size() == 1 ? "rank " : "ranks ");
  for (size_t i = 0; i < list.size(); ++i) out << (i ? ", " : "") << list[i];
  out << (list.size() == 1 ? one : several);
  return out.str();
}

}  // namespace

Heartbeat::Heartbeat(c10::intrusive_ptr<c10d::Store> store, int rank, int world_size)
    : store_(std::move(store)), rank_(rank), world_size_(world_size), thread_([this] { run(); }) {}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Heartbeat::run() {
  try {
    while (true) {
      beat();
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait_for(lock, kInterval, [this] { return is_stopping_ || (is_asked_ && !verdict_); });
      if (is_stopping_) return;
      if (!is_asked_ || verdict_) continue;
      lock.unlock();
      const auto before = signs();
      for (auto waited = kInterval; waited < kWatch; waited += kInterval) {
        std::this_thread::sleep_for(kInterval);
        beat();
      }
      // compareSet keeps what an earlier rank wrote, and returns it.
      const auto judged = store_->compareSet("verdict", {}, bytes(judge(before, signs())));
      lock.lock();
      verdict_ = std::string(judged.begin(), judged.end());
      changed_.notify_all();
    }
  } catch (const std::exception&) {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_store_lost_ = true;
    changed_.notify_all();
  }
}

void Heartbeat::beat() {
  store_->set(key("collectives", rank_), bytes(std::to_string(num_collectives_)));
  store_->add(key("beats", rank_), 1);
}

std::vector<Heartbeat::Sign> Heartbeat::signs() {
  std::vector<Sign> list;
  for (int rank = 0; rank < world_size_; ++rank) {
    const auto beats = store_->add(key("beats", rank), 0);
    const auto text = beats == 0 ? bytes("0") : store_->get(key("collectives", rank));
    list.push_back({beats, std::stoll(std::string(text.begin(), text.end()))});
  }
  return list;
}

std::string Heartbeat::judge(const std::vector<Sign>& before, const std::vector<Sign>& after) const {
  std::vector<int> gone;
  std::vector<int> behind;
  for (int rank = 0; rank < world_size_; ++rank) {
    const auto i = static_cast<size_t>(rank);
    if (rank == rank_) continue;
    if (after[i].beats == before[i].beats) gone.push_back(rank);
    else if (after[i].num_collectives < num_collectives_) behind.push_back(rank);
  }
  if (!gone.empty()) {
    return ranks(gone, " is gone: its process ended, or its machine cannot be reached",
                 " are gone: their processes ended, or their machines cannot be reached");
  }
  if (!behind.empty()) return ranks(behind, " is alive but did not come here in time", " are alive but did not come here in time");
  return "all ranks are alive: the network failed, or a rank works longer than the time limit";
}

std::string Heartbeat::who_is_lost() {
  std::unique_lock<std::mutex> lock(mutex_);
  is_asked_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, kPatience, [this] { return verdict_ || is_store_lost_; });
  return verdict_.value_or(kStoreLost);
}

}  // namespace medssl
