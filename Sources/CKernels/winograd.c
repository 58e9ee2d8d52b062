// Drivers of the row transforms (winograd_body.h): bands of four-row tiles lie side by side as one linear run, so the products
// are the same `convolve` and `convolve_weights` with a list of channels x 3 taps. See winograd.h.
#include "winograd.h"
#include <stdlib.h>
#include <string.h>

enum { MARGIN = 8 };   // zeros before and behind every transformed plane
static ptrdiff_t band_plane(const struct Winograd *s) { return s->tiles * s->stride + 2 * MARGIN; }

void winograd_init(struct Winograd *s, const struct Kernels *k, int outputs, int channels, int first, int column, int stride, int tiles) {
  (void)k;
  *s = (struct Winograd){outputs, channels, first, stride, tiles, malloc(channels * 3 * sizeof(int)), {0}};
  for (int c = 0; c < channels; c++)
    for (int x = 0; x < 3; x++) s->offset[c * 3 + x] = (int)(c * band_plane(s)) + column + x;
  for (int t = 0; t < 6; t++) s->packed[t] = malloc(outputs * channels * 3 * sizeof(float));
}

void winograd_free(struct Winograd *s) {
  free(s->offset);
  for (int t = 0; t < 6; t++) free(s->packed[t]);
}

void winograd_weights(struct Winograd *s, const struct Kernels *k, const float *w) {
  static const double G[6][3] = {{1 / 4., 0, 0}, {-1 / 6., -1 / 6., -1 / 6.}, {-1 / 6., 1 / 6., -1 / 6.},
                                 {1 / 24., 1 / 12., 1 / 6.}, {1 / 24., -1 / 12., 1 / 6.}, {0, 0, 1}};
  int n = s->outputs * s->channels;
  float *u = malloc(n * 3 * sizeof(float));
  for (int t = 0; t < 6; t++) {
    for (int i = 0; i < n; i++)
      for (int x = 0; x < 3; x++)
        u[i * 3 + x] = (float)(G[t][0] * w[i * 9 + x] + G[t][1] * w[i * 9 + 3 + x] + G[t][2] * w[i * 9 + 6 + x]);
    conv_pack(k, s->outputs, s->channels * 3, u, s->packed[t]);
  }
  free(u);
}

size_t winograd_scratch(const struct Winograd *s) { return (6 * (s->outputs + s->channels)) * band_plane(s); }

// Transformed input of one band: v[t][c], tiles side by side.
static void band_in(const struct Winograd *s, const struct Kernels *k, const float *x, ptrdiff_t xplane, int tiles, float *v) {
  ptrdiff_t plane = band_plane(s), S = s->stride;
  for (int p = 0; p < 6 * s->channels; p++) {   // what lies left of the first and right of the last row
    memset(v + p * plane, 0, MARGIN * sizeof(float));
    memset(v + p * plane + MARGIN + tiles * S, 0, MARGIN * sizeof(float));
  }
  for (int c = 0; c < s->channels; c++)
    for (int t = 0; t < tiles; t++)
      k->rows_in(x + c * xplane + 4 * t * S, S, v + c * plane + MARGIN + t * S, s->channels * plane, (int)S);
}

void winograd_convolve(const struct Winograd *s, const struct Kernels *k, const float *x, ptrdiff_t xplane, const float *bias,
                       float *y, ptrdiff_t yplane, int rows, float *v) {
  ptrdiff_t plane = band_plane(s), S = s->stride;
  float *m = v + 6 * s->channels * plane;
  for (int row = 0; row < rows; row += 4 * s->tiles) {
    int left = (rows - row + 3) / 4, tiles = left < s->tiles ? left : s->tiles;
    band_in(s, k, x + (row + s->first) * S, xplane, tiles, v);
    for (int t = 0; t < 6; t++)
      k->convolve(v + t * s->channels * plane + MARGIN, s->offset, s->channels * 3, s->packed[t], NULL, s->outputs,
                  m + t * s->outputs * plane, plane, (int)(tiles * S));
    for (int o = 0; o < s->outputs; o++)
      for (int t = 0; t < tiles; t++) {
        int r = row + 4 * t;
        k->rows_out(m + o * plane + t * S, s->outputs * plane, bias ? bias[o] : 0, y + o * yplane + r * S, S,
                    rows - r < 4 ? rows - r : 4, (int)S);
      }
  }
}

void winograd_convolve_weights(const struct Winograd *s, const struct Kernels *k, const float *x, ptrdiff_t xplane, const float *dy,
                               ptrdiff_t dyplane, int rows, float *g, float *v) {
  ptrdiff_t plane = band_plane(s), S = s->stride, size = (ptrdiff_t)s->outputs * s->channels * 3;
  float *d = v + 6 * s->channels * plane;
  for (int row = 0; row < rows; row += 4 * s->tiles) {
    int left = (rows - row + 3) / 4, tiles = left < s->tiles ? left : s->tiles;
    band_in(s, k, x + (row + s->first) * S, xplane, tiles, v);
    for (int o = 0; o < s->outputs; o++)
      for (int t = 0; t < tiles; t++) {
        int r = row + 4 * t;
        k->rows_gradient(dy + o * dyplane + r * S, S, rows - r < 4 ? rows - r : 4, d + o * plane + t * S, s->outputs * plane, (int)S);
      }
    for (int t = 0; t < 6; t++)
      k->convolve_weights(v + t * s->channels * plane + MARGIN, s->offset, s->channels * 3, d + t * s->outputs * plane, plane,
                          s->outputs, g + t * size, (int)(tiles * S));
  }
}

void winograd_unpack_add(const struct Winograd *s, const struct Kernels *k, const float *g, float *dw) {
  static const double factor[6] = {1 / 4., -1 / 6., -1 / 6., 1 / 24., 1 / 24., 1};
  static const int A[3][6] = {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 1}};
  int n = s->outputs * s->channels * 3;
  float *u = malloc(6 * n * sizeof(float));
  memset(u, 0, 6 * n * sizeof(float));
  for (int t = 0; t < 6; t++) conv_unpack_add(k, s->outputs, s->channels * 3, g + (ptrdiff_t)t * n, u + (ptrdiff_t)t * n);
  for (int i = 0; i < n; i++)
    for (int y = 0; y < 3; y++) {
      double sum = 0;
      for (int t = 0; t < 6; t++) sum += A[y][t] * factor[t] * u[(ptrdiff_t)t * n + i];
      dw[i / 3 * 9 + y * 3 + i % 3] += (float)sum;
    }
  free(u);
}
