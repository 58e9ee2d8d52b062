// Weights transformed for Winograd's F(4, 3) and F(4, 5) along y, and their gradients transformed back (see transform_body.h).
//
// Sixteen outputs at a time: the taps of some channels, one output after the other as Caffe has them, beside the same with outputs
// in lanes, which the kernels transform.
#include "convolution_plan.h"

enum { LANES = 16, LARGEST = 256 };   // LARGEST: taps of a channel (walk->tall is 0 beyond)

// Channels that are taken together: those that lie one behind the other.
static int together(const struct Grid *grid, const struct Order *at) {
  return at->output > at->channel && grid->area < 64 ? 64 / grid->area : 1;
}

// The first tap of column x of a kernel as the pass reads it, and the distance to the next.
static int column_tap(const struct Grid *grid, int x, int across, int *next) {
  int tap[2] = {0};
  for (int t = x; t < grid->area; t += across)
    if (grid->down[t] < 2) tap[grid->down[t]] = grid->tap[t];
  *next = tap[1] - tap[0];
  return tap[0];
}

void walk_winograd_pack(const struct Walk *walk, const struct Kernels *set, const struct Order *at, int first, int n, int width,
                   const float *w, float *packed) {
  const struct Grid *grid = walk->grid;
  int across = grid->area / walk->tall, step = together(grid, at), channels = walk->source.channels;
  ptrdiff_t plane = (ptrdiff_t)grid->taps * width;
  float lanes[LARGEST * LANES] = {0};
  for (int from = 0; from < width; from += LANES) {
    int all = width - from < LANES ? width - from : LANES, some = n - from < all ? n - from : all;
    if (some < all)
      for (int i = 0; i < LARGEST * LANES; i++) lanes[i] = 0;
    for (int c = 0; c < channels; c += step) {
      int count = channels - c < step ? channels - c : step;
      for (int l = 0; l < some; l++)
        for (int i = 0; i < count; i++) {
          int o = first + from + l;
          const float *weights = w + at->start + o * at->output + (c + i) * at->channel;
          float factor = at->factor ? at->factor[o * at->by_output + (c + i) * at->by_channel] : 1, *to = lanes + i * grid->area * LANES + l;
          for (int t = 0; t < grid->area; t++) to[t * LANES] = weights[t] * factor;
        }
      for (int i = 0; i < count; i++)
        for (int x = 0; x < across; x++) {
          int next, tap = column_tap(grid, x, across, &next);
          set->convolution->weights_in(walk->winograd, lanes + (i * grid->area + tap) * LANES, (ptrdiff_t)next * LANES,
                                       packed + ((ptrdiff_t)(c + i) * across + x) * width + from, plane, all);
        }
    }
  }
}

void walk_winograd_unpack(const struct Walk *walk, const struct Kernels *set, const struct Order *at, int first, int n, int width,
                         const float *g, float *dw) {
  const struct Grid *grid = walk->grid;
  int across = grid->area / walk->tall, step = together(grid, at), channels = walk->source.channels;
  ptrdiff_t plane = (ptrdiff_t)grid->taps * width;
  float lanes[LARGEST * LANES];
  for (int from = 0; from < n; from += LANES) {
    int all = width - from < LANES ? width - from : LANES, some = n - from < all ? n - from : all;
    for (int c = 0; c < channels; c += step) {
      int count = channels - c < step ? channels - c : step;
      for (int i = 0; i < count; i++)
        for (int x = 0; x < across; x++) {
          int next, tap = column_tap(grid, x, across, &next);
          set->convolution->weights_out(walk->winograd, g + ((ptrdiff_t)(c + i) * across + x) * width + from, plane,
                                        lanes + (i * grid->area + tap) * LANES, (ptrdiff_t)next * LANES, all);
        }
      for (int l = 0; l < some; l++)
        for (int i = 0; i < count; i++) {
          float *to = dw + at->start + (first + from + l) * at->output + (c + i) * at->channel;
          const float *sums = lanes + i * grid->area * LANES + l;
          for (int t = 0; t < grid->area; t++) to[t] += sums[t * LANES];
        }
    }
  }
}
