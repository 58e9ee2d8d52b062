// Products of matrices; compiled once per instruction set, used where registers are many. See kernels.h.
//
// Panels of b, as many columns as fill a tile and as many rows as stay in cache, are copied one after the other: b may be turned.
// A tile keeps some rows of c in registers and takes a from where it lies, number by number, so that a needs no copy.
#if LANES == 16
enum { MATRIX_VECTORS = 3, MATRIX_ROWS = 8, MATRIX_DEPTH = 512, MATRIX_NEAR = 256 };   // rows of c whose a stays in cache

INLINE void matrix_tile(const int NO, const int NX, int whole, lanes_t last, int k, const float *a, ptrdiff_t ai, ptrdiff_t ak,
                        const float *b, int adds, float *c, ptrdiff_t ci) {
  vec sum[MATRIX_ROWS][MATRIX_VECTORS];
  UNROLL for (int o = 0; o < NO; o++) {
    UNROLL for (int i = 0; i < NX; i++) {
      __builtin_prefetch(c + o * ci + i * LANES, 1);
      sum[o][i] = splat(0);
    }
  }
  ROLLED for (int l = 0; l < k; l++, b += NX * LANES, a += ak) {
    vec t[MATRIX_VECTORS];
    UNROLL for (int i = 0; i < NX; i++) t[i] = load(b + i * LANES);
    UNROLL for (int o = 0; o < NO; o++) {
      vec v = splat(a[o * ai]);
      UNROLL for (int i = 0; i < NX; i++) sum[o][i] += v * t[i];
    }
  }
  UNROLL for (int o = 0; o < NO; o++)
    UNROLL for (int i = 0; i < NX; i++) {
      float *to = c + o * ci + i * LANES;
      if (i < NX - 1 || whole) store(to, adds ? load(to) + sum[o][i] : sum[o][i]);
      else store_lanes(last, to, adds ? load_lanes(last, to) + sum[o][i] : sum[o][i]);
    }
}

#define MATRIX_TILE(NX)                                                                                                          \
  static void matrix_tiles_##NX(int m, int whole, lanes_t last, int k, const float *a, ptrdiff_t ai, ptrdiff_t ak, const float *b, \
                                int adds, float *c, ptrdiff_t ci) {                                                              \
    int i = 0;                                                                                                                   \
    for (; i + 8 <= m; i += 8) matrix_tile(8, NX, whole, last, k, a + i * ai, ai, ak, b, adds, c + i * ci, ci);                   \
    for (; i + 4 <= m; i += 4) matrix_tile(4, NX, whole, last, k, a + i * ai, ai, ak, b, adds, c + i * ci, ci);                   \
    for (; i < m; i++) matrix_tile(1, NX, whole, last, k, a + i * ai, ai, ak, b, adds, c + i * ci, ci);                           \
  }
MATRIX_TILE(1)
MATRIX_TILE(2)
MATRIX_TILE(3)

// `n` columns of k rows of b side by side, zeros behind them.
INLINE void matrix_panel(const float *b, ptrdiff_t bk, ptrdiff_t bj, int k, int n, int vectors, lanes_t last, float *to) {
  if (bj != 1) {
    gather(b, bj, n, k, vectors * LANES, to);
    return;
  }
  for (int l = 0; l < k; l++, b += bk)
    for (int i = 0; i < vectors; i++, to += LANES) {
      __builtin_prefetch(b + 16 * bk + i * LANES);
      store(to, i < vectors - 1 || n == vectors * LANES ? load(b + i * LANES) : load_lanes(last, b + i * LANES));
    }
}

static void matrix(const struct MatrixProduct *s, const float *a, const float *b, float *c) {
  float panel[MATRIX_DEPTH * MATRIX_VECTORS * LANES] __attribute__((aligned(64)));
  int depths = (s->k + MATRIX_DEPTH - 1) / MATRIX_DEPTH, nears = (s->m + MATRIX_NEAR - 1) / MATRIX_NEAR;
  for (int d = 0; d < depths; d++) {
    int l = (int)((long)s->k * d / depths), k = (int)((long)s->k * (d + 1) / depths) - l, adds = s->adds || d > 0;
    for (int near = 0; near < nears; near++) {
      int i = (int)((long)s->m * near / nears), m = (int)((long)s->m * (near + 1) / nears) - i;
      for (int j = 0; j < s->n; j += MATRIX_VECTORS * LANES) {
        int n = s->n - j < MATRIX_VECTORS * LANES ? s->n - j : MATRIX_VECTORS * LANES, vectors = (n + LANES - 1) / LANES;
        int whole = n == vectors * LANES;
        lanes_t last = lanes_between(0, n - (vectors - 1) * LANES);
        matrix_panel(b + l * s->bk + j * s->bj, s->bk, s->bj, k, n, vectors, last, panel);
        const float *from = a + i * s->ai + l * s->ak;
        float *to = c + i * s->ci + j;
        if (vectors == 3) matrix_tiles_3(m, whole, last, k, from, s->ai, s->ak, panel, adds, to, s->ci);
        else if (vectors == 2) matrix_tiles_2(m, whole, last, k, from, s->ai, s->ak, panel, adds, to, s->ci);
        else matrix_tiles_1(m, whole, last, k, from, s->ai, s->ak, panel, adds, to, s->ci);
      }
    }
  }
}
#define MATRIX matrix
#else
#define MATRIX 0
#endif
