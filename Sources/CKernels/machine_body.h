// What the machine can do at most, for comparison.

// `rounds` times one multiply-add in each lane of 12 registers: 24 * lanes * rounds operations.
static float peak(long rounds) {
  vec sums[12];
  UNROLL for (int i = 0; i < 12; i++) sums[i] = splat((float)i);
  vec a = splat(0.999f), b = splat(0.001f);
  ROLLED for (long r = 0; r < rounds; r++) {
#if defined(__aarch64__)
    __asm__ volatile("" : "+w"(a), "+w"(b));
#else
    __asm__ volatile("" : "+v"(a), "+v"(b));
#endif
    UNROLL for (int i = 0; i < 12; i++) sums[i] = sums[i] * a + b;
  }
  vec total = splat(0);
  UNROLL for (int i = 0; i < 12; i++) total += sums[i];
  return sum1(total);
}
