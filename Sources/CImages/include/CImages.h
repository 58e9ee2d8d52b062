#ifndef CIMAGES_H
#define CIMAGES_H

#include <stddef.h>
#include <stdint.h>

/* What a decoder is asked for. */
enum {
  CREMA_IMAGE_COLOR = 0,    /* 3 channels, blue first */
  CREMA_IMAGE_GRAY = 1,     /* 1 channel */
  CREMA_IMAGE_UNCHANGED = 2 /* 1, 3 or 4 channels, as the file has them, and not turned as its EXIF data asks for */
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
  long warnings;     /* how often the decoder repaired something */
  char message[128]; /* why it failed; if it did not, the first repair */
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

/* `waits` says what happens where the bytes end too early: the rows that are missing repeat the last one, as in OpenCV's
   decoding from memory; else they are gray, as in its reading of files. The image comes in the new size, bilinear as `crema_resize`
   makes it, unless that is 0, or the image has to be turned: then in its own. */
int crema_jpeg_decode(const void *bytes, size_t count, int mode, int waits, size_t new_width, size_t new_height,
                      crema_image *image);

/* 8 bits, 1 (gray) or 3 (blue, green, red) channels; quality 0 to 100, half the colour resolution. */
int crema_jpeg_encode(const void *pixels, size_t width, size_t height, size_t channels, int quality,
                      crema_encoded *encoded);

/* Compresses 8 bits, 1 or 3 channels, with JPEG 2000 to the `ratio`-th part of their size, and puts what is left in place. */
int crema_jp2_recompress(uint8_t *pixels, size_t width, size_t height, size_t channels, double ratio,
                         char message[128]);

/* Windows bitmaps (BMP). */
int crema_bmp_decode(const void *bytes, size_t count, int mode, crema_image *image);

/* PBM, PGM and PPM; the caller has checked that they start with P1 to P6. */
int crema_netpbm_decode(const void *bytes, size_t count, int mode, crema_image *image);

/* The orientation, 1 to 8, that EXIF data ask for (they start with the byte order); 1 if they say none. */
int crema_exif_orientation(const uint8_t *data, size_t count);

/* Turns and mirrors an image from an orientation to upright. */
int crema_image_turn(crema_image *image, int orientation);

/* Resizes rows of `stride` bytes, bilinear, with OpenCV's fixed-point numbers. All sizes are at least 1. */
int crema_resize(const uint8_t *source, size_t width, size_t height, size_t stride, size_t channels, uint8_t *target,
                 size_t new_width, size_t new_height);

/* Filters of size 3, 5 or 7 with OpenCV's numbers, rows and pixels without gaps; target and source must differ. Beyond the border,
   mean and Gaussian (whose sigma follows from the size) see the image mirrored, the median its nearest pixel. */
int crema_mean_filter(const uint8_t *source, size_t width, size_t height, size_t channels, size_t size,
                      uint8_t *target);
int crema_gaussian_filter(const uint8_t *source, size_t width, size_t height, size_t channels, size_t size,
                          uint8_t *target);
int crema_median_filter(const uint8_t *source, size_t width, size_t height, size_t channels, size_t size,
                        uint8_t *target);

/* From the channels of a pixel together to planes. */
void crema_planes(const uint8_t *pixels, size_t count, size_t channels, uint8_t *planes);

void crema_image_free(void *memory);

/* The process keeps memory that it frees, up to 256 MB, instead of giving it back page by page. */
void crema_keep_freed_memory(void);

#endif
