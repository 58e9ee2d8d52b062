/* Resizing row by row, while an image is decoded. */
#ifndef RESIZE_H
#define RESIZE_H

#include "CImages.h"

/* What a row or a column of the new image is made of. */
typedef struct {
  size_t first, second; /* where the two neighbours are */
  int16_t weights[2];
} crema_tap;

/* An image on its way to another size. */
typedef struct {
  size_t width, height, channels, new_width, new_height;
  uint8_t *target;
  size_t count;      /* numbers in a row of the new image */
  int halves, shift; /* whether height and width are halved: then pixels are means of four; bits that stretching drops */
  crema_tap *taps;   /* of the new image's columns */
  int16_t *memory;
  int16_t *rows[2]; /* the last two rows that were wanted, in the new width; the later one second */
  size_t next;      /* the first row of the new image that is not made ... */
  crema_tap tap;    /* ... and what it is made of */
} crema_resizer;

/* Begins with an image of another size than the new one; answers a code. `crema_resizer_end` follows in any case. */
int crema_resizer_start(crema_resizer *resizer, size_t width, size_t height, size_t channels, uint8_t *target,
                        size_t new_width, size_t new_height);

/* Takes a row of the image. All rows must come, from the top. */
void crema_resizer_add(crema_resizer *resizer, const uint8_t *source, size_t row);

void crema_resizer_end(crema_resizer *resizer);

#endif
