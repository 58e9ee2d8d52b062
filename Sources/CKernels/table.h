// The table of this instruction set's kernels; included last.
const struct Kernels NAME(kernels) = {ISA, LANES, block, convolve, convolve_weights, product, sum, dot, pool, unpool,
                                      scale, combine, moments, sums, rows_in, rows_out, rows_gradient, axpy, peak, &NAME(convolution),
                                      max_any, max_unpool, average_pool, average_unpool, relu, relu_back,
                                      divide_by_power, normalise, normalise_back, momentum, gemv, squares, max_pool_pairs,
                                      channel_moments, affine, affine_sums, affine_back,
                                      &NAME(functions), &NAME(training), MATRIX};
