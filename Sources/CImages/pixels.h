/* What the decoders without a library have in common: bytes that end somewhere, and pixels. */
#ifndef PIXELS_H
#define PIXELS_H

#include "CImages.h"

/* Bytes that are still to be read. */
typedef struct {
  const uint8_t *next;
  size_t left;
  int is_short; /* more was asked for than there is */
} crema_bytes;

/* Copies the next bytes; zeros if there are not so many. */
void crema_take(crema_bytes *bytes, uint8_t *target, size_t count);

/* Leaves out the next bytes. */
void crema_skip(crema_bytes *bytes, size_t count);

/* Writes a pixel (blue first; the fourth is alpha) as 1, 3 or 4 channels, gray with OpenCV's weights. */
void crema_put_pixel(uint8_t *target, size_t channels, const uint8_t pixel[4]);

/* Makes room for an image, unless there are more pixels than `most`, or than are allowed; answers a code. */
int crema_allocate(crema_image *image, size_t width, size_t height, size_t channels, size_t most);

/* What a decoder answers: `code`, or that the bytes are damaged if `fault` says how. The pixels are freed if it failed. */
int crema_finish(crema_image *image, int code, const char *fault);

#endif
