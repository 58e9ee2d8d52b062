// The convolution of convolution.h.
//
// Each pass is a correlation: results at positions of a source (the input, or for backward data the output's gradient; copied
// with zeros around it unless no tap leaves it) are sums over one list of taps (channel, row, column), each an offset from the
// position. Two tiles carry them out, one with outputs in the lanes of a register and any position, one with neighbouring
// pixels in the lanes; convolution_choice.c says which takes what.
#include "convolution_plan.h"
#include <stdlib.h>
#include <string.h>

struct ConvolutionPlan *convolution_plan(const struct Kernels *set, const struct ConvolutionShape *shape, int winograd) {
  struct ConvolutionPlan *plan = calloc(1, sizeof *plan);
  if (!plan) return NULL;
  plan->shape = *shape;
  plan->set = set;
  int made = walk_forward(&plan->walk[CONVOLUTION_FORWARD], shape) && walk_data(&plan->walk[CONVOLUTION_DATA], shape) &&
             walk_forward(&plan->walk[CONVOLUTION_WEIGHTS], shape) && walk_forward(&plan->transformed, shape) &&
             walk_widen(&plan->walk[CONVOLUTION_FORWARD], shape);
  plan->walk[CONVOLUTION_WEIGHTS].pass = plan->transformed.pass = CONVOLUTION_WEIGHTS;
  for (int pass = 0; made && pass < 3; pass++)
    made = walk_choose(&plan->walk[pass], set, winograd && pass != CONVOLUTION_WEIGHTS);
  if (made && winograd) made = walk_choose(&plan->transformed, set, 1);
  if (made) made = batch_choose(plan, winograd);
  if (made) {
    depthwise_choose(plan);
    return plan;
  }
  convolution_free(plan);
  return NULL;
}

void convolution_free(struct ConvolutionPlan *plan) {
  if (!plan) return;
  for (int pass = 0; pass < 3; pass++) walk_free(&plan->walk[pass]);
  free(plan->batch.offset);
  walk_free(&plan->transformed);
  free(plan);
}

static const struct Walk *walk_of(const struct ConvolutionPlan *plan, int pass) {
  return pass == CONVOLUTION_WEIGHTS && plan->transformed.winograd ? &plan->transformed : &plan->walk[pass];
}

const char *convolution_method(const struct ConvolutionPlan *plan, int pass) {
  const struct Walk *walk = walk_of(plan, pass);
  if (pass != CONVOLUTION_WEIGHTS && plan->depthwise[pass].exists) return "planes";
  if (walk->winograd) return "winograd";
  return walk->across == 0 ? "pixels" : walk->across == walk->outputs ? "outputs" : "outputs and pixels";
}

size_t convolution_packed(const struct ConvolutionPlan *plan, int pass) {
  if (pass == CONVOLUTION_WEIGHTS) return 0;
  const struct Depthwise *d = &plan->depthwise[pass];
  return d->exists ? (size_t)d->outputs * d->kernel_h * d->kernel_w : plan->walk[pass].weights * plan->walk[pass].group;
}
size_t convolution_gradient(const struct ConvolutionPlan *plan) {
  return walk_of(plan, CONVOLUTION_WEIGHTS)->weights * plan->shape.group;
}
size_t convolution_scratch(const struct ConvolutionPlan *plan, int pass) {
  if (pass != CONVOLUTION_WEIGHTS && plan->depthwise[pass].exists) return plan->depthwise[pass].size;
  return walk_of(plan, pass)->scratch;
}

void convolution_pack(const struct ConvolutionPlan *plan, int pass, const float *w, const float *factor, float *packed) {
  if (plan->depthwise[pass].exists) depthwise_pack(&plan->depthwise[pass], w, factor, packed);
  else walk_pack(&plan->walk[pass], plan->set, &plan->shape, w, factor, packed);
}

void convolution_forward(const struct ConvolutionPlan *plan, const float *packed, const float *bias, const float *x,
                         const float *addend, float slope, float *y, float *scratch, int part, int parts) {
  struct Finish to = {bias, addend, slope, y, (ptrdiff_t)plan->shape.out_height * plan->shape.out_width};
  const struct Depthwise *d = &plan->depthwise[CONVOLUTION_FORWARD];
  if (d->exists) depthwise_run(d, plan->set, packed, x, to, scratch, part, parts);
  else walk_run(&plan->walk[CONVOLUTION_FORWARD], plan->set, packed, x, to, scratch, part, parts);
}

void convolution_backward_data(const struct ConvolutionPlan *plan, const float *packed, const float *dy, float *dx,
                               float *scratch, int part, int parts) {
  struct Finish to = {0, 0, 1, dx, (ptrdiff_t)plan->shape.height * plan->shape.width};
  const struct Depthwise *d = &plan->depthwise[CONVOLUTION_DATA];
  if (d->exists) depthwise_run(d, plan->set, packed, dy, to, scratch, part, parts);
  else walk_run(&plan->walk[CONVOLUTION_DATA], plan->set, packed, dy, to, scratch, part, parts);
}

void convolution_backward_weights(const struct ConvolutionPlan *plan, const float *x, const float *dy, int images, float *g,
                                  float *scratch, int part, int parts) {
  walk_gradient(walk_of(plan, CONVOLUTION_WEIGHTS), plan->set, x, dy, images, g, scratch, part, parts);
}

void convolution_unpack_add(const struct ConvolutionPlan *plan, const float *g, float *dw) {
  walk_unpack_add(walk_of(plan, CONVOLUTION_WEIGHTS), plan->set, &plan->shape, g, dw);
}

int convolution_batch_parts(const struct ConvolutionPlan *plan) { return plan->batch.parts; }

size_t convolution_batch_scratch(const struct ConvolutionPlan *plan, int images) { return batch_scratch(plan, images); }

void convolution_batch_weights(const struct ConvolutionPlan *plan, int images, const float *x, const float *dy, float *dw,
                               float *scratch, int part) {
  batch_gradient(plan, images, x, dy, dw, scratch, part);
}
