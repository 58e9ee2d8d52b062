// A simple implementation of the door: columns and products.
#include "convolution.h"
#include <stdlib.h>
#include <string.h>

struct ConvolutionPlan {
  const struct Kernels *set;
  struct ConvolutionShape s;
  int taps, pixels;  // of a group
};

struct ConvolutionPlan *convolution_plan(const struct Kernels *set, const struct ConvolutionShape *s, int winograd) {
  struct ConvolutionPlan *p = malloc(sizeof *p);
  (void)winograd;
  if (!p) return NULL;
  *p = (struct ConvolutionPlan){set, *s, s->channels / s->group * s->kernel_h * s->kernel_w, s->out_height * s->out_width};
  return p;
}
void convolution_free(struct ConvolutionPlan *p) { free(p); }
static size_t weights(const struct ConvolutionPlan *p) { return (size_t)p->s.outputs * p->taps; }
size_t convolution_packed(const struct ConvolutionPlan *p, int pass) { return pass == CONVOLUTION_WEIGHTS ? 0 : weights(p); }
size_t convolution_gradient(const struct ConvolutionPlan *p) { return weights(p); }
size_t convolution_scratch(const struct ConvolutionPlan *p, int pass) {
  (void)pass;
  return 2 * (size_t)p->taps * p->pixels + p->taps;
}
void convolution_pack(const struct ConvolutionPlan *p, int pass, const float *w, const float *factor, float *packed) {
  (void)pass;
  for (int o = 0; o < p->s.outputs; o++)
    for (int k = 0; k < p->taps; k++) packed[(size_t)o * p->taps + k] = w[(size_t)o * p->taps + k] * (factor ? factor[o] : 1);
}
static void unfold(const struct ConvolutionPlan *p, int g, const float *x, float *gx, float *columns) {
  const struct ConvolutionShape *s = &p->s;
  int channels = s->channels / s->group;
  for (int c = 0; c < channels; c++)
    for (int ky = 0; ky < s->kernel_h; ky++)
      for (int kx = 0; kx < s->kernel_w; kx++)
        for (int oy = 0; oy < s->out_height; oy++)
          for (int ox = 0; ox < s->out_width; ox++) {
            int y = oy * s->stride_h - s->pad_h + ky * s->dilation_h, z = ox * s->stride_w - s->pad_w + kx * s->dilation_w;
            int in = y >= 0 && y < s->height && z >= 0 && z < s->width;
            size_t at = ((size_t)(g * channels + c) * s->height + y) * s->width + z;
            if (gx) {
              if (in) gx[at] += *columns;
            } else {
              *columns = in ? x[at] : 0;
            }
            columns++;
          }
}
void convolution_forward(const struct ConvolutionPlan *p, const float *packed, const float *bias, const float *x,
                         const float *addend, float slope, float *y, float *scratch, int part, int parts) {
  int outputs = p->s.outputs / p->s.group;
  for (int g = 0; g < p->s.group; g++) {
    int from = outputs * part / parts, to = outputs * (part + 1) / parts;
    if (from == to) continue;
    unfold(p, g, x, NULL, scratch);
    int o = g * outputs + from;
    p->set->product(to - from, p->pixels, p->taps, packed + (size_t)o * p->taps, p->taps, 1, scratch, p->pixels, NULL,
                    y + (size_t)o * p->pixels, p->pixels);
    for (int i = o; i < o + to - from; i++)
      for (int j = 0; j < p->pixels; j++) {
        size_t at = (size_t)i * p->pixels + j;
        float v = y[at] + (bias ? bias[i] : 0) + (addend ? addend[at] : 0);
        y[at] = v > 0 ? v : v * slope;
      }
  }
}
void convolution_backward_data(const struct ConvolutionPlan *p, const float *packed, const float *dy, float *dx, float *scratch,
                               int part, int parts) {
  int outputs = p->s.outputs / p->s.group;
  (void)parts;
  if (part) return;
  memset(dx, 0, sizeof(float) * p->s.channels * p->s.height * p->s.width);
  for (int g = 0; g < p->s.group; g++) {
    p->set->product(p->taps, p->pixels, outputs, packed + (size_t)g * outputs * p->taps, 1, p->taps,
                    dy + (size_t)g * outputs * p->pixels, p->pixels, NULL, scratch, p->pixels);
    unfold(p, g, NULL, dx, scratch);
  }
}
void convolution_backward_weights(const struct ConvolutionPlan *p, const float *x, const float *dy, float *g, float *scratch) {
  int outputs = p->s.outputs / p->s.group;
  float *turned = scratch + (size_t)p->taps * p->pixels, *row = turned + (size_t)p->taps * p->pixels;
  for (int i = 0; i < p->s.group; i++) {
    unfold(p, i, x, NULL, scratch);
    for (int k = 0; k < p->taps; k++)
      for (int j = 0; j < p->pixels; j++) turned[(size_t)j * p->taps + k] = scratch[(size_t)k * p->pixels + j];
    for (int o = 0; o < outputs; o++) {
      float *to = g + (size_t)(i * outputs + o) * p->taps;
      p->set->product(1, p->taps, p->pixels, dy + (size_t)(i * outputs + o) * p->pixels, p->pixels, 1, turned, p->taps, NULL,
                      row, p->taps);
      for (int k = 0; k < p->taps; k++) to[k] += row[k];
    }
  }
}
void convolution_unpack_add(const struct ConvolutionPlan *p, const float *g, float *dw) {
  for (size_t i = 0; i < weights(p); i++) dw[i] += g[i];
}
