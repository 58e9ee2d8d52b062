// Caffe's order of weights <-> the order in which the tiles read them (convolution_plan.h).
#include "convolution_plan.h"
#include <string.h>

static struct Order order(const struct Walk *walk, const struct ConvolutionShape *s, int group, const float *factor) {
  ptrdiff_t area = (ptrdiff_t)s->kernel_h * s->kernel_w, row = s->channels / s->group * area;
  ptrdiff_t start = (ptrdiff_t)group * (s->outputs / s->group) * row;
  if (factor) factor += (ptrdiff_t)group * (s->outputs / s->group);
  return walk->pass == CONVOLUTION_DATA ? (struct Order){start, area, row, factor, 0, 1}
                                        : (struct Order){start, row, area, factor, 1, 0};
}

// Channels whose taps are taken together, so that what lies apart in one order stays in cache for the other; 0 if outputs lie
// closer together than channels.
static int together(const struct Grid *grid, struct Order at) { return at.output > at.channel ? 1 + 16 / grid->area : 0; }

// The same by vectors, where the order allows it.
static int pack_fast(const struct Walk *walk, const struct Kernels *set, const struct Grid *grid, struct Order at, int first, int n,
                     int width, const float *w, float *packed) {
  int channels = walk->source.channels;
  if (at.factor || width % set->lanes || !grid->area) return 0;
  const float *from = w + at.start + first * at.output;
  if (walk->pass == CONVOLUTION_FORWARD) set->convolution->gather(from, at.output, n, grid->taps, width, packed);
  else if (at.output == 1)
    for (int c = 0; c < channels; c++, packed += width) {
      memcpy(packed, from + c * at.channel, (size_t)n * sizeof(float));
      if (n < width) memset(packed + n, 0, (size_t)(width - n) * sizeof(float));
    }
  else return 0;
  return 1;
}

// packed[k][l] = w[output first + l][tap k] for l < n, of `width`; zeros behind.
static void pack_block(const struct Grid *grid, int channels, struct Order at, int first, int n, int width, const float *w,
                       float *packed) {
  int step = together(grid, at);
  for (int c = 0; step == 0 && c < channels; c++)
    for (int t = 0; t < grid->area; t++) {
      const float *from = w + at.start + first * at.output + c * at.channel + grid->tap[t];
      const float *factor = at.factor ? at.factor + first * at.by_output + c * at.by_channel : 0;
      float *to = packed + ((ptrdiff_t)c * grid->area + t) * width;
      for (int l = 0; l < n; l++) to[l] = from[l * at.output] * (factor ? factor[l * at.by_output] : 1);
    }
  for (int c = 0; step > 0 && c < channels; c += step) {
    int end = c + step < channels ? c + step : channels;
    for (int l = 0; l < n; l++) {
      const float *from = w + at.start + (first + l) * at.output;
      float *to = packed + (ptrdiff_t)c * grid->area * width + l;
      for (int i = c; i < end; i++) {
        float factor = at.factor ? at.factor[(first + l) * at.by_output + i * at.by_channel] : 1;
        for (int t = 0; t < grid->area; t++, to += width) *to = from[i * at.channel + grid->tap[t]] * factor;
      }
    }
  }
  for (ptrdiff_t k = 0; n < width && k < (ptrdiff_t)channels * grid->area; k++)
    for (int l = n; l < width; l++) packed[k * width + l] = 0;
}

static void pack_group(const struct Walk *walk, const struct Kernels *set, struct Order at, const float *w, float *packed) {
  int lanes = set->lanes, channels = walk->source.channels, rest = walk->outputs - walk->across;
  for (int g = 0; g < walk->grids; g++) {
    const struct Grid *grid = &walk->grid[g];
    float *to = packed + grid->packed;
    for (int b = 0; b < walk->blocks; b++) {
      int first = block_start(walk, b) * lanes, width = block_vectors(walk, b) * lanes;
      int n = walk->across - first < width ? walk->across - first : width;
      if (walk->winograd) walk_winograd_pack(walk, set, &at, first, n, width, w, to);
      else if (!pack_fast(walk, set, grid, at, first, n, width, w, to)) pack_block(grid, channels, at, first, n, width, w, to);
      to += (ptrdiff_t)(walk->winograd ? walk->winograd : 1) * width * grid->taps;
    }
    int block = rest ? set->block(rest) : 1;
    for (int o = walk->across; o < walk->outputs; o += block) {
      int n = walk->outputs - o < block ? walk->outputs - o : block;
      pack_block(grid, channels, at, o, n, n, w, to);
      to += (ptrdiff_t)n * grid->taps;
    }
  }
}

void walk_pack(const struct Walk *walk, const struct Kernels *set, const struct ConvolutionShape *s, const float *w,
               const float *factor, float *packed) {
  for (int g = 0; g < walk->group; g++) pack_group(walk, set, order(walk, s, g, factor), w, packed + g * walk->weights);
}

// dw += one block of a gradient.
static void unpack_block(const struct Grid *grid, int channels, struct Order at, int first, int n, int width, const float *g, float *dw) {
  int step = together(grid, at) ? together(grid, at) : 1;
  for (int c = 0; c < channels; c += step) {
    int end = c + step < channels ? c + step : channels;
    for (int l = 0; l < n; l++) {
      const float *from = g + (ptrdiff_t)c * grid->area * width + l;
      float *to = dw + at.start + (first + l) * at.output;
      for (int i = c; i < end; i++)
        for (int t = 0; t < grid->area; t++, from += width) to[i * at.channel + grid->tap[t]] += *from;
    }
  }
}

void walk_unpack_add(const struct Walk *walk, const struct Kernels *set, const struct ConvolutionShape *s, const float *g, float *dw) {
  int lanes = set->lanes, channels = walk->source.channels, rest = walk->outputs - walk->across, block = rest ? set->block(rest) : 1;
  const struct Grid *grid = walk->grid;
  for (int i = 0; i < walk->group; i++) {
    struct Order at = order(walk, s, i, 0);
    const float *from = g + i * walk->weights;
    for (int b = 0; b < walk->blocks; b++) {
      int first = block_start(walk, b) * lanes, width = block_vectors(walk, b) * lanes;
      int n = walk->across - first < width ? walk->across - first : width;
      float *to = dw + at.start + first * at.output;
      struct Finish there = {0, to, 1, to, at.output};
      if (walk->winograd) walk_winograd_unpack(walk, set, &at, first, n, width, from, dw);
      else set->convolution->spread(from, width, n, grid->taps, &there);
      from += (ptrdiff_t)(walk->winograd ? walk->winograd : 1) * width * grid->taps;
    }
    for (int o = walk->across; o < walk->outputs; o += block) {
      int n = walk->outputs - o < block ? walk->outputs - o : block;
      unpack_block(grid, channels, at, o, n, n, from, dw);
      from += (ptrdiff_t)n * grid->taps;
    }
  }
}
