// One direction of an LSTM, a GRU or a plain recurrent layer. A step is one product of the state with the weights, then the
// cell's own arithmetic; the rows of a batch know nothing of each other.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/routines.h"

namespace onbox::host {

namespace {

/** In the order of runtime/graph/ops/recurrence.ts. */
enum class Cell : std::int64_t { lstm, gru, rnn };

constexpr std::size_t kFunctionsMax = 3;

/** Floats are the bits of f32. */
struct Function {
  std::int64_t kind;
  std::int64_t alpha;
  std::int64_t beta;
};

/** As runtime/lower/host.ts writes them. */
struct Parameters {
  std::int64_t steps;
  std::int64_t batch;
  std::int64_t hidden;
  Cell cell;
  std::int64_t reverse;
  std::int64_t resetAfter;
  std::int64_t coupled;
  std::int64_t clip;
  std::array<Function, kFunctionsMax> functions;
};

float floatOf(std::int64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); }

/** In the order of runtime/graph/ops/recurrence.ts. */
float activate(std::int64_t kind, float x, float alpha, float beta) {
  switch (kind) {
    case 0:
      return std::max(x, 0.0F);
    case 1:
      return std::tanh(x);
    case 2:
      return 1.0F / (1.0F + std::exp(-x));
    case 3:
      return alpha * x + beta;
    case 4:
      return x >= 0 ? x : alpha * x;
    case 5:
      return x >= alpha ? x : 0.0F;
    case 6:
      return alpha * std::tanh(beta * x);
    case 7:
      return std::min(std::max(alpha * x + beta, 0.0F), 1.0F);
    case 8:
      return x >= 0 ? x : alpha * std::expm1(x);
    case 9:
      return x / (1.0F + std::abs(x));
    default:
      return std::max(x, 0.0F) + std::log1p(std::exp(-std::abs(x)));
  }
}

/** The row of a batch that is computed: its state and what each step needs room for. */
class Row {
 public:
  Row(const Parameters& parameters, void* const* buffers, std::int64_t row)
      : parameters_(parameters),
        buffers_(buffers),
        row_(row),
        hidden_(static_cast<std::size_t>(parameters.hidden)),
        gates_(parameters.cell == Cell::lstm  ? 4
               : parameters.cell == Cell::gru ? 3
                                              : 1),
        state_(read(4) + row * parameters.hidden, read(4) + (row + 1) * parameters.hidden),
        memory_(read(5) + row * parameters.hidden, read(5) + (row + 1) * parameters.hidden),
        kept_(hidden_),
        sums_(gates_ * hidden_) {}

  void run() {
    const auto* lengths = static_cast<const std::int32_t*>(buffers_[7]);
    const std::int64_t length = std::clamp<std::int64_t>(lengths[row_], 0, parameters_.steps);
    for (std::int64_t i = 0; i < length; ++i) {
      const std::int64_t place = (parameters_.reverse != 0 ? length - 1 - i : i) * parameters_.batch + row_;
      const float* into = read(1) + place * static_cast<std::int64_t>(sums_.size());
      step(into);
      std::copy(state_.begin(), state_.end(), write(8) + place * parameters_.hidden);
    }
    for (std::int64_t i = length; i < parameters_.steps; ++i) {
      float* to = write(8) + (i * parameters_.batch + row_) * parameters_.hidden;
      std::fill(to, to + hidden_, 0.0F);
    }
    std::copy(state_.begin(), state_.end(), write(9) + row_ * parameters_.hidden);
    std::copy(memory_.begin(), memory_.end(), write(10) + row_ * parameters_.hidden);
  }

 private:
  [[nodiscard]] const float* read(std::size_t buffer) const { return static_cast<const float*>(buffers_[buffer]); }
  [[nodiscard]] float* write(std::size_t buffer) const { return static_cast<float*>(buffers_[buffer]); }

  [[nodiscard]] float apply(std::size_t which, float x) const {
    const auto& [kind, alpha, beta] = parameters_.functions[which];
    return activate(kind, x, floatOf(alpha), floatOf(beta));
  }

  /** Of what goes into a gate. */
  [[nodiscard]] float applyClipped(std::size_t which, float x) const {
    const float clip = floatOf(parameters_.clip);
    return apply(which, std::clamp(x, -clip, clip));
  }

  /** sums[begin..end) += state times those columns of the weights. */
  void addProduct(const std::vector<float>& state, std::size_t begin, std::size_t end) {
    const std::size_t wide = sums_.size();
    const float* weights = read(2);
    float* const sums = sums_.data();
    for (std::size_t k = 0; k < hidden_; ++k) {
      const float value = state[k];
      const float* const line = weights + k * wide;
      for (std::size_t column = begin; column < end; ++column) sums[column] += value * line[column];
    }
  }

  void step(const float* into) {
    std::copy(read(3), read(3) + sums_.size(), sums_.begin());
    switch (parameters_.cell) {
      case Cell::lstm:
        return stepLstm(into);
      case Cell::gru:
        return stepGru(into);
      case Cell::rnn:
        addProduct(state_, 0, hidden_);
        for (std::size_t u = 0; u < hidden_; ++u) state_[u] = applyClipped(0, into[u] + sums_[u]);
    }
  }

  void stepGru(const float* into) {
    const bool isResetAfter = parameters_.resetAfter != 0;
    addProduct(state_, 0, isResetAfter ? 3 * hidden_ : 2 * hidden_);
    for (std::size_t u = 0; u < hidden_; ++u) {
      const float reset = applyClipped(0, into[hidden_ + u] + sums_[hidden_ + u]);
      kept_[u] = reset * (isResetAfter ? sums_[2 * hidden_ + u] : state_[u]);
    }
    if (!isResetAfter) addProduct(kept_, 2 * hidden_, 3 * hidden_);
    for (std::size_t u = 0; u < hidden_; ++u) {
      const float update = applyClipped(0, into[u] + sums_[u]);
      const float past = isResetAfter ? kept_[u] : sums_[2 * hidden_ + u];
      state_[u] = (1.0F - update) * applyClipped(1, into[2 * hidden_ + u] + past) + update * state_[u];
    }
  }

  void stepLstm(const float* into) {
    addProduct(state_, 0, 4 * hidden_);
    const float* peepholes = read(6);
    const auto gate = [&](std::size_t which, std::size_t peephole, std::size_t u) {
      const std::size_t at = which * hidden_ + u;
      return applyClipped(0, into[at] + sums_[at] + peepholes[peephole * hidden_ + u] * memory_[u]);
    };
    for (std::size_t u = 0; u < hidden_; ++u) {
      const float taken = gate(0, 0, u);
      const float kept = parameters_.coupled != 0 ? 1.0F - taken : gate(2, 2, u);
      const std::size_t at = 3 * hidden_ + u;
      memory_[u] = kept * memory_[u] + taken * applyClipped(1, into[at] + sums_[at]);
      state_[u] = gate(1, 1, u) * apply(2, memory_[u]);
    }
  }

  const Parameters& parameters_;
  void* const* buffers_;
  std::int64_t row_;
  std::size_t hidden_;
  std::size_t gates_;
  std::vector<float> state_;
  std::vector<float> memory_;
  std::vector<float> kept_;
  std::vector<float> sums_;
};

}  // namespace

void recurrence(void* const* buffers, std::int64_t begin, std::int64_t end) noexcept {
  const auto& parameters = *static_cast<const Parameters*>(buffers[0]);
  for (std::int64_t row = begin; row < end; ++row) Row(parameters, buffers, row).run();
}

}  // namespace onbox::host
