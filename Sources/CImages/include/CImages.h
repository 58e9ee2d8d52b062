#ifndef CIMAGES_H
#define CIMAGES_H

#include <stddef.h>
#include <stdint.h>

/* What a decoder is asked for. */
enum {
  CREMA_IMAGE_COLOR = 0,    /* 3 channels, blue first */
  CREMA_IMAGE_GRAY = 1,     /* 1 channel */
  CREMA_IMAGE_UNCHANGED = 2 /* 1, 3 or 4 channels, as the file has them */
};

/* What a call answers. */
enum {
  CREMA_IMAGE_OK = 0,
  CREMA_IMAGE_DAMAGED = 1,     /* the library refused the bytes: see the message */
  CREMA_IMAGE_TOO_LARGE = 2,   /* the header promises more pixels than the bytes can hold, or than are allowed */
  CREMA_IMAGE_SIXTEEN_BIT = 3, /* unchanged 16-bit samples, which nobody can take */
  CREMA_IMAGE_NO_MEMORY = 4
};

/* A decoded image: rows from the top, channels of a pixel together. The pixels are the caller's to free. */
typedef struct {
  uint8_t *pixels;
  size_t width, height, channels;
  char message[128];
} crema_image;

/* An encoded image. The bytes are the caller's to free. */
typedef struct {
  uint8_t *bytes;
  size_t count, capacity;
  char message[128];
} crema_encoded;

int crema_png_decode(const void *bytes, size_t count, int mode, crema_image *image);

/* 8 bits, 1 (gray), 3 (blue, green, red) or 4 (and alpha) channels. */
int crema_png_encode(const void *pixels, size_t width, size_t height, size_t channels, crema_encoded *encoded);

void crema_image_free(void *memory);

#endif
