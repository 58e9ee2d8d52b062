// What the passes of a convolution read and write, as rectangles of results and lists of taps (convolution_plan.h).
#include "convolution_plan.h"
#include <stdlib.h>
#include <string.h>

static int least(int a, int b) { return a < b ? a : b; }
static int above(int a) { return a < 0 ? 0 : a; }
static int divide_up(int a, int b) { return a > 0 ? (a + b - 1) / b : -(-a / b); }   // b > 0

// The phases of the stride that taps fall on, ascending; returns how many, or -1 without memory.
static int phases(int kernel, int dilation, int stride, int **list) {
  *list = malloc((size_t)least(stride, kernel) * sizeof(int));
  if (!*list) return -1;
  int n = 0;
  for (int phase = 0; phase < stride; phase++)
    for (int k = 0; k < kernel; k++)
      if ((long)k * dilation % stride == phase) {
        (*list)[n++] = phase;
        break;
      }
  return n;
}

static int index_of(const int *list, int value) {
  int i = 0;
  while (list[i] != value) i++;
  return i;
}

// Where a row of each column phase is not zero, and how long rows are; `columns` results read `extra` columns further.
static int source_rows(struct Source *s, int columns, int extra) {
  int all = columns + extra, share = extra;
  s->first = malloc((size_t)s->phases_w * sizeof(int));
  s->last = malloc((size_t)s->phases_w * sizeof(int));
  if (!s->first || !s->last) return 0;
  for (int v = 0; v < s->phases_w; v++) {
    int a = least(all, above(divide_up(s->left - s->phase_w[v], s->stride_w)));
    int b = least(all, above(divide_up(s->width + s->left - s->phase_w[v], s->stride_w)));
    if (b < a) b = a;
    s->first[v] = a;
    s->last[v] = b;
    share = least(share, least(a, all - b));
  }
  s->row = all - share;
  s->tail = share;
  return 1;
}

static int grid_taps(struct Grid *grid, int area, int channels) {
  grid->area = area;
  grid->taps = area * channels;
  grid->tap = malloc((4 * (size_t)area + 1) * sizeof(int));
  if (!grid->tap) return 0;
  grid->plane = grid->tap + area;
  grid->down = grid->plane + area;
  grid->right = grid->down + area;
  return 1;
}

// The rows of a kernel if Winograd along y can do it, otherwise 0.
static int tall(const struct ConvolutionShape *s) {
  int fits = (s->kernel_h == 3 || s->kernel_h == 5) && s->kernel_w <= 50;
  return fits && s->dilation_h == 1 && s->stride_h == 1 && s->stride_w == 1 ? s->kernel_h : 0;
}

int walk_forward(struct Walk *walk, const struct ConvolutionShape *s) {
  struct Source *source = &walk->source;
  *walk = (struct Walk){.pass = CONVOLUTION_FORWARD, .group = s->group, .outputs = s->outputs / s->group,
                        .rows = s->out_height, .columns = s->out_width, .height = s->out_height, .width = s->out_width};
  walk->tall = tall(s);
  *source = (struct Source){.channels = s->channels / s->group, .height = s->height, .width = s->width,
                            .stride_h = s->stride_h, .stride_w = s->stride_w, .top = s->pad_h, .left = s->pad_w};
  source->phases_h = phases(s->kernel_h, s->dilation_h, s->stride_h, &source->phase_h);
  source->phases_w = phases(s->kernel_w, s->dilation_w, s->stride_w, &source->phase_w);
  walk->grid = calloc(1, sizeof(struct Grid));
  if (source->phases_h < 0 || source->phases_w < 0 || !walk->grid) return 0;
  walk->grids = 1;
  source->extra = (s->kernel_h - 1) * s->dilation_h / s->stride_h;
  struct Grid *grid = walk->grid;
  grid->rows = s->out_height;
  grid->columns = s->out_width;
  grid->step_h = grid->step_w = 1;
  if (!grid_taps(grid, s->kernel_h * s->kernel_w, source->channels)) return 0;
  for (int t = 0; t < grid->area; t++) {
    int y = t / s->kernel_w * s->dilation_h, x = t % s->kernel_w * s->dilation_w;
    grid->tap[t] = t;
    grid->plane[t] = index_of(source->phase_h, y % s->stride_h) * source->phases_w + index_of(source->phase_w, x % s->stride_w);
    grid->down[t] = y / s->stride_h;
    grid->right[t] = x / s->stride_w;
  }
  return source_rows(source, s->out_width, (s->kernel_w - 1) * s->dilation_w / s->stride_w);
}

// One dimension of the backward-data pass. Array pixel i * stride + phase - pad, for each phase, gets dy[i - m] of the taps
// k with k * dilation = m * stride + phase; results are numbered from the lowest i on.
struct Axis { int kernel, stride, pad, dilation, size, low, most, count; };

static struct Axis axis(int kernel, int stride, int pad, int dilation, int size) {
  struct Axis a = {kernel, stride, pad, dilation, size, 0, (kernel - 1) * dilation / stride, 0};
  int high = (size - 1 + pad) / stride;
  a.low = pad / stride;
  a.count = high - a.low + 1;
  return a;
}

// The results of a phase: the first, their number, the pixel of result 0.
static void axis_phase(const struct Axis *a, int phase, int *first, int *count, int *to) {
  int begin = divide_up(a->pad - phase, a->stride), end = divide_up(a->size + a->pad - phase, a->stride);
  if (begin < a->low) begin = a->low;
  *first = begin - a->low;
  *count = above(end - begin);
  *to = a->low * a->stride + phase - a->pad;
}

static int data_grid(struct Grid *grid, const struct Axis *h, const struct Axis *w, int a, int b, int channels) {
  axis_phase(h, a, &grid->row, &grid->rows, &grid->to_row);
  axis_phase(w, b, &grid->column, &grid->columns, &grid->to_column);
  grid->step_h = h->stride;
  grid->step_w = w->stride;
  if (!grid_taps(grid, h->kernel * w->kernel, channels)) return 0;
  int n = 0;
  for (int y = 0; y < h->kernel; y++)
    for (int x = 0; x < w->kernel; x++) {
      if (y * h->dilation % h->stride != a || x * w->dilation % w->stride != b) continue;
      grid->tap[n] = y * w->kernel + x;
      grid->plane[n] = 0;
      grid->down[n] = h->most - y * h->dilation / h->stride;
      grid->right[n++] = w->most - x * w->dilation / w->stride;
    }
  grid->area = n;
  grid->taps = n * channels;
  return 1;
}

int walk_data(struct Walk *walk, const struct ConvolutionShape *s) {
  struct Source *source = &walk->source;
  struct Axis h = axis(s->kernel_h, s->stride_h, s->pad_h, s->dilation_h, s->height);
  struct Axis w = axis(s->kernel_w, s->stride_w, s->pad_w, s->dilation_w, s->width);
  *walk = (struct Walk){.pass = CONVOLUTION_DATA, .group = s->group, .outputs = s->channels / s->group,
                        .rows = h.count, .columns = w.count, .height = s->height, .width = s->width};
  walk->tall = tall(s);
  *source = (struct Source){.channels = s->outputs / s->group, .height = s->out_height, .width = s->out_width,
                            .stride_h = 1, .stride_w = 1, .top = h.most - h.low, .left = w.most - w.low, .extra = h.most};
  source->phases_h = phases(1, 1, 1, &source->phase_h);
  source->phases_w = phases(1, 1, 1, &source->phase_w);
  walk->grid = calloc((size_t)s->stride_h * s->stride_w, sizeof(struct Grid));
  if (source->phases_h < 0 || source->phases_w < 0 || !walk->grid) return 0;
  walk->grids = s->stride_h * s->stride_w;
  for (int g = 0; g < walk->grids; g++)
    if (!data_grid(&walk->grid[g], &h, &w, g / s->stride_w, g % s->stride_w, source->channels)) return 0;
  return source_rows(source, walk->columns, w.most);
}

void walk_free(struct Walk *walk) {
  free(walk->source.phase_h);
  free(walk->source.phase_w);
  free(walk->source.first);
  free(walk->source.last);
  for (int g = 0; g < walk->grids; g++) {
    free(walk->grid[g].tap);
    free(walk->grid[g].offset);
    free(walk->grid[g].position);
  }
  free(walk->grid);
}
