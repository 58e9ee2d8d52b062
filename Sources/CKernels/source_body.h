// The copy that a convolution reads (struct Source), compiled once per instruction set; and the table of its kernels.

INLINE void clear_run(float *to, int n) {
  ROLLED for (int i = 0; i < n; i++) to[i] = 0;
}

// to[i] = from[i * step], i < n; reads nothing behind the last.
INLINE void copy_run(float *to, const float *from, int n, int step) {
  int i = 0;
  if (step == 1) {
    for (; i + LANES <= n; i += LANES) store(to + i, load(from + i));
    ROLLED for (; i + 4 <= n; i += 4) *(vec4 *)(to + i) = *(const vec4 *)(from + i);
  } else if (step == 2) {
    for (; i + LANES < n; i += LANES)
      store(to + i, __builtin_shufflevector(load(from + 2 * i), load(from + 2 * i + LANES), EVENS));
  } else if (step == 4) {
    for (; i + LANES < n; i += LANES) {
      const float *p = from + 4 * i;
      vec a = __builtin_shufflevector(load(p), load(p + LANES), EVENS);
      vec b = __builtin_shufflevector(load(p + 2 * LANES), load(p + 3 * LANES), EVENS);
      store(to + i, __builtin_shufflevector(a, b, EVENS));
    }
  }
  ROLLED for (; i < n; i++) to[i] = from[(ptrdiff_t)i * step];
}

static void copy_source(const struct Source *s, const float *x, int channels, int first, int rows, float *out) {
  for (int c = 0; c < channels; c++, x += (ptrdiff_t)s->height * s->width)
    for (int h = 0; h < s->phases_h; h++)
      for (int v = 0; v < s->phases_w; v++, out += s->plane) {
        float *to = out;
        int a = s->first[v], b = s->last[v], column = a * s->stride_w + s->phase_w[v] - s->left;
        for (int i = first; i < first + rows; i++, to += s->row) {
          int y = i * s->stride_h + s->phase_h[h] - s->top;
          if (y < 0 || y >= s->height || a >= b) clear_run(to, s->row);
          else {
            clear_run(to, a);
            copy_run(to + a, x + (ptrdiff_t)y * s->width + column, b - a, s->stride_w);
            clear_run(to + b, s->row - b);
          }
        }
        clear_run(to, s->tail);
      }
}

const struct ConvolutionKernels NAME(convolution) = {WIDEST, outputs, pixels, spread, gather, copy_source, depthwise,
                                                         transform_rows, combine_rows, expand_rows, weights_in, weights_out, gradient_rows};
