// Normalising, scaling, adding and rectifying one channel of a batch in one pass, and its gradients in two; compiled once per
// instruction set. See kernels.h.

INLINE vec affine_of(struct Affine f, vec x) { return (x - f.mean) * f.factor + f.bias; }
INLINE float affine_of1(struct Affine f, float x) { return (x - f.mean) * f.factor + f.bias; }

static void channel_moments(const struct Channel *s, const float *x, double *mean, double *m2) {
  double count = 0, m = 0, squared = 0;
  for (int n = 0; n < s->images; n++, x += s->step) {
    double own, deviations;
    moments(x, s->area, &own, &deviations);
    double all = count + s->area, delta = own - m;
    m += delta * s->area / all;
    squared += deviations + delta * delta * count * s->area / all;
    count = all;
  }
  *mean = m;
  *m2 = squared;
}

INLINE void affine_plane(struct Affine f, const float *x, const float *addend, float *kept, float *y, int area) {
  int i = 0;
  for (; i + LANES <= area; i += LANES) {
    vec v = load(x + i), z = affine_of(f, v);
    if (kept) store(kept + i, v);
    if (addend) z += load(addend + i);
    store(y + i, splat(0) >= z ? (f.slope == 0 ? splat(0) : f.slope * z) : z);
  }
  for (; i < area; i++) {
    float v = x[i], z = affine_of1(f, v);
    if (kept) kept[i] = v;
    if (addend) z += addend[i];
    y[i] = 0 >= z ? (f.slope == 0 ? 0 : f.slope * z) : z;
  }
}

static void affine(const struct Channel *s, const struct Affine *f, const float *x, const float *addend, float *kept, float *y) {
  for (int n = 0; n < s->images; n++) {
    ptrdiff_t at = n * s->step;
    if (addend) affine_plane(*f, x + at, addend + at, 0, y + at, s->area);
    else affine_plane(*f, x + at, 0, kept ? kept + at : 0, y + at, s->area);
  }
}

// One plane of `affine_sums`.
INLINE void affine_sums_plane(const int rectifies, struct Affine f, const float *x, const float *y, float *d, const float *more,
                              float *copy, int area, double *sum, double *product) {
  vec a[2] = {splat(0), splat(0)}, b[2] = {splat(0), splat(0)};
  float rest = 0, products = 0;
  int i = 0;
  for (; i + 2 * LANES <= area; i += 2 * LANES)
    UNROLL for (int j = 0; j < 2; j++) {
      int p = i + j * LANES;
      vec v = load(x + p), g = load(d + p);
      if (more) g += load(more + p);
      if (rectifies) {
        vec z = y ? load(y + p) : affine_of(f, v);
        g = z > 0 ? g : f.slope * g;
      }
      if (more || rectifies) store(d + p, g);
      if (copy) store(copy + p, g);
      a[j] += g;
      b[j] += g * (v - f.mean);
    }
  for (; i < area; i++) {
    float g = d[i];
    if (more) g += more[i];
    if (rectifies) {
      float z = y ? y[i] : affine_of1(f, x[i]);
      g = z > 0 ? g : f.slope * g;
    }
    if (more || rectifies) d[i] = g;
    if (copy) copy[i] = g;
    rest += g;
    products += g * (x[i] - f.mean);
  }
  *sum += sum1(a[0] + a[1]) + rest;
  *product += sum1(b[0] + b[1]) + products;
}

static void affine_sums(const struct Channel *s, const struct Affine *f, const float *x, const float *y, float *d, const float *more,
                        float *copy, double *sum, double *product) {
  *sum = *product = 0;
  for (int n = 0; n < s->images; n++) {
    ptrdiff_t at = n * s->step;
    const float *added = more ? more + at : 0;
    float *copied = copy ? copy + at : 0;
    if (f->slope == 1) affine_sums_plane(0, *f, x + at, 0, d + at, added, copied, s->area, sum, product);
    else if (y) affine_sums_plane(1, *f, x + at, y + at, d + at, added, copied, s->area, sum, product);
    else affine_sums_plane(1, *f, x + at, 0, d + at, added, copied, s->area, sum, product);
  }
}

static void affine_back(const struct Channel *s, float mean, float a, float b, float c, const float *d, const float *x, float *dx) {
  for (int n = 0; n < s->images; n++, d += s->step, x += s->step, dx += s->step) {
    int i = 0;
    for (; i + LANES <= s->area; i += LANES) store(dx + i, a * load(d + i) + ((load(x + i) - mean) * b + c));
    for (; i < s->area; i++) dx[i] = a * d[i] + ((x[i] - mean) * b + c);
  }
}
