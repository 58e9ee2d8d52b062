/* Smoothing filters with the numbers of OpenCV. */
#include "CImages.h"

#include <stdlib.h>
#include <string.h>

/* The place that stands for `place` beyond the ends of a line: the line mirrored at its first and last value. */
static size_t mirrored(long place, long length) {
  if (length == 1) return 0;
  while (place < 0 || place >= length) place = place < 0 ? -place : 2 * length - 2 - place;
  return (size_t)place;
}

/* The place that stands for `place` beyond the ends of a line: the nearest end. */
static size_t nearest(long place, long length) { return (size_t)(place < 0 ? 0 : place >= length ? length - 1 : place); }

/* A row with `radius` more pixels at both ends. */
static void widen(const uint8_t *row, size_t width, size_t channels, long radius, size_t (*beyond)(long, long),
                  uint8_t *wide) {
  memcpy(wide + (size_t)radius * channels, row, width * channels);
  for (long i = 1; i <= radius; i++) {
    memcpy(wide + (size_t)(radius - i) * channels, row + beyond(-i, (long)width) * channels, channels);
    memcpy(wide + ((size_t)radius + width + (size_t)i - 1) * channels,
           row + beyond((long)width + i - 1, (long)width) * channels, channels);
  }
}

/* Weighted sums along each row, then along columns, then `sum -> byte` by (sum + delta) * factor >> shift. */
static int separable(const uint8_t *source, size_t width, size_t height, size_t channels, const uint16_t *weights,
                     size_t size, uint32_t delta, uint32_t factor, unsigned shift, uint8_t *target) {
  size_t line = width * channels, radius = size / 2;
  uint8_t *wide = malloc(line + 2 * radius * channels);
  uint16_t *sums = malloc(height * line * sizeof *sums);
  uint32_t *total = malloc(line * sizeof *total);
  if (wide && sums && total) {
    for (size_t row = 0; row < height; row++) {
      widen(source + row * line, width, channels, (long)radius, mirrored, wide);
      uint16_t *sum = sums + row * line;
      memset(sum, 0, line * sizeof *sum);
      for (size_t t = 0; t < size; t++) {
        const uint8_t *from = wide + t * channels;
        uint16_t weight = weights[t];
        for (size_t i = 0; i < line; i++) sum[i] = (uint16_t)(sum[i] + weight * from[i]);
      }
    }
    for (size_t row = 0; row < height; row++) {
      memset(total, 0, line * sizeof *total);
      for (size_t t = 0; t < size; t++) {
        const uint16_t *from = sums + mirrored((long)(row + t) - (long)radius, (long)height) * line;
        uint32_t weight = weights[t];
        for (size_t i = 0; i < line; i++) total[i] += weight * from[i];
      }
      for (size_t i = 0; i < line; i++) target[row * line + i] = (uint8_t)(((total[i] + delta) * factor) >> shift);
    }
  }
  int code = wide && sums && total ? CREMA_IMAGE_OK : CREMA_IMAGE_NO_MEMORY;
  free(wide);
  free(sums);
  free(total);
  return code;
}

int crema_mean_filter(const uint8_t *source, size_t width, size_t height, size_t channels, size_t size,
                      uint8_t *target) {
  static const uint16_t ones[7] = {1, 1, 1, 1, 1, 1, 1};
  uint32_t area = (uint32_t)(size * size);
  /* With this factor the quotient is exact for every sum of at most 49 bytes. */
  uint32_t factor = ((1u << 20) + area - 1) / area;
  return separable(source, width, height, channels, ones, size, area / 2, factor, 20, target);
}

int crema_gaussian_filter(const uint8_t *source, size_t width, size_t height, size_t channels, size_t size,
                          uint8_t *target) {
  static const uint16_t three[] = {64, 128, 64}, five[] = {16, 64, 96, 64, 16}, seven[] = {8, 28, 56, 72, 56, 28, 8};
  const uint16_t *weights = size == 3 ? three : size == 5 ? five : seven;
  return separable(source, width, height, channels, weights, size, 32768, 1, 16, target);
}

typedef uint8_t bytes __attribute__((vector_size(16)));

static bytes load(const uint8_t *from) {
  bytes value;
  memcpy(&value, from, sizeof value);
  return value;
}

static bytes choose(bytes mask, bytes yes, bytes no) { return (yes & mask) | (no & ~mask); }
static bytes lesser(bytes a, bytes b) { return choose((bytes)(a < b), a, b); }
static bytes greater(bytes a, bytes b) { return choose((bytes)(a < b), b, a); }
static bytes middle(bytes a, bytes b, bytes c) { return greater(lesser(a, b), lesser(greater(a, b), c)); }

/* The medians of 3 x 3: of each column's three values in order, the greatest least, the middle one and the least greatest. */
static bytes median_of_nine(const uint8_t *const *rows, size_t start, size_t channels) {
  bytes low[3], mid[3], high[3];
  for (size_t x = 0; x < 3; x++) {
    bytes a = load(rows[0] + start + x * channels), b = load(rows[1] + start + x * channels);
    bytes c = load(rows[2] + start + x * channels);
    low[x] = lesser(lesser(a, b), c);
    mid[x] = middle(a, b, c);
    high[x] = greater(greater(a, b), c);
  }
  return middle(greater(greater(low[0], low[1]), low[2]), middle(mid[0], mid[1], mid[2]),
                lesser(lesser(high[0], high[1]), high[2]));
}

/* The medians of size x size: bit by bit from the highest, the largest number that half of the neighbours reach. */
static inline __attribute__((always_inline)) bytes median_by_bits(const uint8_t *const *rows, size_t start,
                                                                  size_t channels, size_t size) {
  bytes median = {0};
  for (unsigned bit = 128; bit; bit >>= 1) {
    bytes reached = {0}, wanted = median | (uint8_t)bit;
    for (size_t y = 0; y < size; y++) {
      for (size_t x = 0; x < size; x++) {
        reached -= (bytes)(load(rows[y] + start + x * channels) >= wanted);
      }
    }
    median = choose((bytes)(reached > (uint8_t)(size * size / 2)), wanted, median);
  }
  return median;
}

int crema_median_filter(const uint8_t *source, size_t width, size_t height, size_t channels, size_t size,
                        uint8_t *target) {
  size_t line = width * channels, radius = size / 2, wide = line + 2 * radius * channels + sizeof(bytes);
  uint8_t *lines = calloc(height, wide);
  if (!lines) return CREMA_IMAGE_NO_MEMORY;
  for (size_t row = 0; row < height; row++) {
    widen(source + row * line, width, channels, (long)radius, nearest, lines + row * wide);
  }
  for (size_t row = 0; row < height; row++) {
    const uint8_t *rows[7];
    for (size_t t = 0; t < size; t++) rows[t] = lines + nearest((long)(row + t) - (long)radius, (long)height) * wide;
    for (size_t start = 0; start < line; start += sizeof(bytes)) {
      bytes median = size == 3   ? median_of_nine(rows, start, channels)
                     : size == 5 ? median_by_bits(rows, start, channels, 5)
                                 : median_by_bits(rows, start, channels, 7);
      memcpy(target + row * line + start, &median, line - start < sizeof median ? line - start : sizeof median);
    }
  }
  free(lines);
  return CREMA_IMAGE_OK;
}
