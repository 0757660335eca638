// Functions of one vector: exp, sigmoid, tanh within 2 ulp of the exact result; NaN stays NaN.
#pragma once

namespace thaw::cpu::THAW_ISA {

// e^x: x = n ln2 + r with |r| <= ln2 / 2, a polynomial in r (Cephes), and 2^n as two factors, so
// that results below the smallest normal number and above the largest come out right.
inline Vec exp(Vec x) {
  x = min(Vec::set(89), max(Vec::set(-105), x));
  const Vec n = round_even(x * Vec::set(1.44269504088896341F));
  Vec r = fma(n, Vec::set(-0.693359375F), x);
  r = fma(n, Vec::set(2.12194440e-4F), r);
  Vec p = Vec::set(1.9875691500e-4F);
  p = fma(p, r, Vec::set(1.3981999507e-3F));
  p = fma(p, r, Vec::set(8.3334519073e-3F));
  p = fma(p, r, Vec::set(4.1665795894e-2F));
  p = fma(p, r, Vec::set(1.6666665459e-1F));
  p = fma(p, r, Vec::set(5.0000001201e-1F));
  p = fma(p * r, r, r) + Vec::set(1);
  const Vec half = round_even(n * Vec::set(0.5F));
  return p * pow2(half) * pow2(n - half);
}

inline Vec sigmoid(Vec x) { return Vec::set(1) / (Vec::set(1) + exp(Vec::zero() - x)); }

inline Vec tanh(Vec x) {
  const Vec magnitude = abs(x);
  const Vec z = x * x;
  Vec p = Vec::set(-5.70498872745e-3F);
  p = fma(p, z, Vec::set(2.06390887954e-2F));
  p = fma(p, z, Vec::set(-5.37397155531e-2F));
  p = fma(p, z, Vec::set(1.33314422036e-1F));
  p = fma(p, z, Vec::set(-3.33332819422e-1F));
  const Vec small = fma(p * z, x, x);
  const Vec two = Vec::set(2);
  const Vec large = Vec::set(1) - two / (exp(magnitude * two) + Vec::set(1));
  // Of -0.0 the small one's sum is 0.0.
  return copysign(select(less(magnitude, Vec::set(0.625F)), small, large), x);
}

}  // namespace thaw::cpu::THAW_ISA
