// Plain loops behind convolution.h.
#include "convolution.h"
#include <stdlib.h>
#include <string.h>

struct ConvolutionPlan {
  struct ConvolutionShape shape;
};

struct ConvolutionPlan *convolution_plan(const struct Kernels *set, const struct ConvolutionShape *shape, int winograd) {
  (void)set, (void)winograd;
  struct ConvolutionPlan *plan = malloc(sizeof *plan);
  if (plan) plan->shape = *shape;
  return plan;
}

void convolution_free(struct ConvolutionPlan *plan) { free(plan); }

const char *convolution_method(const struct ConvolutionPlan *plan, int pass) {
  (void)plan, (void)pass;
  return "loops";
}

static size_t weights(const struct ConvolutionShape *s) {
  return (size_t)s->outputs * (s->channels / s->group) * s->kernel_h * s->kernel_w;
}

size_t convolution_packed(const struct ConvolutionPlan *plan, int pass) {
  return pass == CONVOLUTION_WEIGHTS ? 0 : weights(&plan->shape);
}
size_t convolution_gradient(const struct ConvolutionPlan *plan) { return weights(&plan->shape); }
size_t convolution_scratch(const struct ConvolutionPlan *plan, int pass) {
  (void)plan, (void)pass;
  return 16;
}

void convolution_pack(const struct ConvolutionPlan *plan, int pass, const float *w, const float *factor, float *packed) {
  (void)pass;
  size_t n = weights(&plan->shape), row = n / plan->shape.outputs;
  for (size_t i = 0; i < n; i++) packed[i] = factor ? w[i] * factor[i / row] : w[i];
}

// Calls body for every pair of an output pixel and a tap inside the image: w index, x index, y index.
#define EACH_PRODUCT(s, first, last, body)                                                                           \
  for (int o = first; o < last; o++)                                                                                  \
    for (int c = 0; c < s->channels / s->group; c++)                                                                  \
      for (int oy = 0; oy < s->out_height; oy++)                                                                      \
        for (int ky = 0; ky < s->kernel_h; ky++) {                                                                    \
          int iy = oy * s->stride_h + ky * s->dilation_h - s->pad_h;                                                  \
          if (iy < 0 || iy >= s->height) continue;                                                                    \
          for (int ox = 0; ox < s->out_width; ox++)                                                                   \
            for (int kx = 0; kx < s->kernel_w; kx++) {                                                                \
              int ix = ox * s->stride_w + kx * s->dilation_w - s->pad_w;                                              \
              if (ix < 0 || ix >= s->width) continue;                                                                 \
              int channel = o / (s->outputs / s->group) * (s->channels / s->group) + c;                               \
              size_t wi = (((size_t)o * (s->channels / s->group) + c) * s->kernel_h + ky) * s->kernel_w + kx;         \
              size_t xi = ((size_t)channel * s->height + iy) * s->width + ix;                                         \
              size_t yi = ((size_t)o * s->out_height + oy) * s->out_width + ox;                                       \
              body;                                                                                                   \
            }                                                                                                         \
        }

void convolution_forward(const struct ConvolutionPlan *plan, const float *packed, const float *bias, const float *x,
                         const float *addend, float slope, float *y, float *scratch, int part, int parts) {
  (void)scratch;
  const struct ConvolutionShape *s = &plan->shape;
  int first = (int)((long)s->outputs * part / parts), last = (int)((long)s->outputs * (part + 1) / parts);
  size_t plane = (size_t)s->out_height * s->out_width;
  for (int o = first; o < last; o++)
    for (size_t p = o * plane; p < (o + 1) * plane; p++) y[p] = (addend ? addend[p] : 0) + (bias ? bias[o] : 0);
  EACH_PRODUCT(s, first, last, y[yi] += packed[wi] * x[xi])
  for (size_t p = first * plane; p < last * plane; p++)
    if (y[p] < 0) y[p] *= slope;
}

void convolution_backward_data(const struct ConvolutionPlan *plan, const float *packed, const float *dy, float *dx,
                               float *scratch, int part, int parts) {
  (void)scratch, (void)parts;
  const struct ConvolutionShape *s = &plan->shape;
  if (part != 0) return;
  memset(dx, 0, (size_t)s->channels * s->height * s->width * sizeof(float));
  EACH_PRODUCT(s, 0, s->outputs, dx[xi] += packed[wi] * dy[yi])
}

void convolution_backward_weights(const struct ConvolutionPlan *plan, const float *x, const float *dy, float *g,
                                  float *scratch, int part, int parts) {
  (void)scratch, (void)parts;
  const struct ConvolutionShape *s = &plan->shape;
  if (part != 0) return;
  EACH_PRODUCT(s, 0, s->outputs, g[wi] += dy[yi] * x[xi])
}

void convolution_unpack_add(const struct ConvolutionPlan *plan, const float *g, float *dw) {
  for (size_t i = 0; i < weights(&plan->shape); i++) dw[i] += g[i];
}
