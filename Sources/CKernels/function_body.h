// Exponentials and what is made of them, and responses; compiled once per instruction set. See functions.h.
#include "functions.h"

typedef union { vec f; ivec i; } Bits;

// exp(x), rarely off by a unit in the last place; 0 below -86.6, infinity above 88.7. 2^n times a polynomial of what is left,
// |r| <= ln 2 / 2, where roundings are carried along.
INLINE vec exp_of(vec x) {
  const float magic = 12582912.0f;   // 1.5 * 2^23: adding it rounds to a whole number, which is then in the lowest bits
  vec v = x > splat(89.0f) ? splat(89.0f) : x;
  v = v < splat(-88.0f) ? splat(-88.0f) : v;
  Bits z = {v * splat(1.44269504f) + splat(magic)}, base = {splat(magic)}, power;
  vec n = z.f - splat(magic), exact = v - n * splat(0.693359375f), rest = n * splat(2.12194440e-4f);
  vec r = exact + rest, part = r - exact, low = (exact - (r - part)) + (rest - part);
  vec p = splat(1.9875691500e-4f);
  p = p * r + splat(1.3981999507e-3f);
  p = p * r + splat(8.3334519073e-3f);
  p = p * r + splat(4.1665795894e-2f);
  p = p * r + splat(1.6666665459e-1f);
  p = p * r + splat(5.0000001201e-1f);
  vec t = p * (r * r) + low, s = r + t;
  low = (r - s) + t;
  vec y = splat(1.0f) + s;
  y += (splat(1.0f) - y) + s + low;
  power.i = (z.i - base.i + 126) << 23;   // 2^(n - 1): 2^128 would be infinity
  y = y * power.f * splat(2.0f);
  return x < splat(-86.6f) ? splat(0) : y;
}

INLINE vec sigmoid_of(vec x) { return splat(1) / (splat(1) + exp_of(-x)); }

// An odd polynomial where 1 - 2 / (exp(2x) + 1) would lose digits.
INLINE vec tanh_of(vec x) {
  vec z = x * x, p = splat(-5.70498872745e-3f);
  p = p * z + splat(2.06390887954e-2f);
  p = p * z + splat(-5.37397155531e-2f);
  p = p * z + splat(1.33314422036e-1f);
  p = p * z + splat(-3.33332819422e-1f);
  vec small = p * z * x + x, large = splat(1) - splat(2) / (exp_of(x + x) + splat(1));
  return z < splat(0.390625f) ? small : large;
}

#define EACH(LOAD_AND_STORE)                                             \
  ptrdiff_t i = 0;                                                       \
  for (; i + LANES <= count; i += LANES) LOAD_AND_STORE(load, store, )   \
  if (i < count) {                                                       \
    int left = (int)(count - i);                                         \
    LOAD_AND_STORE(load_first, store_first, COMMA left)                \
  }
#define COMMA ,
#define EXP(L, S, N) S(y + i, exp_of(L(x + i N) - splat(less)) N);
#define SIGMOID(L, S, N) S(y + i, sigmoid_of(L(x + i N)) N);
#define TANH(L, S, N) S(y + i, tanh_of(L(x + i N)) N);
#define ELU(L, S, N) { vec v = L(x + i N); S(y + i, v > splat(0) ? v : splat(alpha) * (exp_of(v) - splat(1)) N); }
#define ELU_BACK(L, S, N) { \
  vec d = L(dy + i N); S(dx + i, L(x + i N) > splat(0) ? d : d * (splat(alpha) + L(y + i N)) N); }

static void exponential(const float *x, float less, float *y, ptrdiff_t count) { EACH(EXP) }
static void sigmoid(const float *x, float *y, ptrdiff_t count) { EACH(SIGMOID) }
static void hyperbolic_tangent(const float *x, float *y, ptrdiff_t count) { EACH(TANH) }
static void elu(const float *x, float alpha, float *y, ptrdiff_t count) { EACH(ELU) }
static void elu_back(const float *dy, const float *x, const float *y, float alpha, float *dx, ptrdiff_t count) {
  EACH(ELU_BACK)
}

// The sum of dy x where x is not positive.
static float negative_products(const float *dy, const float *x, ptrdiff_t count) {
  vec a[2] = {splat(0), splat(0)};
  ptrdiff_t i = 0;
  for (; i + 2 * LANES <= count; i += 2 * LANES)
    UNROLL for (int j = 0; j < 2; j++) {
      vec v = load(x + i + j * LANES);
      a[j] += v > splat(0) ? splat(0) : load(dy + i + j * LANES) * v;
    }
  float total = sum1(a[0] + a[1]);
  for (; i < count; i++) total += x[i] > 0 ? 0 : dy[i] * x[i];
  return total;
}

// One position's classes side by side.
INLINE void softmax_row(const float *x, int classes, float *y) {
  vec top = splat(-INFINITY), total = splat(0);
  int i = 0;
  for (; i + LANES <= classes; i += LANES) {
    vec v = load(x + i);
    top = v > top ? v : top;
  }
  float most = -INFINITY, sum = 0;
  for (int j = 0; j < LANES; j++) most = top[j] > most ? top[j] : most;
  for (; i < classes; i++) most = x[i] > most ? x[i] : most;
  for (i = 0; i + LANES <= classes; i += LANES) {
    vec e = exp_of(load(x + i) - splat(most));
    store(y + i, e);
    total += e;
  }
  sum = sum1(total);
  if (i < classes) {
    int left = classes - i;
    store_first(y + i, exp_of(load_first(x + i, left) - splat(most)), left);
    for (; i < classes; i++) sum += y[i];
  }
  for (i = 0; i + LANES <= classes; i += LANES) store(y + i, load(y + i) / splat(sum));
  for (; i < classes; i++) y[i] /= sum;
}

#define LOAD(p) (n == LANES ? load(p) : load_first(p, n))
#define STORE(p, v) { if (n == LANES) store(p, v); else store_first(p, v, n); }

// Some registers of positions at once, whose classes lie `inner` apart: runs of several lines are read as fast as memory goes.
enum { WIDE = 4 };
#define EACH_REGISTER UNROLL for (int j = 0; j < W; j++)
INLINE void softmax_columns(const float *x, int classes, ptrdiff_t inner, float *y, const int W, const int n) {
  vec most[WIDE], total[WIDE];
  EACH_REGISTER most[j] = splat(-INFINITY), total[j] = splat(0);
  for (int c = 0; c < classes; c++)
    EACH_REGISTER {
      vec v = LOAD(x + c * inner + j * LANES);
      most[j] = v > most[j] ? v : most[j];
    }
  for (int c = 0; c < classes; c++)
    EACH_REGISTER {
      vec e = exp_of(LOAD(x + c * inner + j * LANES) - most[j]);
      total[j] += e;
      STORE(y + c * inner + j * LANES, e)
    }
  for (int c = 0; c < classes; c++)
    EACH_REGISTER STORE(y + c * inner + j * LANES, LOAD(y + c * inner + j * LANES) / total[j])
}

static void softmax(const float *x, int classes, ptrdiff_t inner, ptrdiff_t count, float *y) {
  if (inner == 1) { softmax_row(x, classes, y); return; }
  ptrdiff_t i = 0;
  for (; i + WIDE * LANES <= count; i += WIDE * LANES) softmax_columns(x + i, classes, inner, y + i, WIDE, LANES);
  for (; i + LANES <= count; i += LANES) softmax_columns(x + i, classes, inner, y + i, 1, LANES);
  if (i < count) softmax_columns(x + i, classes, inner, y + i, 1, (int)(count - i));
}

INLINE void softmax_back_columns(const float *dy, const float *y, int classes, ptrdiff_t inner, float *dx, const int W,
                                 const int n) {
  vec total[WIDE];
  EACH_REGISTER total[j] = splat(0);
  for (int c = 0; c < classes; c++)
    EACH_REGISTER total[j] += LOAD(dy + c * inner + j * LANES) * LOAD(y + c * inner + j * LANES);
  for (int c = 0; c < classes; c++)
    EACH_REGISTER {
      ptrdiff_t at = c * inner + j * LANES;
      STORE(dx + at, (LOAD(dy + at) - total[j]) * LOAD(y + at))
    }
}

static void softmax_back(const float *dy, const float *y, int classes, ptrdiff_t inner, ptrdiff_t count, float *dx) {
  ptrdiff_t i = 0;
  if (inner == 1) {
    float total = dot(dy, y, classes);
    for (; i + LANES <= classes; i += LANES) store(dx + i, (load(dy + i) - splat(total)) * load(y + i));
    for (; i < classes; i++) dx[i] = (dy[i] - total) * y[i];
    return;
  }
  for (; i + WIDE * LANES <= count; i += WIDE * LANES)
    softmax_back_columns(dy + i, y + i, classes, inner, dx + i, WIDE, LANES);
  for (; i + LANES <= count; i += LANES) softmax_back_columns(dy + i, y + i, classes, inner, dx + i, 1, LANES);
  if (i < count) softmax_back_columns(dy + i, y + i, classes, inner, dx + i, 1, (int)(count - i));
}

INLINE void lstm_columns(const struct LSTMCells *s, int p, const int n) {
  vec goes = LOAD(s->goes + p), f = LOAD(s->gates[1] + p) + LOAD(s->sums[1] + p);
  vec i = sigmoid_of(LOAD(s->gates[0] + p) + LOAD(s->sums[0] + p));
  vec o = sigmoid_of(LOAD(s->gates[2] + p) + LOAD(s->sums[2] + p));
  vec g = tanh_of(LOAD(s->gates[3] + p) + LOAD(s->sums[3] + p));
  f = goes == splat(0) ? splat(0) : goes * sigmoid_of(f);
  vec cell = f * LOAD(s->before + p) + i * g;
  STORE(s->gates[0] + p, i)
  STORE(s->gates[1] + p, f)
  STORE(s->gates[2] + p, o)
  STORE(s->gates[3] + p, g)
  STORE(s->cells + p, cell)
  STORE(s->outputs + p, o * tanh_of(cell))
}

static void lstm(const struct LSTMCells *s) {
  int p = 0;
  for (; p + LANES <= s->count; p += LANES) lstm_columns(s, p, LANES);
  if (p < s->count) lstm_columns(s, p, s->count - p);
}

INLINE void lstm_back_columns(const struct LSTMCells *s, int p, const int n) {
  vec i = LOAD(s->gates[0] + p), f = LOAD(s->gates[1] + p), o = LOAD(s->gates[2] + p), g = LOAD(s->gates[3] + p);
  vec t = tanh_of(LOAD(s->cells + p)), dh = LOAD(s->outputs + p), before = LOAD(s->before + p);
  vec dc = LOAD(s->carried + p) + dh * o * (splat(1) - t * t);
  STORE(s->sums[0] + p, dc * g * i * (splat(1) - i))
  STORE(s->sums[1] + p, dc * before * f * (splat(1) - f))
  STORE(s->sums[2] + p, dh * t * o * (splat(1) - o))
  STORE(s->sums[3] + p, dc * i * (splat(1) - g * g))
  STORE(s->carried + p, dc * f)
}

static void lstm_back(const struct LSTMCells *s) {
  int p = 0;
  for (; p + LANES <= s->count; p += LANES) lstm_back_columns(s, p, LANES);
  if (p < s->count) lstm_back_columns(s, p, s->count - p);
}

// Blocks of positions; the last one of LANES overlaps the one before it.
#define EACH_BLOCK(BODY)                                                          \
  ptrdiff_t p = 0;                                                                \
  for (; p + WIDE * LANES <= s->area; p += WIDE * LANES) BODY(WIDE, LANES);       \
  for (; p + LANES <= s->area; p += LANES) BODY(1, LANES);                        \
  if (p < s->area && s->area >= LANES) { p = s->area - LANES; BODY(1, LANES); }   \
  else if (p < s->area) BODY(1, (int)s->area);

INLINE vec power_of(vec base, float power) {
  if (power == 0.75f) {
    vec root = __builtin_elementwise_sqrt(base);
    return splat(1) / (root * __builtin_elementwise_sqrt(root));
  }
  vec y;
  for (int i = 0; i < LANES; i++) y[i] = powf(base[i], -power);
  return y;
}

INLINE void respond_block(const struct Responses *s, const float *x, float *base, float *y, const int W, const int n) {
  vec sum[WIDE], part = splat(s->part);
  EACH_REGISTER sum[j] = splat(s->start);
  for (int c = -s->reach; c < s->channels; c++)
    EACH_REGISTER {
      ptrdiff_t at = c * s->area + j * LANES;
      if (c + s->reach < s->channels) {
        vec v = LOAD(x + at + s->reach * s->area);
        sum[j] += part * (v * v);
      }
      if (c < 0) continue;
      if (c > s->reach) {
        vec v = LOAD(x + at - (s->reach + 1) * s->area);
        sum[j] -= part * (v * v);
      }
      if (base) STORE(base + at, sum[j])
      STORE(y + at, LOAD(x + at) * power_of(sum[j], s->power))
    }
}

static void respond(const struct Responses *s, const float *x, float *base, float *y) {
#define BLOCK(W, N) respond_block(s, x + p, base ? base + p : NULL, y + p, W, N)
  EACH_BLOCK(BLOCK)
#undef BLOCK
}

INLINE void respond_back_block(const struct Responses *s, float factor, const float *x, const float *y, const float *base,
                               const float *dy, float *dx, const int W, const int n) {
  vec sum[WIDE];
  EACH_REGISTER sum[j] = splat(0);
#define RATIO(p) (LOAD(dy + (p)) * LOAD(y + (p)) / LOAD(base + (p)))
  for (int c = -s->reach; c < s->channels; c++)
    EACH_REGISTER {
      ptrdiff_t at = c * s->area + j * LANES;
      if (c + s->reach < s->channels) sum[j] += RATIO(at + s->reach * s->area);
      if (c < 0) continue;
      if (c > s->reach) sum[j] -= RATIO(at - (s->reach + 1) * s->area);
      STORE(dx + at, LOAD(dy + at) * power_of(LOAD(base + at), s->power) - splat(factor) * (LOAD(x + at) * sum[j]))
    }
#undef RATIO
}

static void respond_back(const struct Responses *s, float factor, const float *x, const float *y, const float *base,
                         const float *dy, float *dx) {
#define BLOCK(W, N) respond_back_block(s, factor, x + p, y + p, base + p, dy + p, dx + p, W, N)
  EACH_BLOCK(BLOCK)
#undef BLOCK
}
#undef LOAD
#undef STORE

const struct FunctionKernels NAME(functions) = {exponential, sigmoid, hyperbolic_tangent, elu, elu_back, negative_products,
                                                softmax, softmax_back, lstm, lstm_back, respond, respond_back};
