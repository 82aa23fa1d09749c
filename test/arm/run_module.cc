// Runs a module as the addon does, without Node: the very classes of addon/src/cpu, told by a script what to load, feed, run and read.
// The emulator takes one program and starts no other, so Node cannot stand here.
//
//   object PATH | weights PATH | arena BYTES | threads COUNT | input BYTES     what the session is made of
//   plan | launch KERNEL EXTENT | arena-buffer OFFSET | weights-buffer OFFSET | input-buffer INDEX   its plans, in order
//   feed INPUT PATH      the file is that input from now on
//   write OFFSET PATH    copies the file into the arena
//   run PLAN
//   read OFFSET BYTES    copies from the arena to standard output

#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "cpu/session.h"

namespace {

using Bytes = std::vector<char>;

Bytes readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open \"" + path + "\"");
  return {std::istreambuf_iterator<char>(file), {}};
}

class Script {
 public:
  explicit Script(std::istream& lines) : lines_(lines) {}

  void run() {
    for (std::string word; lines_ >> word;) {
      if (!describe(word)) act(word);
    }
  }

 private:
  std::string text() {
    std::string value;
    if (!(lines_ >> value)) throw std::runtime_error("the script ends inside a line");
    return value;
  }

  std::uint64_t number() { return std::stoull(text()); }

  onbox::Launch& launch() { return std::get<onbox::Launch>(options_.plans.at(options_.plans.size() - 1).back()); }

  /** Lines that say what the session is. */
  bool describe(const std::string& word) {
    if (word == "object") {
      options_.object = text();
    } else if (word == "weights") {
      options_.weights = text();
    } else if (word == "arena") {
      options_.arenaBytes = number();
    } else if (word == "threads") {
      options_.threads = static_cast<unsigned>(number());
    } else if (word == "input") {
      options_.inputBytes.push_back(number());
    } else if (word == "plan") {
      options_.plans.emplace_back();
    } else if (word == "launch") {
      options_.plans.back().emplace_back(std::in_place_type<onbox::Launch>);
      launch().kernel = static_cast<std::uint32_t>(number());
      launch().extent = static_cast<std::int64_t>(number());
    } else if (word == "arena-buffer") {
      launch().buffers.push_back({onbox::Space::arena, number()});
    } else if (word == "weights-buffer") {
      launch().buffers.push_back({onbox::Space::weights, number()});
    } else if (word == "input-buffer") {
      launch().buffers.push_back({onbox::Space::input, number()});
    } else {
      return false;
    }
    return true;
  }

  /** Lines that use it. */
  void act(const std::string& word) {
    if (!session_) {
      session_.emplace(options_);
      inputs_.resize(options_.inputBytes.size());
    }
    if (word == "feed") {
      Bytes& input = inputs_.at(number());
      input = readFile(text());
    } else if (word == "write") {
      const std::uint64_t offset = number();
      const Bytes bytes = readFile(text());
      std::copy(bytes.begin(), bytes.end(), arena(offset, bytes.size()));
    } else if (word == "run") {
      runPlan(number());
    } else if (word == "read") {
      const std::uint64_t offset = number();
      const std::uint64_t bytes = number();
      std::fwrite(arena(offset, bytes), 1, bytes, stdout);
    } else {
      throw std::runtime_error("the script has no word \"" + word + "\"");
    }
  }

  char* arena(std::uint64_t offset, std::uint64_t bytes) const {
    const onbox::Arena& arena = *session_->arena();
    if (offset > arena.bytes() || bytes > arena.bytes() - offset) throw std::runtime_error("outside of the arena");
    return reinterpret_cast<char*>(arena.data()) + offset;
  }

  void runPlan(std::uint64_t plan) {
    std::vector<onbox::InputBytes> views;
    for (Bytes& input : inputs_) {
      views.push_back(input.empty() ? onbox::InputBytes{} : std::as_writable_bytes(std::span(input)));
    }
    session_->bind(plan, views);
    session_->run(plan, {});
  }

  std::istream& lines_;
  onbox::SessionOptions options_{};
  std::optional<onbox::Session> session_;
  std::vector<Bytes> inputs_;
};

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 2) throw std::runtime_error("usage: run_module SCRIPT");
    std::ifstream lines(arguments[1]);
    if (!lines) throw std::runtime_error("cannot open the script");
    Script(lines).run();
    return std::fflush(stdout) == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
