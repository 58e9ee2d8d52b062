// What data layers and solvers do to runs of numbers; compiled once per instruction set. See training.h.

#define EXACT _Pragma("clang fp contract(off)")

#if LANES == 16
#define REVERSED 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
#elif LANES == 8
#define REVERSED 7, 6, 5, 4, 3, 2, 1, 0
#else
#define REVERSED 3, 2, 1, 0
#endif

// The last register overlaps the one before it: nothing is read that is written.
INLINE void read_run(const int BYTES, const int TURNED, const void *x, const float *means, float mean, float scale, float *y,
                     ptrdiff_t count) {
  EXACT
  for (ptrdiff_t i = 0; i < count && count >= LANES; i += LANES) {
    if (i + LANES > count) i = count - LANES;
    vec v = BYTES ? __builtin_convertvector(*(const bvec *)((const uint8_t *)x + i), vec) : load((const float *)x + i);
    v = (v - (means ? load(means + i) : splat(mean))) * scale;
    store(TURNED ? y + count - LANES - i : y + i, TURNED ? __builtin_shufflevector(v, v, REVERSED) : v);
  }
  for (ptrdiff_t i = 0; i < count && count < LANES; i++) {
    float v = BYTES ? (float)((const uint8_t *)x)[i] : ((const float *)x)[i];
    y[TURNED ? count - 1 - i : i] = (v - (means ? means[i] : mean)) * scale;
  }
}

INLINE void read_any(const int BYTES, const void *x, const float *means, float mean, float scale, int turned, float *y,
                     ptrdiff_t count) {
  if (turned) read_run(BYTES, 1, x, means, mean, scale, y, count);
  else read_run(BYTES, 0, x, means, mean, scale, y, count);
}

typedef uint8_t bytes16 __attribute__((ext_vector_type(16), aligned(1)));

// t[i] = x[i * step], i < n
INLINE void gather_bytes(const uint8_t *x, ptrdiff_t step, uint8_t *t, int n) {
  int i = 0;
  if (step == 3)
    for (; i + 16 <= n; i += 16) {
      const uint8_t *p = x + 3 * i;
      bytes16 a = *(const bytes16 *)p, b = *(const bytes16 *)(p + 15), c = *(const bytes16 *)(p + 30);
      bytes16 ab = __builtin_shufflevector(a, b, 0, 3, 6, 9, 12, 16, 19, 22, 25, 28, 0, 0, 0, 0, 0, 0);
      *(bytes16 *)(t + i) = __builtin_shufflevector(ab, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31);
    }
  for (; i < n; i++) t[i] = x[i * step];
}

static void read_bytes(const uint8_t *x, ptrdiff_t step, const float *means, float mean, float scale, int turned, float *y,
                       ptrdiff_t count) {
  if (step == 1) return read_any(1, x, means, mean, scale, turned, y, count);
  for (ptrdiff_t i = 0; i < count; i += 256) {
    uint8_t t[256];
    int n = count - i < 256 ? (int)(count - i) : 256;
    gather_bytes(x + i * step, step, t, n);
    read_any(1, t, means ? means + i : 0, mean, scale, turned, turned ? y + count - i - n : y + i, n);
  }
}

static void read_floats(const float *x, ptrdiff_t step, const float *means, float mean, float scale, int turned, float *y,
                        ptrdiff_t count) {
  if (step == 1) return read_any(0, x, means, mean, scale, turned, y, count);
  for (ptrdiff_t i = 0; i < count; i += 64) {
    float t[64];
    int n = count - i < 64 ? (int)(count - i) : 64;
    for (int j = 0; j < n; j++) t[j] = x[(i + j) * step];
    read_any(0, t, means ? means + i : 0, mean, scale, turned, turned ? y + count - i - n : y + i, n);
  }
}

// Runs BODY on whole registers, then on what is left; LOAD and STORE are those of that part.
#define LOAD_REST(p) load_first(p, (int)(count - at))
#define STORE_REST(p, v) store_first(p, v, (int)(count - at))
#define EACH_PIECE(BODY)                                                       \
  EXACT ptrdiff_t at = 0;                                                \
  for (; at + LANES <= count; at += LANES) { BODY(load, store) }         \
  if (at < count) { BODY(LOAD_REST, STORE_REST) }
#define ROOT __builtin_elementwise_sqrt

#define NESTEROV(LOAD, STORE)                                            \
  vec old = LOAD(h + at), new = momentum * old + rate * LOAD(g + at);    \
  STORE(g + at, (1 + momentum) * new - momentum * old);                  \
  STORE(h + at, new);
static void nesterov(float *g, float *h, float momentum, float rate, ptrdiff_t count) { EACH_PIECE(NESTEROV) }

#define ADAGRAD(LOAD, STORE)                                             \
  vec d = LOAD(g + at), sum = d * d + LOAD(h + at);                      \
  STORE(h + at, sum);                                                    \
  STORE(g + at, rate * (d / (ROOT(sum) + delta)));
static void adagrad(float *g, float *h, float delta, float rate, ptrdiff_t count) { EACH_PIECE(ADAGRAD) }

#define RMSPROP(LOAD, STORE)                                             \
  vec d = LOAD(g + at), sum = decay * LOAD(h + at) + (1 - decay) * (d * d); \
  STORE(h + at, sum);                                                    \
  STORE(g + at, rate * (d / (ROOT(sum) + delta)));
static void rmsprop(float *g, float *h, float decay, float delta, float rate, ptrdiff_t count) { EACH_PIECE(RMSPROP) }

#define ADADELTA(LOAD, STORE)                                            \
  vec d = LOAD(g + at), steps = LOAD(i + at);                            \
  vec sum = momentum * LOAD(h + at) + (1 - momentum) * (d * d);          \
  vec step = d * ROOT((delta + steps) / (delta + sum));                  \
  STORE(h + at, sum);                                                    \
  STORE(i + at, momentum * steps + (1 - momentum) * (step * step));      \
  STORE(g + at, rate * step);
static void adadelta(float *g, float *h, float *i, float momentum, float delta, float rate, ptrdiff_t count) { EACH_PIECE(ADADELTA) }

#define ADAM(LOAD, STORE)                                                \
  vec d = LOAD(g + at), m = beta1 * LOAD(h + at) + (1 - beta1) * d;      \
  vec v = beta2 * LOAD(i + at) + (1 - beta2) * (d * d);                  \
  STORE(h + at, m);                                                      \
  STORE(i + at, v);                                                      \
  STORE(g + at, rate * (m / (ROOT(v) + delta)));
static void adam(float *g, float *h, float *i, float beta1, float beta2, float delta, float rate, ptrdiff_t count) { EACH_PIECE(ADAM) }

#define ADD_SIGNS(LOAD, STORE)                                           \
  vec v = LOAD(w + at);                                                  \
  STORE(g + at, LOAD(g + at) + decay * (v > 0 ? splat(1) : v < 0 ? splat(-1) : splat(0)));
static void add_signs(float *g, const float *w, float decay, ptrdiff_t count) { EACH_PIECE(ADD_SIGNS) }

#define SUBTRACT(LOAD, STORE) STORE(w + at, LOAD(w + at) - LOAD(g + at));
static void subtract(float *w, const float *g, ptrdiff_t count) { EACH_PIECE(SUBTRACT) }

#define MULTIPLY(LOAD, STORE) STORE(x + at, LOAD(x + at) * factor);
static void multiply(float *x, float factor, ptrdiff_t count) { EACH_PIECE(MULTIPLY) }
