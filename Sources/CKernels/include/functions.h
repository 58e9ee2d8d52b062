// Functions of runs of numbers beyond sums and products: exponentials, softmax, steps of recurrent layers, responses.
#pragma once
#include <stddef.h>

// One step of some cells of a long short-term memory, `count` sequences side by side. Gates are in the order i, f, o, g.
struct LSTMCells {
  int count;
  const float *goes, *before;   // for each sequence whether it goes on; the cells before
  float *gates[4];              // forward: sums of the values, which become the gates; backward: the gates
  float *sums[4];               // forward: sums of the outputs before; backward: becomes the gradients of the sums
  float *cells, *outputs;       // forward: written; backward: the cells, and the gradients of the outputs
  float *carried;               // backward: the gradients of the cells from the step behind, which become those for the one before
};

// Responses of one image: `channels` planes of `area` numbers, a window of `reach` channels on each side.
struct Responses { int channels, reach; ptrdiff_t area; float start, part, power; };

struct FunctionKernels {
  // y = exp(x - less); 1 / (1 + exp(-x)); tanh(x): to some 1e-7 of themselves. y may be x.
  void (*exponential)(const float *x, float less, float *y, ptrdiff_t count);
  void (*sigmoid)(const float *x, float *y, ptrdiff_t count);
  void (*hyperbolic_tangent)(const float *x, float *y, ptrdiff_t count);
  // y = x where x is positive, alpha (exp(x) - 1) elsewhere; dx = dy where x is positive, dy (alpha + y) elsewhere
  void (*elu)(const float *x, float alpha, float *y, ptrdiff_t count);
  void (*elu_back)(const float *dy, const float *x, const float *y, float alpha, float *dx, ptrdiff_t count);
  // the sum of dy x where x is not positive
  float (*negative_products)(const float *dy, const float *x, ptrdiff_t count);
  // Exponentials of `count` positions, whose classes lie `inner` apart, divided by their sums; count is 1 if inner is. y may be x,
  // dx may be dy.
  void (*softmax)(const float *x, int classes, ptrdiff_t inner, ptrdiff_t count, float *y);
  void (*softmax_back)(const float *dy, const float *y, int classes, ptrdiff_t inner, ptrdiff_t count, float *dx);
  void (*lstm)(const struct LSTMCells *);
  void (*lstm_back)(const struct LSTMCells *);
  // base = start + part * (the sum of x^2 over the window of channels); y = x base^-power. base may be null.
  void (*respond)(const struct Responses *, const float *x, float *base, float *y);
  // dx = dy base^-power - factor x * (the sum of dy y / base over the window)
  void (*respond_back)(const struct Responses *, float factor, const float *x, const float *y, const float *base, const float *dy,
                       float *dx);
};
