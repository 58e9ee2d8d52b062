// The gradient of a convolution's weights: sums over results instead of taps, by the same tiles. A worker's share is a range of taps.
#include "convolution_plan.h"
#include <string.h>

static int least(int a, int b) { return a < b ? a : b; }

// Outputs in lanes: the taps are the tile's pixels, and the results, transposed, its weights.
static void gradient_across(const struct Walk *walk, const struct Kernels *set, const float *x, const float *dy, int begin, int rows,
                            int first, int last, float *g, float *scratch) {
  const struct Grid *grid = walk->grid;
  ptrdiff_t plane = (ptrdiff_t)walk->height * walk->width;
  int count = rows * walk->columns;
  for (int b = 0; b < walk->blocks; b++) {
    int output = block_start(walk, b) * set->lanes, vectors = block_vectors(walk, b), width = vectors * set->lanes;
    float *sums = g + (ptrdiff_t)output * grid->taps + (ptrdiff_t)first * width;
    set->convolution->gather(dy + output * plane + (ptrdiff_t)begin * walk->columns, plane, least(width, walk->across - output), count,
                             width, scratch);
    for (int p = 0, n; p < count; p += n) {
      n = least(walk->chunk, count - p);
      set->convolution->outputs(vectors, x, grid->offset + first, last - first, grid->position + p, n,
                                scratch + (ptrdiff_t)p * width, 0, sums, 0, 0);
    }
  }
}

// Pixels in lanes: dy is copied into rows as long as the source's, with zeros between them.
static void gradient_rest(const struct Walk *walk, const struct Kernels *set, const float *x, const float *dy, int begin, int rows,
                          int first, int last, float *g, float *scratch) {
  int outputs = walk->outputs - walk->across, row = walk->source.row, gap = row - walk->columns, taps = walk->grid->taps;
  ptrdiff_t plane = (ptrdiff_t)rows * row;
  dy += (ptrdiff_t)walk->across * walk->height * walk->width + (ptrdiff_t)begin * walk->columns;
  float *to = scratch;
  for (int o = 0; o < outputs; o++, dy += (ptrdiff_t)walk->height * walk->width)
    for (int r = 0; r < rows; r++, to += row) {
      memcpy(to, dy + (ptrdiff_t)r * walk->columns, walk->columns * sizeof(float));
      if (gap) memset(to + walk->columns, 0, gap * sizeof(float));
    }
  g += (ptrdiff_t)walk->vectors * set->lanes * taps;
  int block = set->block(outputs);
  for (int o = 0; o < outputs; o += block) {
    int n = least(block, outputs - o);
    set->convolve_weights(x, walk->grid->offset + first, last - first, scratch + o * plane, plane, n,
                          g + (ptrdiff_t)o * taps + (ptrdiff_t)first * n, (rows - 1) * row + walk->columns);
  }
}

static void gradient_group(const struct Walk *walk, const struct Kernels *set, const float *x, const float *dy, int first, int last,
                           float *g, float *scratch) {
  const struct Source *s = &walk->source;
  ptrdiff_t channel = (ptrdiff_t)s->plane * s->phases_h * s->phases_w;
  int area = walk->grid->area, low = first / area, high = (last + area - 1) / area;
  float *source = scratch;
  if (!s->whole) scratch += channel * s->channels;
  int bands = (walk->rows + walk->band - 1) / walk->band;
  for (int b = 0; b < bands; b++) {
    int begin = (int)((long)walk->rows * b / bands), rows = (int)((long)walk->rows * (b + 1) / bands) - begin;
    if (!s->whole)
      set->convolution->copy(s, x + (ptrdiff_t)low * s->height * s->width, high - low, begin, rows + s->extra, source + low * channel);
    const float *base = s->whole ? x + (ptrdiff_t)begin * s->row : source;
    if (walk->across) gradient_across(walk, set, base, dy, begin, rows, first, last, g, scratch);
    if (walk->across < walk->outputs) gradient_rest(walk, set, base, dy, begin, rows, first, last, g, scratch);
  }
}

void walk_gradient(const struct Walk *walk, const struct Kernels *set, const float *x, const float *dy, int images, float *g,
                   float *scratch, int part, int parts) {
  const struct Source *s = &walk->source;
  ptrdiff_t xs = (ptrdiff_t)s->channels * s->height * s->width, ys = (ptrdiff_t)walk->outputs * walk->height * walk->width;
  int taps = walk->grid->taps, apart = walk->group >= 4 * parts;
  int group = apart ? (int)((long)walk->group * part / parts) : 0;
  int groups = apart ? (int)((long)walk->group * (part + 1) / parts) : walk->group;
  int first = apart ? 0 : (int)((long)taps * part / parts), last = apart ? taps : (int)((long)taps * (part + 1) / parts);
  if (first == last) return;
  for (; group < groups; group++) {
    float *to = g + group * walk->weights;
    const float *from = x + group * xs, *dfrom = dy + group * ys;
    if (walk->winograd) winograd_gradient(walk, set, from, dfrom, images, to, aligned(scratch), first, last);
    else
      for (int i = 0; i < images; i++)
        gradient_group(walk, set, from + i * walk->group * xs, dfrom + i * walk->group * ys, first, last, to, aligned(scratch));
  }
}
