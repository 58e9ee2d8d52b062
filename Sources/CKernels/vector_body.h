// Pooling of any window, and passes over runs of numbers; compiled once per instruction set. See kernels.h.
#include <float.h>
#include <math.h>
#include <string.h>

enum { POOL_ROWS = 16, POOL_FLOATS = 12288 };   // rows of a window, and numbers of all of them, that fit beside each other

// One input row by phases of the stride: phase p holds columns p, p + stride, ... of the padded row, `below` outside.
INLINE void phases(const float *x, int width, int stride, int pad, int length, float below, float *row) {
  for (int p = 0; p < stride; p++)
    for (int i = 0; i < length; i++) row[p * length + i] = below;
  int c = 0;
  if (stride == 1) {
    memcpy(row + pad, x, (size_t)width * sizeof(float));
    return;
  }
  if (stride == 2) {
    float *first = row + (pad & 1) * length + pad / 2, *second = row + (~pad & 1) * length + (pad + 1) / 2;
    for (; c + 2 * LANES <= width; c += 2 * LANES) {
      vec a = load(x + c), b = load(x + c + LANES);
      store(first + c / 2, __builtin_shufflevector(a, b, EVENS));
      store(second + c / 2, __builtin_shufflevector(a, b, ODDS));
    }
  }
  for (; c < width; c++) row[(c + pad) % stride * length + (c + pad) / stride] = x[c];
}

// One window by plain loops: the definition of what `max_pool` computes.
INLINE void max_window(const struct PoolWindow *s, const float *x, int r, int c, float *y, int32_t *which) {
  float best = -FLT_MAX;
  int32_t at = -1;
  for (int ky = 0; ky < s->kernel_h; ky++) {
    int row = r * s->stride_h - s->pad_h + ky;
    if (row < 0 || row >= s->height) continue;
    for (int kx = 0; kx < s->kernel_w; kx++) {
      int column = c * s->stride_w - s->pad_w + kx, pixel = row * s->width + column;
      if (column >= 0 && column < s->width && x[pixel] > best) best = x[pixel], at = pixel;
    }
  }
  *y = best;
  if (which) *which = at;
}

static void max_pool(const struct PoolWindow *s, const float *x, float *y, int32_t *which) {
  if (!which && max_pool_values(s, x, y)) return;
  int length = s->out_width + LANES + (s->kernel_w + s->pad_w) / s->stride_w + 2;
  int covered = (s->width + s->pad_w) / s->stride_w + 2;
  if (length < covered) length = covered;
  float rows[POOL_FLOATS];
  if (s->kernel_h > POOL_ROWS || (long)length * s->stride_w * s->kernel_h > POOL_FLOATS) {
    for (int i = 0; i < s->out_height * s->out_width; i++)
      max_window(s, x, i / s->out_width, i % s->out_width, y + i, which ? which + i : NULL);
    return;
  }
  int held[POOL_ROWS];
  for (int i = 0; i < s->kernel_h; i++) held[i] = -1;
  ivec lane;
  UNROLL for (int i = 0; i < LANES; i++) lane[i] = i * s->stride_w;
  for (int r = 0; r < s->out_height; r++) {
    int top = r * s->stride_h - s->pad_h, from = top < 0 ? 0 : top;
    int to = top + s->kernel_h < s->height ? top + s->kernel_h : s->height;
    for (int row = from; row < to; row++) {
      int slot = row % s->kernel_h;
      if (held[slot] == row) continue;
      held[slot] = row;
      phases(x + row * s->width, s->width, s->stride_w, s->pad_w, length, -FLT_MAX, rows + slot * s->stride_w * length);
    }
    for (int c = 0; c < s->out_width; c += LANES) {
      vec best = splat(-FLT_MAX);
      ivec at = (ivec)(-1);
      for (int row = from; row < to; row++) {
        const float *phase = rows + row % s->kernel_h * s->stride_w * length + c;
        ivec place = lane + (row * s->width + c * s->stride_w - s->pad_w);
        for (int kx = 0, p = 0; kx < s->kernel_w; kx++) {
          vec v = load(phase + p * length);
          ivec larger = v > best;
          best = larger ? v : best;
          at = larger ? place + kx : at;
          if (++p == s->stride_w) p = 0, phase++;
        }
      }
      int left = s->out_width - c;
      if (left >= LANES) {
        store(y + r * s->out_width + c, best);
        if (which) *(ivec *)(which + r * s->out_width + c) = at;
      } else
        for (int i = 0; i < left; i++) {
          y[r * s->out_width + c + i] = best[i];
          if (which) which[r * s->out_width + c + i] = at[i];
        }
    }
  }
}

static void max_unpool(const struct PoolWindow *s, const float *dy, const int32_t *which, float *dx) {
  memset(dx, 0, (size_t)s->width * s->height * sizeof(float));
  for (int i = 0; i < s->out_height * s->out_width; i++)
    if (which[i] >= 0) dx[which[i]] += dy[i];
}

static void relu(const float *x, float slope, float *y, ptrdiff_t count) {
  ptrdiff_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    vec v = load(x + i);
    store(y + i, splat(0) >= v ? (slope == 0 ? splat(0) : splat(0) + slope * v) : v);
  }
  for (; i < count; i++) y[i] = 0 >= x[i] ? (slope == 0 ? 0 : 0 + slope * x[i]) : x[i];
}

static void relu_back(const float *dy, const float *x, float slope, float *dx, ptrdiff_t count) {
  ptrdiff_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    vec d = load(dy + i);
    store(dx + i, load(x + i) > splat(0) ? d : slope * d);
  }
  for (; i < count; i++) dx[i] = x[i] > 0 ? dy[i] : slope * dy[i];
}

static void divide_by_power(const float *x, const float *base, float power, float *y, ptrdiff_t count) {
  ptrdiff_t i = 0;
  if (power == 0.75f) {
    for (; i + LANES <= count; i += LANES) {
      vec root = __builtin_elementwise_sqrt(load(base + i));
      store(y + i, load(x + i) / (root * __builtin_elementwise_sqrt(root)));
    }
    for (; i < count; i++) y[i] = x[i] / (sqrtf(base[i]) * sqrtf(sqrtf(base[i])));
  }
  for (; i < count; i++) y[i] = x[i] * powf(base[i], -power);
}

static void normalise(const float *x, float mean, float deviation, float *y, ptrdiff_t count) {
  ptrdiff_t i = 0;
  for (; i + LANES <= count; i += LANES) store(y + i, (load(x + i) - mean) / deviation);
  for (; i < count; i++) y[i] = (x[i] - mean) / deviation;
}

static void normalise_back(const float *dy, const float *z, float mean, float unit, float a, float b, float deviation,
                           float *dx, ptrdiff_t count) {
  ptrdiff_t i = 0;
  for (; i + LANES <= count; i += LANES)
    store(dx + i, (load(dy + i) - a - b * ((load(z + i) - mean) / unit)) / deviation);
  for (; i < count; i++) dx[i] = (dy[i] - a - b * ((z[i] - mean) / unit)) / deviation;
}

static void momentum(float *g, float *h, float factor, float rate, ptrdiff_t count) {
  ptrdiff_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    vec v = factor * load(h + i);
    v = v + rate * load(g + i);
    store(h + i, v);
    store(g + i, v);
  }
  for (; i < count; i++) {
    float v = factor * h[i];
    v = v + rate * g[i];
    h[i] = g[i] = v;
  }
}

static void gemv(const float *w, ptrdiff_t inputs, const float *x, const float *bias, int outputs, float *y) {
  for (int o = 0; o < outputs; o += 4) {
    int n = outputs - o < 4 ? outputs - o : 4;
    const float *row[4];
    for (int j = 0; j < 4; j++) row[j] = w + (o + (j < n ? j : 0)) * inputs;
    vec a[4] = {splat(0), splat(0), splat(0), splat(0)}, b[4] = {splat(0), splat(0), splat(0), splat(0)};
    ptrdiff_t i = 0;
    for (; i + 2 * LANES <= inputs; i += 2 * LANES)
      UNROLL for (int j = 0; j < 4; j++) {
        a[j] += load(row[j] + i) * load(x + i);
        b[j] += load(row[j] + i + LANES) * load(x + i + LANES);
      }
    vec4 t = sums4(a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]);
    for (; i < inputs; i++)
      for (int j = 0; j < 4; j++) t[j] += row[j][i] * x[i];
    for (int j = 0; j < n; j++) y[o + j] = t[j] + (bias ? bias[o + j] : 0);
  }
}
