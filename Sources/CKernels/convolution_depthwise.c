// Depthwise convolutions, whose groups have one channel each: planes are copied one by one between zeros, and neighbouring pixels
// lie in the lanes. Forward with stride 1 or 2, backward data with stride 1 and one output a channel; all else by the tiles.
#include "convolution_plan.h"
#include <string.h>

enum { SLACK = 4 * 16 };   // floats that the kernels may read beyond a row

static void fill(struct Depthwise *d, const struct ConvolutionShape *s, const struct Kernels *set, int flipped) {
  d->exists = 1;
  d->flipped = flipped;
  d->channels = s->channels;
  d->outputs = s->outputs;
  d->kernel_h = s->kernel_h;
  d->kernel_w = s->kernel_w;
  d->step = s->stride_h;
  d->height = flipped ? s->out_height : s->height;
  d->width = flipped ? s->out_width : s->width;
  d->rows = flipped ? s->height : s->out_height;
  d->columns = flipped ? s->width : s->out_width;
  d->top = flipped ? (s->kernel_h - 1) * s->dilation_h - s->pad_h : s->pad_h;
  d->left = flipped ? (s->kernel_w - 1) * s->dilation_w - s->pad_w : s->pad_w;
  d->right = s->dilation_w;
  int reach_h = (d->rows - 1) * d->step + (s->kernel_h - 1) * s->dilation_h + 1;
  int reach_w = (d->columns - 1) * d->step + (s->kernel_w - 1) * s->dilation_w + 1;
  int lines = reach_h > d->top + d->height ? reach_h : d->top + d->height;
  d->row = reach_w > d->left + d->width ? reach_w : d->left + d->width;
  d->down = s->dilation_h * d->row;
  d->whole = set->lanes > 4 && s->kernel_h == 3 && s->kernel_w == 3 && s->dilation_h == 1 && s->dilation_w == 1;
  d->size = d->whole ? 0 : (size_t)lines * d->row + SLACK;
}

void depthwise_choose(struct ConvolutionPlan *plan) {
  const struct ConvolutionShape *s = &plan->shape;
  if (s->channels == 1 || s->group != s->channels || s->stride_h != s->stride_w || s->stride_h > 2) return;
  fill(&plan->depthwise[CONVOLUTION_FORWARD], s, plan->set, 0);
  int inside = (s->kernel_h - 1) * s->dilation_h >= s->pad_h && (s->kernel_w - 1) * s->dilation_w >= s->pad_w;
  if (s->stride_h == 1 && s->outputs == s->channels && inside) fill(&plan->depthwise[CONVOLUTION_DATA], s, plan->set, 1);
}

void depthwise_pack(const struct Depthwise *d, const float *w, const float *factor, float *packed) {
  int area = d->kernel_h * d->kernel_w;
  for (int o = 0; o < d->outputs; o++)
    for (int t = 0; t < area; t++)
      packed[o * area + t] = w[o * area + (d->flipped ? area - 1 - t : t)] * (factor ? factor[o] : 1);
}

void depthwise_run(const struct Depthwise *d, const struct Kernels *set, const float *packed, const float *x, struct Finish to,
                   float *scratch, int part, int parts) {
  int first = (int)((long)d->outputs * part / parts), last = (int)((long)d->outputs * (part + 1) / parts);
  int area = d->kernel_h * d->kernel_w, multiplier = d->outputs / d->channels, copied = -1;
  if (first == last) return;
  if (!d->whole) memset(scratch, 0, d->size * sizeof(float));
  for (int o = first; o < last; o++) {
    int channel = o / multiplier;
    const float *plane = x + (ptrdiff_t)channel * d->height * d->width;
    if (!d->whole && channel != copied)
      for (int r = 0; r < d->height; r++)
        memcpy(scratch + (ptrdiff_t)(r + d->top) * d->row + d->left, plane + (ptrdiff_t)r * d->width, d->width * sizeof(float));
    copied = channel;
    ptrdiff_t at = o * to.plane;
    set->convolution->depthwise(d, d->whole ? plane : scratch, packed + (ptrdiff_t)o * area, to.bias ? to.bias[o] : 0,
                                to.addend ? to.addend + at : 0, to.slope, to.y + at);
  }
}
