// Products on AMX-FP16. Where a processor has AMX but not this part of it, its instruction is
// emulated: the signal that an unknown instruction raises carries the tiles.
#include <gtest/gtest.h>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <ucontext.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <random>
#include <vector>

#include "base/cpu_features.h"
#include "base/half.h"
#include "base/round_up.h"
#include "kernels/cpu/kernel_set.h"

namespace thaw::cpu {
namespace amx {
extern const DotKernels kDotFloat16Tiles;
}  // namespace amx
namespace {

// Where a part of the saved registers begins.
size_t state_offset(unsigned component) {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  __get_cpuid_count(0xD, component, &a, &b, &c, &d);
  return b;
}

// The registers of the interrupted thread.
struct Tiles {
  static constexpr unsigned kConfig = 17;  // XFEATURE_XTILECFG
  static constexpr unsigned kData = 18;    // XFEATURE_XTILEDATA
  const uint8_t* config;                   // LDTILECFG's operand
  char* data;

  explicit Tiles(const ucontext_t& context) {
    auto* saved = reinterpret_cast<char*>(context.uc_mcontext.fpregs);
    config = reinterpret_cast<const uint8_t*>(saved + state_offset(kConfig));
    data = saved + state_offset(kData);
  }
  int rows(int tile) const { return config[48 + tile]; }
  int groups(int tile) const {  // of 32 bits in a row
    uint16_t bytes = 0;
    std::memcpy(&bytes, config + 16 + 2 * tile, sizeof bytes);
    return bytes / 4;
  }
  float* sums(int tile, int row) const {
    return reinterpret_cast<float*>(data + 1024 * tile + 64 * row);
  }
  float number(int tile, int row, int i) const {
    uint16_t bits = 0;
    std::memcpy(&bits, data + 1024 * tile + 64 * row + 2 * i, sizeof bits);
    return half_to_float(bits);
  }
};

void multiply(const Tiles& t, int to, int a, int b) {
  for (int m = 0; m < t.rows(to); ++m)
    for (int k = 0; k < t.groups(a); ++k)
      for (int n = 0; n < t.groups(to); ++n)
        t.sums(to, m)[n] += t.number(a, m, 2 * k) * t.number(b, k, 2 * n) +
                            t.number(a, m, 2 * k + 1) * t.number(b, k, 2 * n + 1);
}

// TDPFP16PS is VEX.128.F2.0F38.W0 5C, three registers.
void emulate(int /*signal*/, siginfo_t* /*info*/, void* context) {
  auto& c = *static_cast<ucontext_t*>(context);
  auto& at = c.uc_mcontext.gregs[REG_RIP];
  const auto* code = reinterpret_cast<const uint8_t*>(at);
  if (code[0] != 0xc4 || code[1] != 0xe2 || (code[2] & 0x87) != 0x03 || code[3] != 0x5c ||
      code[4] < 0xc0) {
    std::signal(SIGILL, SIG_DFL);
    return;
  }
  multiply(Tiles(c), code[4] >> 3 & 7, code[4] & 7, ~(code[2] >> 3) & 7);
  at += 5;
}

class Emulated {
 public:
  Emulated() {
    struct sigaction action {};
    action.sa_sigaction = emulate;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGILL, &action, &before_);
  }
  ~Emulated() { sigaction(SIGILL, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

struct Product {
  int64_t rows;
  int64_t k;
  int64_t n;
};

std::vector<uint16_t> halves(int64_t count, std::mt19937& engine) {
  std::normal_distribution<float> values(0, 1);
  std::vector<uint16_t> out(static_cast<size_t>(count));
  for (uint16_t& v : out) v = float_to_half(values(engine));
  return out;
}

void check(const Product& p, std::mt19937& engine) {
  const DotKernels& kernels = amx::kDotFloat16Tiles;
  const int64_t groups = kernels.whole_groups((p.k + 1) / 2);
  const int64_t pitch = 2 * groups;
  std::vector<uint16_t> x = halves(p.rows * pitch, engine);
  const std::vector<uint16_t> w = halves(p.k * p.n, engine);
  const int64_t width = round_up(p.n, 16);
  std::vector<uint16_t> packed(static_cast<size_t>(width * pitch), 0);
  for (int64_t i = 0; i < p.k; ++i) {
    for (int64_t j = 0; j < p.n; ++j) {
      const int64_t first = j / 32 * 32;
      const int64_t columns = std::min<int64_t>(32, width - first);
      packed[static_cast<size_t>(first * pitch + (i / 2 * columns + j - first) * 2 + i % 2)] =
          w[static_cast<size_t>(i * p.n + j)];
    }
  }
  const std::vector<float> ones(static_cast<size_t>(width), 1);
  const std::vector<float> bias(static_cast<size_t>(width), 0.5F);
  const std::vector<int32_t> none(static_cast<size_t>(width), 0);
  std::vector<float> y(static_cast<size_t>(p.rows * p.n), -1);
  DotJob job{};
  job.x = reinterpret_cast<const char*>(x.data());
  job.stride = 2 * pitch;
  job.rows = p.rows;
  job.groups = groups;
  job.b = reinterpret_cast<const uint32_t*>(packed.data());
  job.columns = p.n;
  job.last = (width + 31) / 32;
  job.correction = none.data();
  job.epilogue = {ones.data(), bias.data(), {}, 0, Element::kFloat32};
  job.y = y.data();
  job.ldy = p.n;
  kernels.run(job);
  for (int64_t r = 0; r < p.rows; ++r) {
    for (int64_t j = 0; j < p.n; ++j) {
      double sum = 0.5;
      for (int64_t i = 0; i < p.k; ++i)
        sum += static_cast<double>(half_to_float(x[static_cast<size_t>(r * pitch + i)])) *
               half_to_float(w[static_cast<size_t>(i * p.n + j)]);
      ASSERT_NEAR(y[static_cast<size_t>(r * p.n + j)], sum, 1e-4)
          << r << ", " << j << " of " << p.rows << " x " << p.k << " x " << p.n;
    }
  }
}

TEST(DotFloat16Tiles, SumsAreThoseOfFloat64) {
  if (!isa_enabled(Isa::kAmx)) GTEST_SKIP() << "no AMX";
  const Emulated emulated;
  std::mt19937 engine(7);
  for (const Product& p :
       {Product{1, 1, 1}, {16, 32, 16}, {32, 64, 32}, {33, 24, 48}, {70, 96, 70}, {49, 130, 33}})
    check(p, engine);
}

}  // namespace
}  // namespace thaw::cpu
#endif
