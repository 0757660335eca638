#include "kernels/cpu/dot/byte_panels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/round_up.h"

namespace thaw::cpu {
namespace {

constexpr int kSums = 2 * kBytePanelColumns;
constexpr int kMost = 128;  // 255 times as much still fits

int64_t padded(int64_t bytes) { return round_up(bytes, 64); }

// A group, or half of its weights, and what it adds at most to each sum in either direction.
struct Term {
  int64_t group;
  std::array<int8_t, kByteGroupBytes> weights;
  std::array<int, 2 * kSums> reach;
  int longest;
};

Term make_term(int64_t group, const std::array<int8_t, kByteGroupBytes>& weights) {
  Term t{group, weights, {}, 0};
  for (size_t i = 0; i < weights.size(); ++i) {
    const int w = weights[i];
    t.reach[i / 2 * 2 + (w < 0 ? 1 : 0)] += std::abs(w);
  }
  t.longest = *std::max_element(t.reach.begin(), t.reach.end());
  return t;
}

std::vector<Term> make_terms(const int8_t* w, int64_t groups) {
  std::vector<Term> terms;
  for (int64_t g = 0; g < groups; ++g, w += kByteGroupBytes) {
    std::array<int8_t, kByteGroupBytes> whole;
    std::copy_n(w, whole.size(), whole.begin());
    const Term term = make_term(g, whole);
    if (term.longest == 0) continue;
    if (term.longest <= kMost) {
      terms.push_back(term);
      continue;
    }
    std::array<int8_t, kByteGroupBytes> half;
    std::array<int8_t, kByteGroupBytes> rest;
    for (size_t i = 0; i < whole.size(); ++i) {
      half[i] = static_cast<int8_t>(whole[i] / 2);
      rest[i] = static_cast<int8_t>(whole[i] - half[i]);
    }
    terms.push_back(make_term(g, half));
    terms.push_back(make_term(g, rest));
  }
  return terms;
}

bool fit_together(const Term& a, const Term& b) {
  for (size_t i = 0; i < a.reach.size(); ++i)
    if (a.reach[i] + b.reach[i] > kMost) return false;
  return true;
}

// Pairs first, then the `singles`. The largest term chooses first, and takes the smallest that
// fits.
std::vector<const Term*> match(std::vector<Term>& terms, int32_t& singles) {
  std::stable_sort(terms.begin(), terms.end(),
                   [](const Term& a, const Term& b) { return a.longest > b.longest; });
  std::vector<const Term*> order;
  std::vector<const Term*> alone;
  std::vector<bool> taken(terms.size());
  for (size_t i = 0; i < terms.size(); ++i) {
    if (taken[i]) continue;
    size_t j = terms.size() - 1;
    while (j > i && (taken[j] || !fit_together(terms[i], terms[j]))) --j;
    if (j == i) {
      alone.push_back(&terms[i]);
      continue;
    }
    taken[j] = true;
    order.push_back(&terms[i]);
    order.push_back(&terms[j]);
  }
  singles = static_cast<int32_t>(alone.size());
  order.insert(order.end(), alone.begin(), alone.end());
  return order;
}

int64_t weights_at(int64_t groups) {
  return kByteOffsetsAt + padded(2 * groups * static_cast<int64_t>(sizeof(int32_t)));
}

}  // namespace

size_t byte_panel_bytes(int64_t groups) {
  return static_cast<size_t>(weights_at(groups) + 2 * groups * kByteGroupBytes);
}

void pack_byte_panel(const int8_t* w, int64_t groups, void* panel) {
  auto* to = static_cast<char*>(panel);
  std::memset(to, 0, byte_panel_bytes(groups));
  std::vector<Term> terms = make_terms(w, groups);
  BytePanel head{};
  const std::vector<const Term*> order = match(terms, head.singles);
  head.pairs = (static_cast<int32_t>(order.size()) - head.singles) / 2;
  head.weights_at = static_cast<int32_t>(weights_at(groups));
  head.bytes = static_cast<int32_t>(byte_panel_bytes(groups));
  std::memcpy(to, &head, sizeof head);
  auto* offsets = reinterpret_cast<int32_t*>(to + kByteOffsetsAt);
  char* weights = to + head.weights_at;
  for (const Term* term : order) {
    *offsets++ = static_cast<int32_t>(4 * term->group);
    std::memcpy(weights, term->weights.data(), kByteGroupBytes);
    weights += kByteGroupBytes;
  }
}

}  // namespace thaw::cpu
