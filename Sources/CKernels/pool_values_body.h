// Maxima without their places, and averages of whole planes; compiled once per instruction set. See `max_pool` in kernels.h.
#include <float.h>

INLINE vec larger(vec v, vec best) { return v > best ? v : best; }

enum { POOL_LINE = 8192 };   // numbers of a padded row

// Maxima of `rows` rows of a plane, column by column, to line[0 ..< width].
INLINE void max_rows(const float *x, int width, int rows, float *line) {
  int i = 0;
  for (; width >= LANES && i < width; i += LANES) {
    if (i + LANES > width) i = width - LANES;
    vec best = splat(-FLT_MAX);
    for (int r = 0; r < rows; r++) best = larger(load(x + (ptrdiff_t)r * width + i), best);
    store(line + i, best);
  }
  if (i >= width) return;
  lanes_t lanes = lanes_between(0, width);
  vec best = splat(-FLT_MAX);
  for (int r = 0; r < rows; r++) best = larger(load_lanes(lanes, x + (ptrdiff_t)r * width), best);
  store_lanes(lanes, line, best);
}

// Maxima of `kernel` neighbours of a padded row; of `room` results, those behind the last may get anything.
INLINE void max_columns(const float *line, int kernel, int stride, int count, ptrdiff_t room, float *y) {
  for (int c = 0; c < count; c += LANES) {
    vec best = splat(-FLT_MAX);
    const float *from = line + c * stride;
    for (int k = 0; k < kernel; k += stride) {
      if (stride == 1) {
        best = larger(load(from + k), best);
        continue;
      }
      vec a = load(from + k), b = load(from + k + LANES);
      best = larger(__builtin_shufflevector(a, b, EVENS), best);
      if (k + 1 < kernel) best = larger(__builtin_shufflevector(a, b, ODDS), best);
    }
    if (room - c >= LANES) store(y + c, best);
    else store_lanes(lanes_between(0, count - c), y + c, best);
  }
}

INLINE void max_plane(const struct PoolWindow *s, int kernel_h, int kernel_w, int stride, const float *x, float *y, float *line) {
  for (int r = 0; r < s->out_height; r++) {
    int top = r * s->stride_h - s->pad_h, from = top < 0 ? 0 : top;
    int rows = (top + kernel_h < s->height ? top + kernel_h : s->height) - from;
    const float *first = x + (ptrdiff_t)from * s->width;
    if (rows == kernel_h) max_rows(first, s->width, kernel_h, line + s->pad_w);
    else max_rows(first, s->width, rows, line + s->pad_w);
    max_columns(line, kernel_w, stride, s->out_width, (ptrdiff_t)(s->out_height - r) * s->out_width, y + (ptrdiff_t)r * s->out_width);
  }
}

// Down the columns first, then across; 0 if the window is none that it knows.
static int max_pool_values(const struct PoolWindow *s, const float *x, float *y) {
  int stride = s->stride_w, reach = (s->out_width + LANES) * stride + s->kernel_w + LANES;
  int length = s->pad_w + s->width > reach ? s->pad_w + s->width : reach;
  if (stride > 2 || length > POOL_LINE) return 0;
  float line[POOL_LINE];
  for (int i = 0; i < length; i++) line[i] = -FLT_MAX;
  int square = s->kernel_h == s->kernel_w ? s->kernel_w : 0;
  if (square == 3 && stride == 2) max_plane(s, 3, 3, 2, x, y, line);
  else if (square == 2 && stride == 2) max_plane(s, 2, 2, 2, x, y, line);
  else if (square == 3) max_plane(s, 3, 3, 1, x, y, line);
  else if (stride == 2) max_plane(s, s->kernel_h, s->kernel_w, 2, x, y, line);
  else max_plane(s, s->kernel_h, s->kernel_w, 1, x, y, line);
  return 1;
}
